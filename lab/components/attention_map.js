// A matrix as a heat map: labels on both sides, a marked cell that follows pointer and arrow keys, one colour scale.

const PURPLE = "#4A1486";
const PALE_PURPLE = "#C3ABF0";
const TALLEST = 500; // pixels of a square map, unless its rows would become too thin to read
const GAMMA = 0.6; // weak attention stays visible; the legend is drawn with the same bend

const channels = (colour) => [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));

/** Red, green, blue and opacity of a value: purple for attention, orange to blue for signed numbers. */
function heat(theme, signed, limit) {
  const plus = channels(theme.dark ? "#5FB2E6" : "#0072B2");
  const minus = channels(theme.dark ? "#F0A04B" : "#E07B00");
  const purple = channels(theme.dark ? PALE_PURPLE : PURPLE);
  return (value) => {
    if (!Number.isFinite(value)) return [127, 127, 127, 40];
    const share = Math.min(1, Math.abs(value) / (limit || 1));
    const [red, green, blue] = signed ? (value < 0 ? minus : plus) : purple;
    return [red, green, blue, 255 * (signed ? share : share ** GAMMA)];
  };
}

/** Paint a matrix into a canvas of one pixel a cell. */
function heatPicture(matrix, colour) {
  const picture = Object.assign(document.createElement("canvas"), { width: matrix.columns, height: matrix.rows });
  const context = picture.getContext("2d");
  const pixels = context.createImageData(matrix.columns, matrix.rows);
  matrix.data.forEach((value, place) => pixels.data.set(colour(value), 4 * place));
  context.putImageData(pixels, 0, 0);
  return picture;
}

/** Draw a whole matrix into a canvas of its own size on the page, without labels. */
function thumbnailInto(canvas, theme, matrix, signed, limit) {
  const fresh = freshCanvas(canvas);
  if (!fresh) return;
  const { context, width, height } = fresh;
  context.fillStyle = theme.tile;
  context.fillRect(0, 0, width, height);
  context.imageSmoothingEnabled = matrix.columns > width || matrix.rows > height;
  context.drawImage(heatPicture(matrix, heat(theme, signed, limit)), 0, 0, width, height);
}

class HeatMap {
  /** tell(row, column): the words about a cell; choose(row, column): a cell was chosen; label: of the canvas. */
  constructor(parent, { tell, choose, label }) {
    Object.assign(this, { tell, choose });
    this.box = element("div", "map", parent);
    const name = { role: "application", tabindex: 0, "aria-label": `${label}. Arrow keys move the marked cell.` };
    this.canvas = element("canvas", "", this.box, name);
    this.readout = element("p", "readout", parent, { "aria-live": "polite" });
    this.canvas.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.hover(null));
    this.canvas.addEventListener("click", (event) => this.take(this.cellAt(event)));
    this.canvas.addEventListener("keydown", (event) => this.move(event));
  }

  /** matrix: {rows, columns, data}; down, across: labels or null; limit: the value in full colour. */
  show(theme, matrix, { down, across, signed, limit, cell, marked = [], most = 28, least = 3 }) {
    Object.assign(this, { theme, matrix, down, across, signed, limit, cell, marked, most, least });
    this.picture = heatPicture(matrix, heat(theme, signed, limit));
    this.paint();
    this.say(cell);
  }

  place() {
    const context = this.canvas.getContext("2d");
    context.font = `400 12px ${this.theme.family}`;
    const room = (labels, most) => (labels ? Math.min(most, Math.max(...labels.map((one) => context.measureText(one).width)) + 10) : 2);
    const left = room(this.down, 110);
    const top = this.across ? room(this.across, 90) : 2;
    const free = Math.max(60, this.box.clientWidth - left - 4);
    const wide = Math.max(this.least, Math.min(this.most, free / this.matrix.columns, this.across ? Math.max(9, TALLEST / this.matrix.rows) : Infinity));
    const tall = this.across ? Math.max(9, Math.min(this.most, wide)) : Math.max(10, Math.min(20, 420 / this.matrix.rows));
    return { left, top, wide, tall, width: left + wide * this.matrix.columns + 2, height: top + tall * this.matrix.rows + 2 };
  }

  paint() {
    if (!this.matrix || !this.box.clientWidth) return;
    const at = (this.at = this.place());
    Object.assign(this.canvas.style, { width: `${at.width}px`, height: `${at.height}px` });
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context } = fresh;
    context.fillStyle = this.theme.tile;
    context.fillRect(at.left, at.top, at.wide * this.matrix.columns, at.tall * this.matrix.rows);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, at.left, at.top, at.wide * this.matrix.columns, at.tall * this.matrix.rows);
    this.labels(context, at);
    for (const row of this.marked) this.frame(context, at, row, 0, this.matrix.columns, 1);
    if (this.cell) this.frame(context, at, ...this.cell, 1, 2.5);
    if (this.over) this.frame(context, at, ...this.over, 1, 1.5);
  }

  frame(context, at, row, column, columns, width) {
    context.strokeStyle = this.theme.text;
    context.lineWidth = width;
    context.strokeRect(at.left + column * at.wide - 0.5, at.top + row * at.tall - 0.5, at.wide * columns + 1, at.tall + 1);
  }

  labels(context, at) {
    const size = Math.max(9, Math.min(12, at.tall));
    const stride = Math.max(1, Math.ceil(10 / at.tall));
    const bold = (here) => ({ size, weight: here ? 700 : 400, opacity: here ? 1 : 0.85 });
    const lit = this.over || this.cell || [-1, -1];
    (this.down || []).forEach((text, row) => {
      if (row % stride && row !== lit[0]) return;
      context.font = `400 ${size}px ${this.theme.family}`;
      write(context, this.theme, shorten(context, text, at.left - 8), at.left - 5, at.top + (row + 0.5) * at.tall + size / 3,
        { ...bold(row === lit[0]), align: "right" });
    });
    (this.across || []).forEach((text, column) => {
      if (at.wide < 9 && column % Math.ceil(9 / at.wide) && column !== lit[1]) return;
      context.save();
      context.translate(at.left + (column + 0.5) * at.wide + size / 3, at.top - 5);
      context.rotate(-Math.PI / 2);
      context.font = `400 ${size}px ${this.theme.family}`;
      write(context, this.theme, shorten(context, text, at.top - 8), 0, 0, { ...bold(column === lit[1]), align: "left" });
      context.restore();
    });
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const zoom = this.canvas.currentCSSZoom || 1;
    const column = Math.floor(((event.clientX - box.left) / zoom - this.at.left) / this.at.wide);
    const row = Math.floor(((event.clientY - box.top) / zoom - this.at.top) / this.at.tall);
    const inside = row >= 0 && column >= 0 && row < this.matrix.rows && column < this.matrix.columns;
    return inside ? [row, column] : null;
  }

  point(event) {
    this.hover(this.cellAt(event));
  }

  hover(cell) {
    if (String(cell) === String(this.over)) return;
    this.over = cell;
    this.paint();
    this.say(cell || this.cell);
  }

  say(cell) {
    this.readout.textContent = cell ? this.tell(...cell) : "";
  }

  take(cell) {
    if (!cell) return;
    this.cell = cell;
    this.paint();
    this.say(cell);
    this.choose(...cell);
  }

  move(event) {
    const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (!(event.key in ways)) return;
    event.preventDefault();
    event.stopPropagation();
    const [row, column] = this.cell || [0, 0];
    const [down, right] = this.cell ? ways[event.key] : [0, 0];
    this.take([clamp(row + down, 0, this.matrix.rows - 1), clamp(column + right, 0, this.matrix.columns - 1)]);
    const view = this.box;
    const x = this.at.left + this.cell[1] * this.at.wide;
    if (x < view.scrollLeft + this.at.left || x > view.scrollLeft + view.clientWidth - 20) view.scrollLeft = x - view.clientWidth / 2;
  }
}

/** The colour scale, with its ends. */
function scaleLegend(parent, theme, signed, limit) {
  const legend = element("div", "scale", parent);
  const bar = element("canvas", "", legend, { "aria-hidden": "true" });
  const count = 64;
  const values = Float32Array.from({ length: count }, (_, k) => (signed ? (2 * k) / (count - 1) - 1 : k / (count - 1)) * limit);
  const ends = [signed ? format(-limit) : "0", format(limit)];
  legend.prepend(Object.assign(element("span"), { textContent: ends[0] }));
  legend.append(Object.assign(element("span"), { textContent: ends[1] }));
  thumbnailInto(bar, theme, { rows: 1, columns: count, data: values }, signed, limit);
  return legend;
}
