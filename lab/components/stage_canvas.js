// What all panels draw with: elements, decoded pictures, the colours of the theme, text on a canvas.

function element(tag, className, parent, attributes = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (parent) parent.append(made);
  return made;
}

function vector(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function canvasIn(box) {
  return element("canvas", "", box, { role: "img" });
}

/** Plain text width in pixels; an SVG cannot tell before it is drawn. */
function textWidth(theme, text) {
  textWidth.context ||= document.createElement("canvas").getContext("2d");
  textWidth.context.font = `400 11px ${theme.family}`;
  return textWidth.context.measureText(text).width;
}

// Pictures are decoded off-screen and kept by their data URI.
class PictureStore {
  constructor() {
    this.pictures = new Map();
  }

  /** The decoded picture, null if it cannot be decoded, undefined while it is not there yet. */
  get(uri) {
    return this.pictures.get(uri)?.bitmap;
  }

  load(uri) {
    if (!this.pictures.has(uri)) {
      const entry = { bitmap: undefined };
      const image = new Image();
      image.src = uri;
      const decoded = image.decode().then(() => createImageBitmap(image));
      entry.promise = decoded.catch(() => null).then((bitmap) => (entry.bitmap = bitmap));
      this.pictures.set(uri, entry);
    }
    return this.pictures.get(uri).promise;
  }

  /** Forget what the newest payload no longer shows, but only once there is much of it. */
  prune(wanted) {
    if (this.pictures.size < 2 * wanted.size + 20) return;
    for (const uri of this.pictures.keys()) if (!wanted.has(uri)) this.pictures.delete(uri);
  }
}

function readTheme(host) {
  const style = getComputedStyle(host);
  return {
    text: style.color,
    ground: style.backgroundColor,
    tile: style.getPropertyValue("--tile").trim() || style.backgroundColor,
    family: style.fontFamily,
    dark: isDark(style.backgroundColor),
  };
}

/** Whether the ground is dark: the theme's colours may be written in any way, so one pixel is painted and read back. */
function isDark(ground) {
  if (ground === isDark.ground) return isDark.answer;
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = ground;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  Object.assign(isDark, { ground, answer: red + green + blue < 384 });
  return isDark.answer;
}

function mix(from, to, share) {
  const part = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  return `rgb(${[0, 1, 2].map((k) => Math.round(part(from, k) * (1 - share) + part(to, k) * share)).join(",")})`;
}

/** A data colour on this ground: the same hue, a third lighter on dark, where deep blue would sink. */
const shade = (theme, colour) => (theme.dark ? mix(colour, "#ffffff", 0.3) : colour);

/** Fit the canvas to its box in device pixels and clear it; null while it has no size. */
function freshCanvas(canvas) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return null;
  const ratio = (window.devicePixelRatio || 1) * (canvas.currentCSSZoom || 1); // slides are magnified
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

function write(context, theme, text, x, y, { size = 11, weight = 400, align = "center", opacity = 0.75, halo = 0 } = {}) {
  context.font = `${weight} ${size}px ${theme.family}`;
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.fillStyle = theme.text;
  Object.assign(context, { strokeStyle: theme.ground, lineWidth: halo, lineJoin: "round" });
  if (halo) context.strokeText(text, x, y);
  context.globalAlpha = opacity;
  context.fillText(text, x, y);
  context.globalAlpha = 1;
}

function shorten(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let kept = text;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}
