// The whole way: a list of stations with their matrices in small, the chosen one large, and the arithmetic of one cell.

const MOST_TERMS = 6;
const NARROW = 72; // columns up to which the arithmetic stands beside the matrix

class Way {
  constructor(parent, reader) {
    this.reader = reader;
    this.box = element("div", "way", parent);
    this.list = element("div", "stations", this.box, { role: "tablist", "aria-label": "Stations", "aria-orientation": "vertical" });
    this.list.addEventListener("keydown", (event) => this.walk(event));
    const main = (this.main = element("div", "station", this.box));
    this.title = element("h3", "", main);
    this.text = element("p", "muted", main);
    const label = "Matrix of this station";
    const picture = element("div", "picture", main);
    this.map = new HeatMap(picture, { tell: (row, column) => this.told(row, column), choose: (row, column) => this.choose(row, column), label });
    this.legend = element("div", "", picture);
    this.cell = element("div", "cell", main, { "aria-live": "polite" });
    this.sampling = new Sampling(main, reader);
    this.key = "queries";
    this.known = new Map(); // weights that were asked for, by cell
  }

  show() {
    const { reading, state } = this.reader;
    this.stations = stationsOf(reading, state.layer, state.head);
    if (!this.stations.some(({ key }) => key === this.key)) this.key = "queries";
    this.fillList();
    this.showStation();
  }

  fillList() {
    const { theme } = this.reader;
    let group = "";
    this.list.replaceChildren();
    for (const station of this.stations) {
      if (station.group !== group) element("div", "group", this.list, { role: "presentation" }).textContent = group = station.group;
      const chosen = station.key === this.key;
      const node = element("button", "stop", this.list, { type: "button", role: "tab", "aria-selected": chosen, tabindex: chosen ? 0 : -1 });
      element("span", "name", node).textContent = station.name;
      element("span", "shape", node).textContent = `${station.matrix.rows} × ${station.matrix.columns}`;
      const canvas = element("canvas", "", node, { "aria-hidden": "true" });
      station.node = node;
      thumbnailInto(canvas, theme, station.matrix, station.signed, this.limit(station));
      node.addEventListener("click", () => this.open(station.key));
    }
  }

  /** The value in full colour: 1 for shares; for numbers with a sign a bit under the largest, so that outliers do not hide the rest. */
  limit({ matrix, signed, list }) {
    if (list) return Math.max(1, largestOf(matrix));
    if (!signed) return 1;
    const sizes = matrix.data.filter(Number.isFinite).map(Math.abs).sort();
    return sizes.length ? sizes[Math.floor(0.99 * (sizes.length - 1))] || sizes.at(-1) || 1 : 1;
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const place = this.stations.findIndex(({ key }) => key === this.key);
    this.open(this.stations[clamp(place + step, 0, this.stations.length - 1)].key);
    this.station.node.focus();
  }

  open(key) {
    this.key = key;
    for (const station of this.stations) {
      station.node.setAttribute("aria-selected", station.key === key);
      station.node.tabIndex = station.key === key ? 0 : -1;
    }
    this.showStation();
  }

  showStation() {
    const { reading, theme, state } = this.reader;
    const station = (this.station = this.stations.find(({ key }) => key === this.key));
    const { matrix } = station;
    this.title.textContent = `${station.name}: ${matrix.rows} × ${matrix.columns}`;
    this.text.textContent = station.text;
    const row = Math.min([...state.selected].at(-1) ?? matrix.rows - 1, matrix.rows - 1);
    const column = station.square ? Math.min(row, Math.max(0, row - 1)) : 0;
    const cell = this.kept?.key === this.key && this.kept.cell[0] < matrix.rows && this.kept.cell[1] < matrix.columns ? this.kept.cell : [row, column];
    const limit = this.limit(station);
    this.main.classList.toggle("beside", matrix.columns <= NARROW);
    const size = station.words ? { most: 36 } : station.list ? { most: 64 } : { most: station.square ? 24 : 18 };
    const words = reading.texts.map(shown);
    this.map.show(theme, matrix, { down: words, across: station.square ? words : null, signed: station.signed, limit, cell, ...size });
    this.legend.replaceChildren();
    if (!station.list) scaleLegend(this.legend, theme, station.signed, limit);
    this.sampling.toggle(Boolean(station.sampling), cell[0]);
    this.explain(...cell);
  }

  told(row, column) {
    const { reading } = this.reader;
    const value = this.station.matrix.data[row * this.station.matrix.columns + column];
    const name = this.station.words ? `, next “${reading.topTexts[row][column]}”` : this.station.square ? ` and “${shown(reading.texts[column])}”` : `, column ${column + 1}`;
    return `“${shown(reading.texts[row])}” (${row + 1})${this.station.list ? "" : name}: ${this.station.list ? value : format(value)}`;
  }

  choose(row, column) {
    this.kept = { key: this.key, cell: [row, column] };
    this.sampling.toggle(Boolean(this.station.sampling), row);
    this.explain(row, column);
  }

  // ---- the arithmetic of a cell ----

  explain(row, column) {
    const found = this.station.explain(row, column);
    const { matrix, list } = this.station;
    this.asked = null;
    this.cell.replaceChildren();
    if (this.station.sampling) return;
    const value = matrix.data[row * matrix.columns + column];
    const head = element("p", "result", this.cell);
    element("b", "", head).textContent = this.told(row, column);
    element("p", "formula", this.cell).textContent = found.formula;
    for (const text of found.lines || []) element("p", "line", this.cell).textContent = text;
    if (found.dot?.right) this.dot(found.dot.left, found.dot.right, 0, found.dot, value);
    if (!found.ask || list) return;
    if (!this.reader.reading.canAsk) return void (element("p", "muted", this.cell).textContent = "The weights of this cell are not at hand.");
    this.pending = element("div", "pending", this.cell);
    this.pending.textContent = "Asking the network for these weights …";
    this.asked = { key: JSON.stringify([this.reader.reading.id, found.ask]), found, value };
    if (this.known.has(this.asked.key)) this.answer(this.known.get(this.asked.key));
    else this.reader.askWeights({ ...found.ask, key: this.asked.key });
  }

  /** The weights of a cell have come: the sum is written out. */
  answer(weights) {
    if (this.known.size > 200) this.known.clear();
    if (!weights.problem) this.known.set(weights.key, weights);
    if (!this.asked || weights.key !== this.asked.key) return;
    const { found, value } = this.asked;
    this.pending.replaceChildren();
    const place = this.pending;
    if (weights.problem) return void (place.textContent = weights.problem);
    if (found.finish) {
      element("p", "line", place).textContent = found.finish(weights);
      return;
    }
    const { left, name, bend } = found.dot;
    const sums = weights.columns.map(({ weights: column, bias }) => { // two for a gate or a turn
      return this.dot(left, column, bias, { name, other: "w", bend }, value, place);
    });
    if (bend) this.bent(sums, bend, place);
    if (weights.mix) sums[0] = this.mixed(weights, sums[0], found.dot.before, place);
    if (weights.turn) {
      const [cosine, sine] = weights.turn;
      element("p", "line", place).textContent =
        `turned by its position: ${format(sums[0])} × ${signed(cosine)} + ${signed(sums[1])} × ${signed(sine)} = ${format(sums[0] * cosine + sums[1] * sine)}`;
    }
  }

  /** Keys that mix in the key of the token before. */
  mixed({ mix: [part], columns }, own, before, place) {
    const earlier = before ? before.reduce((sum, one, k) => sum + one * columns[0].weights[k], columns[0].bias) : 0;
    const result = (1 - part) * own + part * earlier;
    element("p", "line", place).textContent = `${format(1 - part)} × ${format(own)} + ${format(part)} × ${format(earlier)} (the token before) = ${format(result)}`;
    return result;
  }

  bent(sums, bend, place) {
    const bent = BENDS[bend](sums[0]);
    const whole = sums.length > 1 ? `${format(bent)} × ${signed(sums[1])} = ${format(bent * sums[1])}` : format(bent);
    element("p", "line", place).textContent = `${BEND_NAMES[bend]}(${format(sums[0])}) = ${whole}`;
  }

  /** Write a dot product: its largest terms, the rest as one number, the bias, the sum. Returns the sum. */
  dot(left, right, bias, { name, other, labels }, value, place = this.cell) {
    const terms = [...left].map((one, k) => ({ k, one, two: right[k], product: one * right[k] }));
    const order = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
    const largest = order.slice(0, MOST_TERMS);
    const rest = order.slice(MOST_TERMS).reduce((sum, { product }) => sum + product, 0);
    const total = terms.reduce((sum, { product }) => sum + product, 0) + bias;
    const table = element("table", "terms", place);
    const line = (...cells) => {
      const tr = element("tr", "", table);
      cells.forEach((text, k) => (element(k ? "td" : "th", "", tr, k ? {} : { scope: "row" }).textContent = text));
      return tr;
    };
    for (const { k, one, two, product } of largest) {
      line(labels ? `“${shown(labels[k])}” (${k + 1})` : `${name}${k + 1} × ${other}${k + 1}`, `${format(one)} × ${signed(two)}`, format(product));
    }
    if (order.length > MOST_TERMS) line(`${order.length - MOST_TERMS} more`, "", format(rest));
    if (bias) line("bias", "", format(bias));
    line("sum", "", format(total)).className = "sum";
    return total;
  }
}

/** Temperature, top-k and top-p on the best next tokens of a place, moved without the server. */
class Sampling {
  constructor(parent, reader) {
    this.reader = reader;
    this.box = element("div", "sampling", parent);
    this.knobs = element("div", "knobs", this.box);
    this.bars = element("div", "bars", this.box);
    this.values = { temperature: 1, k: 20, p: 1 };
    this.knob("temperature", "Temperature", 0.1, 2, 0.1);
    this.knob("k", "Top-k", 1, 20, 1);
    this.knob("p", "Top-p", 0.05, 1, 0.05);
  }

  knob(name, words, min, max, step) {
    const label = element("label", "", this.knobs);
    const text = element("span", "", label);
    const slider = element("input", "", label, { type: "range", min, max, step, value: this.values[name] });
    const tell = () => (text.textContent = `${words} ${this.values[name]}`);
    slider.addEventListener("input", () => {
      this.values[name] = Number(slider.value);
      tell();
      this.draw();
    });
    tell();
  }

  toggle(shown, row) {
    this.box.hidden = !shown;
    this.row = row;
    if (shown) this.draw();
  }

  draw() {
    const { reading } = this.reader;
    const before = reading.row("top_probabilities", this.row);
    const after = this.reshaped(reading.row("top_logits", this.row), before);
    const texts = reading.topTexts[this.row];
    fillBars(this.bars, texts.slice(0, 12).map((text, k) => ({ text, value: after[k], ghost: before[k] })));
  }

  /** The shares after temperature, top-k and top-p; what the best ones leave over is left out, as top-k does. */
  reshaped(logits, before) {
    const { temperature, k, p } = this.values;
    const scaled = [...logits].map((logit) => Math.exp((logit - logits[0]) / temperature));
    const cut = scaled.map((one, place) => (place < k ? one : 0));
    const sum = cut.reduce((total, one) => total + one, 0);
    let reached = 0;
    const kept = cut.map((one) => {
      const inside = reached < p * sum - 1e-9;
      reached += one;
      return inside ? one : 0;
    });
    const left = kept.reduce((total, one) => total + one, 0);
    return kept.map((one) => one / left);
  }
}

/** A share in percent; what is beyond the candidates that are known is smaller than all of them. */
const percent = (value) => (Number.isFinite(value) ? `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %` : "less");

/** Horizontal bars with names and shares; ghost: what it was before. */
function fillBars(parent, items) {
  parent.replaceChildren(...items.map(({ text, value, ghost }) => {
    const row = element("div", "bar-row");
    element("bdi", "bar-name", row).textContent = visible(text);
    const track = element("div", "track", row);
    if (ghost !== undefined) element("i", "ghost", track).style.width = `${100 * (ghost || 0)}%`;
    element("i", "fill", track).style.width = `${100 * (value || 0)}%`;
    element("span", "number", row).textContent = percent(value);
    return row;
  }));
}
