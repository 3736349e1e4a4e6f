// Query times key, element by element: how one token's question meets every other token's answer.

const NEURON_ROW = 20;

class Neuron {
  constructor(parent, reader) {
    this.reader = reader;
    this.told = element("p", "muted", parent);
    this.box = element("div", "neuron", parent);
    this.canvas = element("canvas", "", this.box, { role: "img" });
    this.readout = element("p", "readout", parent, { "aria-live": "polite" });
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.say(null));
  }

  show() {
    const { reading, state } = this.reader;
    this.token = [...state.selected].at(-1) ?? reading.texts.length - 1;
    const { layer, head } = state;
    this.query = reading.matrix("queries", layer, head);
    this.keys = reading.matrix("keys", layer, head);
    this.scores = reading.matrix("scores", layer, head);
    this.weights = reading.matrix("attention", layer, head);
    const text = shown(reading.texts[this.token]);
    this.told.textContent = `“${text}” (${this.token + 1}) asks with its query, the top row. Each token answers with its key; the products, element by element, add up to the score.`;
    this.canvas.setAttribute("aria-label", `Query of ${text}, key of each token, their products, scores and weights.`);
    this.paint();
    this.say(null);
  }

  layout() {
    const width = Math.max(560, this.box.clientWidth);
    const label = 96;
    const end = 150;
    const strip = (width - label - end - 16) / 2;
    return { width, label, strip, second: label + strip + 16, end: label + 2 * strip + 28, cell: strip / this.query.columns };
  }

  paint() {
    if (!this.box.clientWidth) return;
    const { reading, theme } = this.reader;
    const at = (this.at = this.layout());
    const rows = this.keys.rows;
    const height = (rows + 2) * NEURON_ROW + 22;
    Object.assign(this.canvas.style, { width: `${at.width}px`, height: `${height}px` });
    const { context } = freshCanvas(this.canvas);
    const query = this.query.data.subarray(this.token * this.query.columns, (this.token + 1) * this.query.columns);
    const [limitQuery, limitKey] = [largestOf({ data: query }), largestOf(this.keys)];
    const products = mapped(this.keys, (value, place) => value * query[place % this.keys.columns]);
    this.products = products;
    const strip = (data, count, x, y, limit, tall) => {
      context.imageSmoothingEnabled = false;
      const picture = heatPicture({ rows: count, columns: this.query.columns, data }, heat(theme, true, limit));
      context.drawImage(picture, x, y, at.strip, tall);
    };
    const say = (text, x, y, options) => write(context, theme, text, x, y, { size: 12, align: "left", opacity: 0.9, ...options });
    this.top = 2 * NEURON_ROW + 18;
    context.fillStyle = theme.tile;
    context.fillRect(at.label, 16, at.strip, NEURON_ROW - 4);
    strip(query, 1, at.label, 16, limitQuery, NEURON_ROW - 4);
    say("query", at.label, 11, { weight: 600 });
    say(shorten(context, shown(reading.texts[this.token]), at.label - 8), at.label - 6, 29, { align: "right", weight: 600 });
    say("keys", at.label, this.top - 6, { weight: 600 });
    say("query × key", at.second, this.top - 6, { weight: 600 });
    say("score", at.end, this.top - 6, { weight: 600 });
    say("weight", at.end + 58, this.top - 6, { weight: 600 });
    for (const x of [at.label, at.second]) {
      context.fillStyle = theme.tile;
      context.fillRect(x, this.top, at.strip, rows * NEURON_ROW);
    }
    strip(this.keys.data, rows, at.label, this.top, limitKey, rows * NEURON_ROW);
    strip(products.data, rows, at.second, this.top, largestOf(products), rows * NEURON_ROW);
    this.ends(context, at, say);
  }

  ends(context, at, say) {
    const { reading, theme } = this.reader;
    const [red, green, blue] = heat(theme, false, 1)(1);
    reading.texts.forEach((text, row) => {
      const y = this.top + row * NEURON_ROW;
      const place = this.token * this.scores.columns + row;
      const weight = this.weights.data[place];
      context.font = `400 12px ${theme.family}`;
      say(shorten(context, shown(text), at.label - 10), at.label - 6, y + 14, { align: "right" });
      const masked = reading.causal && row > this.token;
      say(masked ? "later" : format(this.scores.data[place]), at.end, y + 14, { opacity: masked ? 0.6 : 0.9 });
      if (masked) return;
      context.fillStyle = `rgb(${red},${green},${blue})`;
      context.fillRect(at.end + 58, y + 4, Math.max(1, 44 * weight), NEURON_ROW - 8);
      say(share(weight), at.end + 62 + 44 * weight, y + 14, { size: 11 });
    });
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const zoom = this.canvas.currentCSSZoom || 1;
    const [x, y] = [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
    const row = Math.floor((y - this.top) / NEURON_ROW);
    const start = x >= this.at.second ? this.at.second : this.at.label;
    const column = Math.floor((x - start) / this.at.cell);
    const inside = row >= 0 && row < this.keys.rows && column >= 0 && column < this.keys.columns;
    this.say(inside ? [row, column] : null);
  }

  say(cell) {
    const { reading } = this.reader;
    const size = this.keys.columns;
    if (!cell) {
      this.readout.textContent = `Blue products speak for looking there, orange ones against. The score is their sum, divided by √${size}.`;
      return;
    }
    const [row, column] = cell;
    const [query, key] = [this.query.data[this.token * size + column], this.keys.data[row * size + column]];
    const score = format(this.scores.data[this.token * this.scores.columns + row]);
    this.readout.textContent = `Element ${column + 1}: query ${format(query)} × key of “${shown(reading.texts[row])}” ${format(key)} = ${format(query * key)}. All ${size} products, divided by √${size}: ${score}.`;
  }
}
