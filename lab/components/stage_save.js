// The picture of the stage as a file: an SVG of what stands on the screen, or that SVG painted as a PNG.

const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap", "opacity",
  "fill-opacity", "stroke-opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order", "font-variant-numeric"];
const MARGIN = 16;
const DENSITY = 2;

/** A drawing of the page as a copy that needs no style sheet. */
function standalone(drawing, [x, y, width, height]) {
  const copy = drawing.cloneNode(true);
  const [from, to] = [drawing, copy].map((one) => [one, ...one.querySelectorAll("*")]);
  from.forEach((one, k) => {
    const style = getComputedStyle(one);
    if (style.display === "none" || style.visibility === "hidden") to[k].setAttribute("display", "none");
    for (const name of STYLES) to[k].style.setProperty(name, style.getPropertyValue(name));
    to[k].removeAttribute("class");
    if (one.tagName === "text" && one.getComputedTextLength()) to[k].setAttribute("textLength", one.getComputedTextLength());
  });
  for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, value);
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return copy;
}

/** The lines in which a text stands on the screen: [words, rectangle] each. */
function linesOf(text) {
  const lines = [];
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const box = range.getBoundingClientRect();
    const line = lines[lines.length - 1];
    if (!line || Math.abs(line[1].top - box.top) >= 3) lines.push([word, box]);
    else {
      line[0] += ` ${word}`;
      line[1] = new DOMRect(line[1].left, line[1].top, box.right - line[1].left, line[1].height);
    }
  }
  return lines;
}

/** All of `box` as one SVG: canvases as images, drawings as drawings, words as words. */
function pictureOf(box, ground) {
  const home = box.getBoundingClientRect();
  const at = (rectangle) => [rectangle.left - home.left + MARGIN, rectangle.top - home.top + MARGIN, rectangle.width, rectangle.height];
  const [width, height] = [Math.ceil(home.width) + 2 * MARGIN, Math.ceil(home.height) + 2 * MARGIN];
  const made = vector("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` });
  made.append(vector("rect", { width, height, fill: ground }));
  for (const canvas of box.querySelectorAll("canvas")) {
    const [x, y, across, down] = at(canvas.getBoundingClientRect());
    if (across && down && canvas.width) made.append(vector("image", { x, y, width: across, height: down, href: canvas.toDataURL() }));
  }
  for (const drawing of box.querySelectorAll("svg")) {
    if (drawing.parentNode.closest("svg")) continue;
    const place = at(drawing.getBoundingClientRect());
    if (place[2] && place[3]) made.append(standalone(drawing, place));
  }
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("svg")) continue;
    const style = getComputedStyle(parent);
    for (const [words, rectangle] of linesOf(walker.currentNode)) {
      const [x, y, across, tall] = at(rectangle);
      const size = parseFloat(style.fontSize);
      const look = { fill: style.color, "font-family": style.fontFamily, "font-size": size, "font-weight": style.fontWeight };
      const place = { x, y: y + tall / 2 + size * 0.36, textLength: across };
      if (tall) made.append(vector("text", { ...place, ...look }, words));
    }
  }
  return made;
}

/** The page's own letters as a style that travels with the file: an image may not fetch them. */
async function lettersOf(box) {
  const family = getComputedStyle(box).fontFamily.split(",")[0].replaceAll('"', "").trim();
  const rules = [...document.styleSheets].flatMap((sheet) => {
    try {
      return [...sheet.cssRules].map((rule) => [rule, sheet.href || document.baseURI]);
    } catch {
      return [];
    }
  });
  const fitting = rules.filter(([{ style }]) => style && style.fontStyle !== "italic"
    && style.getPropertyValue("src") && style.fontFamily.replaceAll('"', "") === family);
  const faces = await Promise.all(fitting.map(async ([{ style }, base]) => {
    const address = style.getPropertyValue("src").match(/url\("?([^")]+)"?\)/)?.[1];
    const reply = address && await fetch(new URL(address, base));
    if (!reply?.ok) return "";
    const bytes = new Uint8Array(await reply.arrayBuffer());
    const text = btoa(bytes.reduce((all, byte) => all + String.fromCharCode(byte), ""));
    return `@font-face{font-family:"${family}";font-weight:${style.fontWeight || 400};src:url(data:font/woff2;base64,${text})}`;
  }));
  return faces.join("");
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function savePicture(box, ground, name, kind) {
  const picture = pictureOf(box, ground);
  picture.prepend(vector("style", {}, await lettersOf(box).catch(() => "")));
  const text = new XMLSerializer().serializeToString(picture);
  if (kind === "svg") return hand(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: DENSITY * image.width, height: DENSITY * image.height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => hand(blob, `${name}.png`), "image/png");
}
