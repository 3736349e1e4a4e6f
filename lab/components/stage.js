// The stage: a row of live panels and, once a run is recorded, a time machine under them.
// Streamlit calls the default export again whenever the data or the theme changes; everything that is kept between
// two calls lives in one Stage per shadow root. A picture is painted in a single task, after all its images are decoded:
// the old picture stays until then, so the screen never shows a blank canvas.

const stages = new WeakMap();

export default function mount({ parentElement: root, data }) {
  if (!stages.has(root)) stages.set(root, new Stage(root));
  const stage = stages.get(root);
  stage.update(data);
  // Streamlit also runs the cleanup of a call that a newer one overtook; only a removed element ends the stage.
  return () => {
    if (root.host.isConnected) return;
    stage.close();
    stages.delete(root);
  };
}

// --- Small tools: elements, numbers, ticks ------------------------------------------------------------------------

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

const at = (list, frame) => (list && list.length ? list[Math.min(frame, list.length - 1)] : null);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const whole = (value) => Math.round(value).toLocaleString("en-US");

/** At most three significant digits, a true minus sign; "–" for what is not a number. */
function format(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  let text;
  if (size === 0) text = "0";
  else if (size >= 1e6 || size < 1e-3) text = value.toExponential(1);
  else if (size >= 999.5) text = value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  else text = value.toPrecision(3);
  return text.replace("-", "−");
}

function niceTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999) || 10);
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => (first + k) * step);
}

function logTicks(low, high) {
  const first = Math.floor(Math.log10(low) + 1e-6);
  const last = Math.ceil(Math.log10(high) - 1e-6);
  const stride = Math.ceil((last - first) / 5) || 1;
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) ticks.push(factor * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function tickText(value, ticks) {
  const size = Math.abs(value);
  const tiny = size !== 0 && (size < 1e-3 || size >= 1e6);
  if (tiny) return value.toExponential(0).replace("e+", "e").replaceAll("-", "−");
  const gaps = ticks.slice(1).map((tick, k) => Math.abs(tick - ticks[k]));
  const digits = clamp(-Math.floor(Math.log10(Math.min(...gaps, size || Infinity, 1e9)) + 1e-6), 0, 4);
  return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
}

/** Base64 integers in units of scale / largest, as `quantize` in stage_panels.py writes them; unpacked once. */
function numbers(packed) {
  if (!packed.numbers) {
    const bytes = Uint8Array.from(atob(packed.data), (character) => character.charCodeAt(0));
    const integers = packed.bits === 8 ? new Int8Array(bytes.buffer) : new Int16Array(bytes.buffer);
    const largest = 2 ** (packed.bits - 1) - 1;
    const unit = packed.scale / largest;
    packed.numbers = Float32Array.from(integers, (value) => (value < -largest ? NaN : value * unit));
  }
  return packed.numbers;
}

const byteCache = new Map();
function bytesOf(text) {
  if (!byteCache.has(text)) {
    if (byteCache.size > 500) byteCache.clear();
    byteCache.set(text, Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  }
  return byteCache.get(text);
}
const flag = (text, index) => Boolean(text) && ((bytesOf(text)[index >> 3] >> (index & 7)) & 1) === 1;

// --- Pictures: decoded off-screen, kept by their data URI ---------------------------------------------------------

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

// --- Theme and canvas ---------------------------------------------------------------------------------------------

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
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

function write(context, theme, text, x, y, { size = 11, weight = 400, align = "center", opacity = 0.75 } = {}) {
  context.font = `${weight} ${size}px ${theme.family}`;
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.fillStyle = theme.text;
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

// --- Network ------------------------------------------------------------------------------------------------------

const CAPTION = 38;
const LARGEST_NODE = 44;

/** Width of the widest label of a layer, at most a fifth of the canvas; 0 without labels. */
function labelRoom(context, layer, width) {
  const widest = Math.max(0, ...layer.labels.map((label) => context.measureText(label).width));
  return widest ? Math.min(widest, width * 0.22) + 8 : 0;
}

/** Keep the nodes of single columns near one size, and derive each layer's extent. */
function evenOut(places) {
  const smallest = Math.min(...places.filter((place) => place.columns === 1).map((place) => place.size));
  for (const place of places) {
    if (place.columns === 1) place.size = Math.min(place.size, smallest * 1.35);
    place.pitch = place.size * (1 + place.spacing);
    place.width = place.pitch * place.columns - place.size * place.spacing;
    place.height = place.pitch * place.rows - place.size * place.spacing;
  }
}

/** Places of all nodes: per layer {x, width, size, nodes: [{x, y}]}; first and last layer touch the sides. */
function placeLayers(context, theme, panel, width, height) {
  context.font = `400 11px ${theme.family}`;
  const { layers } = panel;
  const left = layers.length ? labelRoom(context, layers[0], width) + 1 : 0;
  const right = labelRoom(context, layers[layers.length - 1], width) + 1;
  const foot = layers.some((layer) => layer.shown.length < layer.units) ? 20 : 2;
  const inner = width - left - right;
  const shares = layers.map((layer) => (layer.columns > 1 ? 2.2 : 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const places = layers.map((layer, index) => {
    const columns = Math.min(layer.columns, layer.shown.length);
    const rows = Math.ceil(layer.shown.length / columns);
    const spacing = columns > 1 ? 0.1 : 0.24;
    const down = (height - CAPTION - foot) / (rows + spacing * (rows - 1));
    const across = (inner * 0.62 * shares[index]) / total / (columns + spacing * (columns - 1));
    const size = Math.max(2, Math.min(LARGEST_NODE, down, across));
    const pitch = size * (1 + spacing);
    return { columns, rows, spacing, size };
  });
  evenOut(places);
  const free = inner - places.reduce((sum, place) => sum + place.width, 0);
  let x = layers.length > 1 ? left : left + free / 2;
  places.forEach((place, index) => {
    const top = CAPTION + (height - CAPTION - foot - place.height) / 2;
    const corner = x;
    place.x = corner;
    place.bottom = top + place.height;
    place.nodes = layers[index].shown.map((_, k) => ({
      x: corner + (k % place.columns) * place.pitch,
      y: top + Math.floor(k / place.columns) * place.pitch,
    }));
    x += place.width + free / Math.max(1, layers.length - 1);
  });
  return places;
}

/** All edges with their ends and strength (0 to 1), weakest first, so that strong ones lie on top. */
function placeEdges(panel, places, frame) {
  const edges = [];
  panel.edges.forEach((pair, index) => {
    const weights = numbers(at(panel.weights[index], frame));
    const limit = panel.limit || Math.max(1e-9, ...weights.map((value) => Math.abs(value) || 0));
    const from = new Map(panel.layers[index].shown.map((unit, place) => [unit, place]));
    const to = new Map(panel.layers[index + 1].shown.map((unit, place) => [unit, place]));
    pair.source.forEach((unit, k) => {
      const [source, target] = [from.get(unit), to.get(pair.target[k])];
      if (source === undefined || target === undefined || !Number.isFinite(weights[k])) return;
      const [start, end] = [places[index], places[index + 1]];
      const strength = Math.min(1, Math.abs(weights[k]) / limit);
      const x1 = start.nodes[source].x + start.size;
      const y1 = start.nodes[source].y + start.size / 2;
      const [x2, y2] = [end.nodes[target].x, end.nodes[target].y + end.size / 2];
      const ends = { layer: index, source, target, unit, other: pair.target[k] };
      edges.push({ ...ends, x1, y1, x2, y2, strength, value: weights[k] });
    });
  });
  return edges.sort((one, other) => one.strength - other.strength);
}

function bend(edge) {
  const middle = (edge.x1 + edge.x2) / 2;
  return [edge.x1, edge.y1, middle, edge.y1, middle, edge.y2, edge.x2, edge.y2];
}

function touches(edge, focus) {
  if (!focus) return true;
  if (focus.edge) return ["layer", "unit", "other"].every((name) => focus.edge[name] === edge[name]);
  const leaves = edge.layer === focus.layer && edge.source === focus.place;
  return leaves || (edge.layer + 1 === focus.layer && edge.target === focus.place);
}

function drawEdges(context, theme, edges, palette, focus) {
  const [negative, positive] = [shade(theme, palette.negative), shade(theme, palette.positive)];
  for (const edge of edges) {
    const [x1, y1, ax, ay, bx, by, x2, y2] = bend(edge);
    const seen = touches(edge, focus);
    context.globalAlpha = seen ? 0.1 + 0.8 * edge.strength + (focus ? 0.1 : 0) : 0.08;
    context.strokeStyle = edge.value < 0 ? negative : positive;
    context.lineWidth = 0.5 + 3.2 * edge.strength;
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(ax, ay, bx, by, x2, y2);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Where a unit's tile lies in the sprite; null for a layer without tiles. */
function tileOf(panel, layer, place) {
  if (!panel.layers[layer].tiles || !panel.tile) return null;
  const before = panel.layers.slice(0, layer).filter((one) => one.tiles);
  const index = before.reduce((sum, one) => sum + one.shown.length, 0) + place;
  const columns = panel.spriteColumns;
  return [(index % columns) * panel.tile, Math.floor(index / columns) * panel.tile, panel.tile, panel.tile];
}

function drawNode(context, theme, node, size, sprite, tile, pixelated) {
  context.beginPath();
  context.roundRect(node.x, node.y, size, size, size < 10 ? 1 : Math.min(6, size * 0.18));
  context.fillStyle = theme.ground;
  context.fill();
  context.fillStyle = theme.tile;
  context.fill();
  if (sprite && tile) {
    context.save();
    if (size >= 10) context.clip();
    context.imageSmoothingEnabled = !pixelated;
    context.drawImage(sprite, ...tile, node.x, node.y, size, size);
    context.restore();
  }
  context.globalAlpha = size < 10 ? 0.25 : 0.5;
  context.strokeStyle = theme.text;
  context.lineWidth = size < 10 ? 0.5 : 1;
  context.stroke();
  context.globalAlpha = 1;
}

function drawCaptions(context, theme, panel, places, width) {
  const centres = places.map((place) => place.x + place.width / 2);
  panel.layers.forEach((layer, index) => {
    const gaps = [index - 1, index + 1].filter((k) => k in centres).map((k) => Math.abs(centres[k] - centres[index]));
    const room = Math.min(width, ...gaps) - 6;
    const lines = [[layer.name, 12, 600, 0.95, 12], [layer.caption, 11, 400, 0.75, 27]];
    for (const [text, size, weight, opacity, y] of lines) {
      context.font = `${weight} ${size}px ${theme.family}`;
      const shown = shorten(context, text, room);
      const half = context.measureText(shown).width / 2;
      write(context, theme, shown, clamp(centres[index], half, width - half), y, { size, weight, opacity });
    }
    const hidden = layer.units - layer.shown.length;
    if (!hidden) return;
    const half = context.measureText(`+${hidden} more`).width / 2;
    write(context, theme, `+${hidden} more`, clamp(centres[index], half, width - half), places[index].bottom + 15);
  });
}

function drawLabels(context, theme, panel, places, width) {
  const last = panel.layers.length - 1;
  for (const index of new Set([0, last])) {
    const place = places[index];
    panel.layers[index].labels.forEach((label, k) => {
      const left = index === 0 && last > 0;
      const x = left ? place.nodes[k].x - 7 : place.nodes[k].x + place.size + 7;
      const shown = shorten(context, label, left ? x : width - x);
      const style = { align: left ? "right" : "left", opacity: 0.9 };
      write(context, theme, shown, x, place.nodes[k].y + place.size / 2 + 4, style);
    });
  }
}

/** Distance from a point to a curved edge, measured at 24 of its points. */
function distanceTo(edge, x, y) {
  const [x1, y1, ax, ay, bx, by, x2, y2] = bend(edge);
  let nearest = Infinity;
  for (let step = 0; step <= 24; step += 1) {
    const t = step / 24;
    const s = 1 - t;
    const px = s ** 3 * x1 + 3 * s * s * t * ax + 3 * s * t * t * bx + t ** 3 * x2;
    const py = s ** 3 * y1 + 3 * s * s * t * ay + 3 * s * t * t * by + t ** 3 * y2;
    nearest = Math.min(nearest, Math.hypot(px - x, py - y));
  }
  return nearest;
}

class NetworkView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.canvas = canvasIn(box);
    this.canvas.addEventListener("pointermove", (event) => this.look(event));
    this.canvas.addEventListener("pointerleave", () => this.look(null));
  }

  uris(panel, frame) {
    return [at(panel.sprites, frame)];
  }

  paint(panel, frame, shared) {
    const { pictures, theme, palette } = shared;
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const places = placeLayers(context, theme, panel, width, height);
    const edges = placeEdges(panel, places, frame);
    const sprite = pictures.get(at(panel.sprites, frame));
    drawEdges(context, theme, edges, palette, this.focus);
    places.forEach((place, layer) => {
      place.nodes.forEach((node, k) => {
        drawNode(context, theme, node, place.size, sprite, tileOf(panel, layer, k), panel.pixelated);
      });
    });
    drawCaptions(context, theme, panel, places, width);
    drawLabels(context, theme, panel, places, width);
    this.last = { panel, frame, shared, places, edges, sprite };
    if (this.focus) this.explain();
  }

  /** Find what the pointer is on, and show it alone. */
  look(event) {
    if (!this.last) return;
    const focus = event ? this.find(event.offsetX, event.offsetY) : null;
    if (!focus && !this.focus) return;
    this.focus = focus;
    if (focus) this.pointer = [event.clientX, event.clientY];
    this.paint(this.last.panel, this.last.frame, this.last.shared);
    if (!focus) this.stage.tooltip.hide();
  }

  find(x, y) {
    const inside = (node, size) => x >= node.x && x <= node.x + size && y >= node.y && y <= node.y + size;
    for (const [layer, { nodes, size }] of this.last.places.entries()) {
      const place = nodes.findIndex((node) => inside(node, size));
      if (place >= 0) return { layer, place };
    }
    const near = this.last.edges.filter((edge) => x > edge.x1 && x < edge.x2 && distanceTo(edge, x, y) < 4);
    return near.length ? { edge: near[near.length - 1] } : null;
  }

  explain() {
    const { panel, edges, sprite } = this.last;
    const label = (layer, unit) => panel.layers[layer].labels[panel.layers[layer].shown.indexOf(unit)];
    const name = (layer, unit) => label(layer, unit) || `${panel.layers[layer].name}.${unit}`;
    if (this.focus.edge) {
      const edge = edges.find((one) => touches(one, this.focus));
      if (!edge) return;
      const ends = `${name(edge.layer, edge.unit)} → ${name(edge.layer + 1, edge.other)}`;
      this.stage.tooltip.show(this.pointer, [`weight ${ends} = ${format(edge.value)}`]);
      return;
    }
    const { layer, place } = this.focus;
    const unit = panel.layers[layer].shown[place];
    const lines = [`${panel.layers[layer].name}, ${label(layer, unit) || `unit ${unit}`}`];
    const tile = tileOf(panel, layer, place);
    this.stage.tooltip.show(this.pointer, lines, sprite && tile ? { sprite, tile, pixelated: panel.pixelated } : null);
  }
}

// --- Plane --------------------------------------------------------------------------------------------------------

const polygon = (corners, turn, stretch = 1) => (path, x, y, r) => {
  for (let k = 0; k < corners; k += 1) {
    const angle = turn + (2 * Math.PI * k) / corners;
    const [px, py] = [x + r * stretch * Math.cos(angle), y + r * stretch * Math.sin(angle)];
    if (k) path.lineTo(px, py);
    else path.moveTo(px, py);
  }
  path.closePath();
};
const circle = (path, x, y, r) => {
  path.moveTo(x + r, y);
  path.arc(x, y, r, 0, 2 * Math.PI);
};
const star = (path, x, y, r) => {
  for (let k = 0; k < 10; k += 1) {
    const [radius, angle] = [k % 2 ? r * 0.6 : r * 1.3, (Math.PI * k) / 5 - Math.PI / 2];
    const [px, py] = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
    if (k) path.lineTo(px, py);
    else path.moveTo(px, py);
  }
  path.closePath();
};
// One shape per class, so that the classes can be told apart without colour; sizes balanced by eye to equal area.
const SHAPES = [
  circle, polygon(4, Math.PI / 4, 1.22), polygon(3, -Math.PI / 2, 1.4), polygon(4, 0, 1.3), polygon(3, Math.PI / 2, 1.4),
  star, polygon(5, -Math.PI / 2, 1.15), polygon(6, 0, 1.1), polygon(3, 0, 1.4), polygon(3, Math.PI, 1.4),
];

const diverging = (palette, share) =>
  mix(palette.neutral, share < 0 ? palette.negative : palette.positive, Math.abs(share));

/** The plot's rectangle and the two scales; room for the tick texts is measured. */
function placePlane(context, theme, panel, width, height) {
  context.font = `400 11px ${theme.family}`;
  const yTicks = panel.y.ticks || niceTicks(panel.y.low, panel.y.high, 4);
  const xTicks = panel.x.ticks || niceTicks(panel.x.low, panel.x.high, 4);
  const widest = Math.max(0, ...yTicks.map((tick) => context.measureText(tickText(tick, yTicks)).width));
  const left = (yTicks.length ? widest + 8 : 2) + (panel.y.label ? 18 : 0);
  const bottom = (xTicks.length ? 16 : 2) + (panel.x.label ? 18 : 0);
  let [across, down] = [width - left - 8, height - bottom - 8];
  if (panel.square) across = down = Math.max(10, Math.min(across, down));
  const x0 = panel.square ? left + Math.max(0, (width - left - 8 - across) / 2) : left;
  const y0 = 8;
  const scaleX = (value) => x0 + ((value - panel.x.low) / (panel.x.high - panel.x.low)) * across;
  const scaleY = (value) => y0 + down - ((value - panel.y.low) / (panel.y.high - panel.y.low)) * down;
  return { x0, y0, across, down, scaleX, scaleY, xTicks, yTicks, widest };
}

function drawAxes(context, theme, panel, plot) {
  const bottom = plot.y0 + plot.down;
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.globalAlpha = 0.3;
  context.strokeRect(plot.x0 - 0.5, plot.y0 - 0.5, plot.across + 1, plot.down + 1);
  context.globalAlpha = 1;
  for (const tick of plot.xTicks) write(context, theme, tickText(tick, plot.xTicks), plot.scaleX(tick), bottom + 15);
  for (const tick of plot.yTicks) {
    write(context, theme, tickText(tick, plot.yTicks), plot.x0 - 6, plot.scaleY(tick) + 4, { align: "right" });
  }
  const below = bottom + (plot.xTicks.length ? 32 : 16);
  write(context, theme, panel.x.label, plot.x0 + plot.across / 2, below, { opacity: 0.9 });
  context.save();
  context.translate(plot.x0 - (plot.yTicks.length ? plot.widest + 14 : 8), plot.y0 + plot.down / 2);
  context.rotate(-Math.PI / 2);
  write(context, theme, panel.y.label, 0, 0, { opacity: 0.9 });
  context.restore();
}

function drawPath(context, theme, path, plot, frame) {
  const colour = shade(theme, path.colour);
  const places = numbers(at(path.positions, frame));
  const dots = new Path2D();
  context.beginPath();
  let drawing = false;
  for (let k = 0; k < places.length; k += 2) {
    const [x, y] = [plot.scaleX(places[k]), plot.scaleY(places[k + 1])];
    const solid = Number.isFinite(x) && Number.isFinite(y);
    if (solid && drawing) context.lineTo(x, y);
    else if (solid) context.moveTo(x, y);
    if (solid && path.nodes) circle(dots, x, y, path.width + 1);
    drawing = solid;
  }
  context.setLineDash(path.dashed ? [6, 4] : []);
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: path.width, lineJoin: "round" });
  context.stroke();
  context.setLineDash([]);
  context.fill(dots);
}

/** Points in batches of one colour and shape, since one fill of many shapes is far faster than many fills. */
function batchPoints(points, panel, plot, frame, palette, radius) {
  const places = numbers(at(points.positions, frame));
  const values = points.values && numbers(at(points.values, frame));
  const largest = values && at(points.values, frame).scale;
  const groups = points.groups ? bytesOf(points.groups) : null;
  const batches = new Map();
  const rings = new Path2D();
  for (let k = 0; k < points.count; k += 1) {
    const [x, y] = [plot.scaleX(places[2 * k]), plot.scaleY(places[2 * k + 1])];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    const group = groups ? groups[k] : 0;
    const test = flag(points.test, k);
    const level = values ? Math.round((values[k] / largest) * 10) / 10 || 0 : 0;
    const name = `${group}/${test}/${level}`;
    if (!batches.has(name)) {
      const colour = values ? diverging(palette, level) : panel.colours[group % panel.colours.length];
      batches.set(name, { colour, test, path: new Path2D() });
    }
    SHAPES[group % SHAPES.length](batches.get(name).path, x, y, radius);
    if (flag(at(points.wrong, frame), k)) circle(rings, x, y, radius + 3);
  }
  return { batches: [...batches.values()].sort((one, other) => one.test - other.test), rings };
}

function drawPoints(context, theme, points, panel, plot, frame, palette) {
  const radius = points.size || (points.count > 800 ? 2.4 : points.count > 300 ? 3.2 : 4);
  const { batches, rings } = batchPoints(points, panel, plot, frame, palette, radius);
  for (const { colour: plain, test, path } of batches) {
    const colour = points.values ? plain : shade(theme, plain);
    // The ground's colour around a filled point keeps it visible on a background of its own colour.
    context.strokeStyle = test ? colour : theme.ground;
    context.lineWidth = test ? 1.8 : points.values ? 2 : 1.5;
    context.fillStyle = test ? theme.ground : colour;
    if (test) context.fill(path);
    context.stroke(path);
    if (!test) context.fill(path);
    if (points.values) {
      Object.assign(context, { strokeStyle: theme.text, lineWidth: 0.6, globalAlpha: 0.6 });
      context.stroke(path);
      context.globalAlpha = 1;
    }
  }
  context.strokeStyle = shade(theme, palette.wrong);
  context.lineWidth = 2;
  context.stroke(rings);
}

class PlaneView {
  constructor(panel, box) {
    this.canvas = canvasIn(box);
  }

  uris(panel, frame) {
    return [at(panel.backgrounds, frame)];
  }

  paint(panel, frame, { pictures, theme, palette }) {
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const plot = placePlane(context, theme, panel, width, height);
    const background = pictures.get(at(panel.backgrounds, frame));
    context.imageSmoothingEnabled = panel.smooth;
    context.imageSmoothingQuality = "high";
    if (background) context.drawImage(background, plot.x0, plot.y0, plot.across, plot.down);
    context.save();
    context.beginPath();
    context.rect(plot.x0 - 5, plot.y0 - 5, plot.across + 10, plot.down + 10);
    context.clip();
    if (panel.diagonal) this.drawDiagonal(context, panel, plot, palette);
    for (const points of panel.points) drawPoints(context, theme, points, panel, plot, frame, palette);
    for (const path of panel.paths) drawPath(context, theme, path, plot, frame);
    context.restore();
    drawAxes(context, theme, panel, plot);
  }

  drawDiagonal(context, panel, plot, palette) {
    const [low, high] = [Math.max(panel.x.low, panel.y.low), Math.min(panel.x.high, panel.y.high)];
    Object.assign(context, { strokeStyle: palette.baseline, lineWidth: 1.5 });
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(plot.scaleX(low), plot.scaleY(low));
    context.lineTo(plot.scaleX(high), plot.scaleY(high));
    context.stroke();
    context.setLineDash([]);
  }

  legend(panel, { palette, theme }) {
    const colours = panel.colours.map((colour) => shade(theme, colour));
    const items = panel.classes.map((text, k) => ({ text, colour: colours[k % colours.length], shape: k }));
    if (panel.points.some((points) => points.values)) items.push({ text: "negative to positive", palette });
    if (panel.points.some((points) => points.test)) items.push({ text: "test: hollow", hollow: true });
    const wrong = { text: "wrong", hollow: true, colour: shade(theme, palette.wrong) };
    if (panel.points.some((points) => points.wrong)) items.push(wrong);
    const named = panel.paths.filter((path) => path.label);
    const lines = named.map((path) => ({ ...path, text: path.label, line: true, colour: shade(theme, path.colour) }));
    return [...items, ...lines];
  }
}

// --- Images -------------------------------------------------------------------------------------------------------

class ImagesView {
  constructor(panel, box) {
    this.canvas = canvasIn(box);
  }

  uris(panel, frame) {
    return [at(panel.images, frame)];
  }

  paint(panel, frame, { pictures, theme }) {
    const fresh = freshCanvas(this.canvas);
    const picture = pictures.get(at(panel.images, frame));
    if (!fresh || !picture) return;
    const { context, width, height } = fresh;
    const ratio = window.devicePixelRatio || 1;
    let scale = Math.min((width - 2) / picture.width, (height - 10) / picture.height);
    // Whole device pixels per picture pixel, so that all pixels of a digit are equally large.
    if (panel.pixelated && scale * ratio >= 2) scale = Math.floor(scale * ratio) / ratio;
    const [across, down] = [picture.width * scale, picture.height * scale];
    const [x, y] = [Math.round((width - across) / 2), 8];
    context.imageSmoothingEnabled = !panel.pixelated;
    context.drawImage(picture, x, y, across, down);
    context.globalAlpha = 0.3;
    context.strokeStyle = theme.text;
    context.strokeRect(x - 0.5, y - 0.5, across + 1, down + 1);
    context.globalAlpha = 1;
  }

  legend(panel, { theme }) {
    return panel.legend.map(({ text, colour }) => ({ text, colour: shade(theme, colour) }));
  }
}

// --- Curves -------------------------------------------------------------------------------------------------------

const BOTTOM = 34;

/** Plain text width in pixels; an SVG cannot tell before it is drawn. */
function textWidth(theme, text) {
  textWidth.context ||= document.createElement("canvas").getContext("2d");
  textWidth.context.font = `400 11px ${theme.family}`;
  return textWidth.context.measureText(text).width;
}

function valueRange(panel) {
  const usable = (value) => value !== null && Number.isFinite(value) && (!panel.log || value > 0);
  const drawn = [...panel.series.flatMap((one) => one.values), ...panel.baselines.map((one) => one.value)];
  const values = drawn.filter(usable);
  if (!values.length) return panel.log ? [0.1, 1] : [0, 1];
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (panel.log) return low < high ? [low / 1.15, high * 1.15] : [low / 2, high * 2];
  if (low >= 0 && low < high * 0.5) low = 0;
  if (low === high) [low, high] = [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  return [low === 0 ? 0 : low - (high - low) * 0.05, high + (high - low) * 0.05];
}

function placeCurves(panel, theme, width, height) {
  const [low, high] = valueRange(panel);
  const yTicks = panel.log ? logTicks(low, high) : niceTicks(low, high, height > 220 ? 5 : 3);
  const last = Math.max(1, panel.until || 0, ...panel.series.flatMap((one) => one.steps));
  const left = Math.max(0, ...yTicks.map((tick) => textWidth(theme, tickText(tick, yTicks)))) + 26;
  const plot = { left, right: width - 12, top: 8, bottom: height - BOTTOM, last, yTicks };
  const share = panel.log
    ? (value) => Math.log(value / low) / Math.log(high / low)
    : (value) => (value - low) / (high - low);
  plot.xTicks = niceTicks(0, last, width > 320 ? 5 : 3);
  plot.x = (step) => plot.left + (step / last) * (plot.right - plot.left);
  plot.y = (value) => plot.bottom - share(value) * (plot.bottom - plot.top);
  return plot;
}

/** The "d" of one series; a missing value, or one that a log scale cannot show, lifts the pen. */
function lineOf(series, plot, log) {
  let pen = "M";
  const parts = [];
  series.values.forEach((value, k) => {
    const drawn = value !== null && (!log || value > 0);
    if (drawn) parts.push(`${pen}${plot.x(series.steps[k]).toFixed(1)},${plot.y(value).toFixed(1)}`);
    pen = drawn ? "L" : "M";
  });
  return parts.join("");
}

function axisParts(panel, plot) {
  const middle = (plot.top + plot.bottom) / 2;
  const parts = plot.yTicks.flatMap((tick) => {
    const y = plot.y(tick);
    const line = vector("line", { class: "grid", x1: plot.left, x2: plot.right, y1: y, y2: y });
    const text = { class: "tick", x: plot.left - 6, y: y + 4, "text-anchor": "end" };
    return [line, vector("text", text, tickText(tick, plot.yTicks))];
  });
  for (const tick of plot.xTicks) {
    const x = Math.min(plot.x(tick), plot.right - 4);
    parts.push(vector("text", { class: "tick", x, y: plot.bottom + 15, "text-anchor": "middle" }, whole(tick)));
  }
  parts.push(vector("line", { class: "axis", x1: plot.left, x2: plot.right, y1: plot.bottom, y2: plot.bottom }));
  const across = { class: "label", x: (plot.left + plot.right) / 2, y: plot.bottom + 32, "text-anchor": "middle" };
  const up = { class: "label", transform: `translate(11,${middle}) rotate(-90)`, "text-anchor": "middle" };
  return [...parts, vector("text", across, panel.xLabel), vector("text", up, panel.yLabel)];
}

/** Grey lines; each label sits at the right inside, above or below its line, clear of other lines and labels. */
function baselineParts(panel, plot) {
  const usable = panel.baselines.filter((one) => !panel.log || one.value > 0);
  const lines = usable.map((one) => ({ ...one, y: plot.y(one.value) })).sort((a, b) => a.y - b.y);
  const taken = [];
  return lines.flatMap(({ label, value, y }) => {
    const free = (place) => place - 9 > plot.top - 2 && place < plot.bottom - 2 &&
      taken.every((other) => Math.abs(other - place) >= 13) &&
      lines.every((other) => other.y === y || other.y > place + 2 || other.y < place - 10);
    const place = [y - 5, y + 13, ...Array.from({ length: 20 }, (_, k) => y + 13 * (k + 2))].find(free) ?? y - 5;
    taken.push(place);
    const line = vector("line", { class: "baseline", x1: plot.left, x2: plot.right, y1: y, y2: y });
    const text = { class: "baseline-label", x: plot.right - 6, y: place, "text-anchor": "end" };
    return [line, vector("text", text, `${label} ${format(value)}`)];
  });
}

/** Index of the last step that is not after `step`. */
function indexAt(series, step) {
  let [low, high] = [0, series.steps.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (series.steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

class CurvesView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.readouts = element("div", "readouts", box);
    this.chart = element("div", "chart", box);
    this.svg = vector("svg", { role: "img" });
    this.still = vector("g", {});
    this.rule = vector("line", { class: "rule" });
    this.dots = vector("g", {});
    this.svg.append(this.still, this.rule, this.dots);
    this.chart.append(this.svg);
    this.svg.addEventListener("pointermove", (event) => this.look(event));
    this.svg.addEventListener("pointerleave", () => this.stage.tooltip.hide());
  }

  uris() {
    return [];
  }

  paint(panel, frame, shared) {
    const { theme, steps } = shared;
    const [width, height] = [this.chart.clientWidth, this.chart.clientHeight];
    if (!width || !height) return;
    const look = [width, height, theme.text, theme.family].join();
    if (this.panel !== panel || this.size !== look) {
      Object.assign(this, { panel, size: look, plot: placeCurves(panel, theme, width, height) });
      const other = shared.overlay ? `overlay: ${shared.overlay}` : "overlay";
      this.name = (one) => (one.overlay ? `${one.name} (${other})` : one.name);
      this.drawStill(panel, theme, width, height);
      // The legend may wrap to another number of lines than before and change the room for the chart.
      if (this.chart.clientHeight !== height) return this.paint(panel, frame, shared);
    }
    this.point(panel, at(steps, frame));
  }

  drawStill(panel, theme, width, height) {
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const lines = panel.series.map((one) => {
      const classes = ["series", one.role === "test" ? "dashed" : "", one.overlay ? "overlay" : ""].join(" ");
      return vector("path", { class: classes, stroke: shade(theme, one.colour), d: lineOf(one, this.plot, panel.log) });
    });
    this.still.replaceChildren(...axisParts(panel, this.plot), ...lines, ...baselineParts(panel, this.plot));
    const dot = (one) => vector("circle", { r: 4, fill: shade(theme, one.colour), class: "dot" });
    this.dots.replaceChildren(...panel.series.map(dot));
    const names = panel.series.map(this.name);
    const wanted = [theme.dark, ...names].join();
    if (this.names === wanted) return;
    this.names = wanted;
    this.readouts.replaceChildren();
    this.values = panel.series.map((one, k) => {
      const item = element("span", "item", this.readouts);
      const style = { colour: shade(theme, one.colour), dashed: one.role === "test", faint: one.overlay };
      item.append(swatch({ line: true, ...style }));
      element("span", "", item).textContent = names[k];
      return element("span", "value", item);
    });
  }

  /** Move the rule to `step` and read the values there. */
  point(panel, step) {
    const x = this.plot.x(clamp(step, 0, this.plot.last));
    for (const name of ["x1", "x2"]) this.rule.setAttribute(name, x);
    this.rule.setAttribute("y1", this.plot.top);
    this.rule.setAttribute("y2", this.plot.bottom);
    panel.series.forEach((one, k) => {
      const index = indexAt(one, step);
      const value = one.steps.length ? one.values[index] : null;
      const drawn = value !== null && (!panel.log || value > 0);
      const dot = this.dots.children[k];
      dot.style.display = drawn ? "" : "none";
      if (drawn) {
        dot.setAttribute("cx", this.plot.x(one.steps[index]));
        dot.setAttribute("cy", this.plot.y(value));
      }
      this.values[k].textContent = format(value);
    });
  }

  look(event) {
    if (!this.plot) return;
    const inside = clamp(event.clientX - this.svg.getBoundingClientRect().left, this.plot.left, this.plot.right);
    const step = ((inside - this.plot.left) / (this.plot.right - this.plot.left)) * this.plot.last;
    const lines = this.panel.series.map((one) => `${this.name(one)} ${format(one.values[indexAt(one, step)])}`);
    this.stage.tooltip.show([event.clientX, event.clientY], [`${this.panel.xLabel} ${whole(step)}`, ...lines]);
  }
}

// --- Legend, tooltip, panels --------------------------------------------------------------------------------------

function swatch({ colour, shape, hollow, line, dashed, faint, palette }) {
  const box = vector("svg", { class: "swatch", viewBox: "0 0 20 12", "aria-hidden": "true", opacity: faint ? 0.5 : 1 });
  if (palette) {
    const bars = [palette.negative, palette.neutral, palette.positive];
    box.append(...bars.map((fill, k) => vector("rect", { x: 1 + 6 * k, y: 2, width: 6, height: 8, fill })));
    const edge = { fill: "none", stroke: "currentColor", "stroke-width": 0.5 };
    box.append(vector("rect", { x: 1, y: 2, width: 18, height: 8, ...edge }));
  } else if (line) {
    const stroke = { stroke: colour, "stroke-width": faint ? 1.5 : 2.5, "stroke-dasharray": dashed ? "5 3" : "none" };
    box.append(vector("line", { x1: 0, x2: 20, y1: 6, y2: 6, ...stroke }));
  } else {
    const path = new Recorder();
    const plain = shape === undefined && !hollow;
    if (!plain) SHAPES[(shape || 0) % SHAPES.length](path, 10, 6, 4.5);
    const ring = { fill: "none", stroke: colour || "currentColor", "stroke-width": 2 };
    box.append(vector("path", { d: plain ? "M5,1h10v10h-10z" : path.text, ...(hollow ? ring : { fill: colour }) }));
  }
  return box;
}

/** Takes the calls of a Path2D and writes the "d" of an SVG path: the legend shows the very shapes of the plot. */
class Recorder {
  text = "";
  moveTo(x, y) {
    this.text += `M${x},${y}`;
  }
  lineTo(x, y) {
    this.text += `L${x},${y}`;
  }
  arc(x, y, r) {
    this.text += `A${r},${r} 0 1 1 ${x - r},${y}A${r},${r} 0 1 1 ${x + r},${y}`;
  }
  closePath() {
    this.text += "Z";
  }
}

class Tooltip {
  constructor(frame) {
    this.frame = frame;
    this.box = element("div", "tooltip", frame, { role: "presentation" });
    this.canvas = element("canvas", "", this.box, { width: 224, height: 224, "aria-hidden": "true" });
    this.text = element("div", "", this.box);
  }

  show([x, y], lines, picture) {
    this.canvas.style.display = picture ? "" : "none";
    if (picture) {
      const context = this.canvas.getContext("2d");
      context.imageSmoothingEnabled = !picture.pixelated;
      context.clearRect(0, 0, 224, 224);
      context.drawImage(picture.sprite, ...picture.tile, 0, 0, 224, 224);
    }
    this.text.replaceChildren();
    for (const line of lines) element("div", "", this.text).textContent = line;
    this.box.style.display = "block";
    const home = this.frame.getBoundingClientRect();
    const own = this.box.getBoundingClientRect();
    const left = x - home.left + 14 + own.width > home.width ? x - home.left - own.width - 14 : x - home.left + 14;
    this.box.style.left = `${clamp(left, 0, Math.max(0, home.width - own.width))}px`;
    this.box.style.top = `${clamp(y - home.top - own.height / 2, 0, Math.max(0, home.height - own.height))}px`;
  }

  hide() {
    this.box.style.display = "none";
  }
}

function canvasIn(box) {
  return element("canvas", "", box, { role: "img" });
}

/** A square plane is as wide as its height asks for (title, legend, slider: 105 px); the others share the rest. */
function columnOf(panel) {
  if (panel.kind === "plane" && panel.square) return "minmax(0, min(var(--height) - 105px, 31cqw))";
  return `minmax(0, ${panel.weight}fr)`;
}

const VIEWS = { network: NetworkView, plane: PlaneView, images: ImagesView, curves: CurvesView };

/** One panel on the page: title, picture, legend, notice; the nodes stay, their content follows the data. */
class PanelView {
  constructor(panel, parent, stage) {
    this.kind = panel.kind;
    this.section = element("section", `panel ${panel.kind}`, parent);
    this.title = element("div", "title", this.section);
    this.picture = element("div", "picture", this.section);
    this.legend = element("div", "legend", this.section);
    this.notice = element("div", "notice", this.section);
    this.view = new VIEWS[panel.kind](panel, this.picture, stage);
  }

  describe(panel, shared) {
    this.title.textContent = panel.title;
    this.notice.textContent = panel.notice || "";
    (this.view.canvas || this.view.svg).setAttribute("aria-label", `${panel.title}. ${panel.alt}`);
    const items = this.view.legend ? this.view.legend(panel, shared) : [];
    const wanted = JSON.stringify(items.map(({ text, colour }) => [text, colour]));
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.legend.replaceChildren(...items.map((item) => {
      const box = element("span", "item");
      box.append(swatch(item), Object.assign(document.createElement("span"), { textContent: item.text }));
      return box;
    }));
  }
}

// --- The stage and its time machine -------------------------------------------------------------------------------

const PLAY = "M4,2.5v11l9,-5.5z";
const PAUSE = "M4,2.5h3v11h-3zM9,2.5h3v11h-3z";

class Stage {
  constructor(root) {
    this.host = element("div", "stage", null);
    this.row = element("div", "panels", this.host);
    this.buildMachine();
    this.tooltip = new Tooltip(this.host);
    this.pictures = new PictureStore();
    this.panels = [];
    this.draws = 0;
    this.ticket = 0;
    this.painted = 0;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.observer = new ResizeObserver(() => this.repaint());
    root.append(this.host);
    this.observer.observe(this.row);
  }

  buildMachine() {
    const machine = element("div", "machine", this.host);
    this.button = element("button", "play", machine, { type: "button" });
    const icon = vector("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    this.icon = vector("path", { d: PLAY });
    icon.append(this.icon);
    this.button.append(icon);
    this.word = element("span", "", this.button);
    const range = { type: "range", min: 0, step: 1, "aria-label": "Recorded step" };
    this.slider = element("input", "slider", machine, range);
    this.readout = element("div", "readout", machine);
    this.machine = machine;
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => {
      this.pause();
      this.show(Number(this.slider.value));
    });
    this.pause();
  }

  update(data) {
    const last = data.steps.length - 1;
    const stay = this.data && this.data.run === data.run && this.data.replay && data.replay;
    if (!stay) this.pause();
    const frame = stay ? Math.min(this.frame, last) : last;
    this.data = data;
    this.slider.max = Math.max(1, last);
    this.host.style.setProperty("--height", `${data.height}px`);
    this.host.style.setProperty("--columns", data.panels.map(columnOf).join(" "));
    this.host.classList.toggle("live", !data.replay);
    this.button.disabled = this.slider.disabled = !data.replay || last < 1;
    this.show(frame);
    this.preload(data);
  }

  urisOf(data, frame) {
    return data.panels.flatMap((panel) => VIEWS[panel.kind].prototype.uris(panel, frame)).filter(Boolean);
  }

  /** Decode all frames ahead of the slider, the first ones first. */
  preload(data) {
    const wanted = new Set(data.steps.flatMap((_, frame) => this.urisOf(data, frame)));
    this.pictures.prune(wanted);
    for (const uri of wanted) this.pictures.load(uri);
  }

  /** Paint frame `frame` now if its pictures are decoded, else when they are, unless something newer came first. */
  show(frame) {
    const data = this.data;
    this.frame = frame;
    this.ticket += 1;
    const ticket = this.ticket;
    const waiting = this.urisOf(data, frame).filter((uri) => this.pictures.get(uri) === undefined);
    if (!waiting.length) return this.paint(data, frame, ticket);
    return Promise.all(waiting.map((uri) => this.pictures.load(uri))).then(() => {
      if (ticket > this.painted) this.paint(data, frame, ticket);
    });
  }

  paint(data, frame, ticket) {
    this.painted = ticket;
    this.matchPanels(data.panels);
    const theme = readTheme(this.host);
    this.host.classList.toggle("dark", theme.dark);
    const { palette, steps, overlay } = data;
    const shared = { pictures: this.pictures, theme, palette, steps, overlay };
    this.panels.forEach((view, k) => view.describe(data.panels[k], shared));
    this.tell(data, frame);
    this.current = { data, frame };
    this.panels.forEach((view, k) => {
      view.view.paint(data.panels[k], frame, shared);
      if (view.view.canvas) view.view.canvas.dataset.frame = frame;
    });
    this.draws += 1;
    Object.assign(this.host.dataset, { draws: this.draws, frame });
  }

  repaint() {
    if (this.current) this.paint(this.current.data, this.current.frame, this.painted);
  }

  /** Keep the panels while their kinds stay the same; build them anew otherwise. */
  matchPanels(panels) {
    const same = panels.length === this.panels.length && panels.every((panel, k) => panel.kind === this.panels[k].kind);
    if (same) return;
    this.row.replaceChildren();
    this.panels = panels.map((panel) => new PanelView(panel, this.row, this));
  }

  tell(data, frame) {
    const epoch = data.epochs.length ? `, epoch ${format(data.epochs[frame])}` : "";
    const text = `step ${whole(data.steps[frame])}${epoch}`;
    this.readout.textContent = data.replay ? text : `live: ${text}`;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", text);
  }

  play() {
    if (this.frame >= this.data.steps.length - 1) this.show(0);
    this.setPlaying(true);
    const pause = this.calm.matches ? 600 : 85;
    let due = performance.now() + pause;
    const tick = (now) => {
      if (!this.playing) return;
      if (now >= due) {
        due = now + pause;
        this.show(this.frame + 1);
        if (this.frame >= this.data.steps.length - 1) return this.pause();
      }
      this.request = requestAnimationFrame(tick);
    };
    this.request = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.request);
    this.setPlaying(false);
  }

  setPlaying(playing) {
    this.playing = playing;
    this.word.textContent = playing ? "Pause" : "Play";
    this.icon.setAttribute("d", playing ? PAUSE : PLAY);
  }

  close() {
    this.pause();
    this.observer.disconnect();
    this.host.remove();
  }
}
