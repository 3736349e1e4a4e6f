// Pictures of the result: a plane with points, paths and a background, and composed images such as a grid of digits.

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

/** A path's colour on this ground; "ink" is the colour of the page's text. */
const inked = (theme, colour) => (colour === "ink" ? theme.text : shade(theme, colour));

function drawPath(context, theme, path, plot, frame) {
  const colour = inked(theme, path.colour);
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

/** A sentence across the middle of a plot that has nothing to draw, one line per 30 characters or so. */
function drawMessage(context, theme, message, plot) {
  if (!message) return;
  const lines = message.match(/.{1,30}(\s|$)/g);
  const middle = plot.y0 + plot.down / 2 - (lines.length - 1) * 10;
  const style = { size: 14, weight: 600, opacity: 0.95, halo: 6 };
  lines.forEach((line, k) => write(context, theme, line.trim(), plot.x0 + plot.across / 2, middle + 20 * k, style));
}

class PlaneView {
  constructor(panel, box) {
    this.canvas = canvasIn(box);
  }

  uris(panel, frame) {
    return [at(panel.backgrounds, frame)];
  }

  paint(panel, frame, { pictures, theme, palette, enlarged }) {
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const plot = placePlane(context, theme, panel, width, height);
    this.drawBackground(context, plot, panel, pictures.get(at(panel.backgrounds, frame)), enlarged);
    context.save();
    context.beginPath();
    context.rect(plot.x0 - 5, plot.y0 - 5, plot.across + 10, plot.down + 10);
    context.clip();
    if (panel.diagonal) this.drawDiagonal(context, panel, plot, palette);
    for (const points of panel.points) drawPoints(context, theme, points, panel, plot, frame, palette);
    for (const path of panel.paths) drawPath(context, theme, path, plot, frame);
    context.restore();
    drawAxes(context, theme, panel, plot);
    drawMessage(context, theme, at(panel.messages, frame), plot);
  }

  /** The panel's own background, or instead the map of the unit that a person points at. */
  drawBackground(context, plot, panel, background, enlarged) {
    const place = [plot.x0, plot.y0, plot.across, plot.down];
    context.imageSmoothingEnabled = panel.smooth;
    context.imageSmoothingQuality = "high";
    if (background && enlarged) context.drawImage(this.cutOut(enlarged), ...place);
    else if (background) context.drawImage(background, ...place);
  }

  /** The tile alone: enlarged straight from the sprite, its neighbours would shine through at the border. */
  cutOut({ sprite, tile }) {
    const [, , width, height] = tile;
    const cut = Object.assign(document.createElement("canvas"), { width, height });
    cut.getContext("2d").drawImage(sprite, ...tile, 0, 0, width, height);
    return cut;
  }

  /** The title while a unit's map stands in the background. */
  title(panel, { enlarged }) {
    if (!enlarged || !panel.backgrounds.length) return panel.title;
    return `${enlarged.name[0].toUpperCase()}${enlarged.name.slice(1)}, over the plane`;
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
    const lines = named.map((path) => ({ ...path, text: path.label, line: true, colour: inked(theme, path.colour) }));
    return [...items, ...lines];
  }
}

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
    const scale = Math.min((width - 2) / picture.width, (height - 10) / picture.height);
    const [across, down] = [picture.width * scale, picture.height * scale];
    const [x, y] = [Math.round((width - across) / 2), 8];
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    const source = panel.pixelated ? this.enlarge(picture, scale * (window.devicePixelRatio || 1)) : picture;
    context.drawImage(source, x, y, across, down);
    context.globalAlpha = 0.3;
    context.strokeStyle = theme.text;
    context.strokeRect(x - 0.5, y - 0.5, across + 1, down + 1);
    context.globalAlpha = 1;
  }

  /** Whole screen pixels per picture pixel, then a little smaller: all pixels of a digit come out equally large. */
  enlarge(picture, scale) {
    const times = Math.max(1, Math.ceil(scale));
    this.large ||= document.createElement("canvas");
    Object.assign(this.large, { width: picture.width * times, height: picture.height * times });
    const context = this.large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, this.large.width, this.large.height);
    return this.large;
  }

  legend(panel, { theme, frame }) {
    return panel.legend.map(({ texts, colour }) => ({ text: at(texts, frame), colour: shade(theme, colour) }));
  }
}
