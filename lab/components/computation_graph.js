// The computation graph: a card for each unit, its weights as lines of the card, and a walk through one training step.
// Numbers come as text together with the station from which on they are known; stations change without the server.

const graphs = new WeakMap();

export default function mount({ parentElement: root, data, setStateValue }) {
  if (!graphs.has(root)) graphs.set(root, new Graph(root));
  graphs.get(root).update(data, (act) => setStateValue("act", act));
  return () => {
    if (root.host.isConnected) return;
    graphs.get(root)?.close();
    graphs.delete(root);
  };
}

const UNKNOWN = "·";
const SVG = "http://www.w3.org/2000/svg";

function make(tag, className, parent, attributes = {}, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent.append(made);
  return made;
}

function line(parent, className) {
  const made = document.createElementNS(SVG, "path");
  made.setAttribute("class", className);
  parent.append(made);
  return made;
}

class Graph {
  constructor(root) {
    this.turn = Date.now();
    this.host = make("div", "walk", root);
    const bar = make("div", "bar", this.host);
    this.back = make("button", "", bar, { type: "button" }, "Back");
    this.slider = make("input", "slider", bar, { type: "range", min: 0, step: 1, "aria-label": "Station of the walk" });
    this.next = make("button", "next", bar, { type: "button" }, "Next");
    this.told = make("p", "told", this.host, { "aria-live": "polite" });
    this.view = make("div", "view", this.host, { role: "group", tabindex: "0" });
    this.plane = make("div", "plane", this.view);
    this.hint = make("p", "hint", this.host);
    this.hint.textContent =
      "Click a weight, an input or the target to choose and change it. Blue lines are positive weights, orange negative.";
    this.back.addEventListener("click", () => this.go(this.station - 1));
    this.next.addEventListener("click", () => this.go(this.station + 1));
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.observer = new ResizeObserver(() => this.drawLines());
    this.observer.observe(this.plane);
  }

  update(data, send) {
    this.data = data;
    this.send = (place, value) => send({ place, value, turn: (this.turn += 1) });
    const shape = JSON.stringify([data.sizes, data.names, data.heads]);
    if (shape !== this.shape) this.build(shape);
    const style = this.host.style;
    style.setProperty("--positive", data.palette.positive);
    style.setProperty("--negative", data.palette.negative);
    this.view.setAttribute("aria-label", data.alt);
    const last = data.stations.length - 1;
    this.slider.max = last;
    if (this.station === undefined || this.station > last) this.station = data.start;
    this.show();
  }

  go(station) {
    const count = this.data.stations.length;
    this.station = (station + count) % count;
    this.show();
    this.bringIntoView();
  }

  // ---- building the cards, once for each shape of network ----

  build(shape) {
    this.shape = shape;
    this.closeEditor();
    const { sizes, heads } = this.data;
    this.plane.replaceChildren();
    this.plane.style.setProperty("--columns", sizes.length + 1);
    this.picture = document.createElementNS(SVG, "svg");
    this.picture.setAttribute("aria-hidden", "true");
    this.plane.append(this.picture);
    this.cells = [];
    this.columns = heads.map((head, layer) => {
      const column = make("div", `layer${layer === 0 || layer === sizes.length ? " end" : ""}`, this.plane);
      make("div", "head", column, {}, head);
      return { column, cards: [], stack: make("div", "stack", column) };
    });
    this.ports = [];
    this.buildInputs();
    sizes.slice(1).forEach((size, index) => this.buildLayer(index + 1, size));
    this.buildLoss();
  }

  buildInputs() {
    this.data.names.forEach((name, place) => {
      const card = this.card(0);
      make("span", "name wide", card, { title: name }, name);
      this.editable(card, place, "inputs", place, "wide");
    });
  }

  card(layer) {
    const card = make("div", "card", this.columns[layer].stack);
    this.columns[layer].cards.push(card);
    return card;
  }

  buildLayer(layer, size) {
    const { sizes } = this.data;
    const before = sizes[layer - 1];
    const last = layer === sizes.length - 1;
    let first = 0;
    for (let k = 1; k < layer; k += 1) first += (sizes[k - 1] + 1) * sizes[k];
    let unit = 0;
    for (let k = 1; k < layer; k += 1) unit += sizes[k];
    for (let j = 0; j < size; j += 1) {
      const card = this.card(layer);
      for (let i = 0; i <= before; i += 1) {
        const index = first + i * size + j;
        const bias = i === before;
        make("span", "sign", card, {}, bias ? "b" : `w${"₁₂₃₄"[i]}`);
        const button = this.editable(card, sizes[0] + 1 + index, "parameters", index);
        make("span", "sign", card, {}, "∇");
        this.cell(card, "gradients", index, ["back", layer]);
        if (!bias) this.ports.push({ layer, source: i, target: j, index, button });
      }
      make("span", "rule", card);
      this.pair(card, "z", "sums", unit + j, ["forward", layer]);
      this.pair(card, last ? "ŷ" : "a", "outputs", unit + j, ["forward", layer]);
      if (!last) this.pair(card, "f′", "slopes", unit + j, ["back", layer]);
      this.pair(card, "δ", "deltas", unit + j, ["back", layer]);
    }
    for (const port of this.ports.filter((one) => one.layer === layer)) {
      port.line = line(this.picture, "line");
      port.reach = line(this.picture, "reach");
      port.reach.addEventListener("click", () => this.open(port.button));
    }
  }

  buildLoss() {
    const layer = this.data.sizes.length;
    const card = this.card(layer);
    make("span", "name wide", card, {}, "target y");
    this.editable(card, this.data.sizes[0], "target", 0, "wide");
    make("span", "rule", card);
    this.pair(card, "L", "loss", 0, ["loss"]);
    make("span", "name wide", card, {}, "after the step");
    this.pair(card, "L", "loss_after", 0, ["update"]);
  }

  pair(card, sign, field, index, known) {
    make("span", "sign", card, {}, sign);
    this.cell(card, field, index, known);
  }

  cell(card, field, index, known) {
    this.cells.push({ node: make("span", "number", card), field, index, known });
  }

  editable(card, place, field, index, extra = "") {
    const button = make("button", `number ${extra}`, card, { type: "button" });
    this.cells.push({ node: button, field, index, place });
    button.place = place;
    button.addEventListener("click", () => this.open(button));
    return button;
  }

  // ---- filling in what is known at this station ----

  show() {
    const { data, station } = this;
    const { stations, known, texts } = data;
    this.slider.value = station;
    this.slider.setAttribute("aria-valuetext", stations[station].name);
    this.told.replaceChildren();
    make("b", "", this.told, {}, `${stations[station].name}. `);
    this.told.append(stations[station].text);
    const updated = station >= known.update;
    const changed = new Set(data.changed);
    for (const { node, field, index, known: since, place } of this.cells) {
      const from = since ? (since.length > 1 ? known[since[0]][since[1]] : known[since[0]]) : 0;
      const moved = field === "parameters" && updated;
      const shown = station >= from ? texts[moved ? "updated" : field][index] : UNKNOWN;
      if (node.textContent !== shown) node.textContent = shown;
      node.classList.toggle("unknown", station < from);
      if (place === undefined) continue;
      node.classList.toggle("chosen", place === data.chosen);
      node.classList.toggle("changed", changed.has(place));
      node.classList.toggle("moved", moved);
      node.title = `${data.labels[place]} ${shown}`;
      node.setAttribute("aria-label", `${data.labels[place]}: ${shown}. Change`);
    }
    const { layer, way } = stations[station];
    this.columns.forEach(({ column }, k) => {
      column.classList.toggle("active", k === layer || way === "update");
      column.classList.toggle("backward", k === layer && way === "back");
    });
    this.drawLines();
  }

  drawLines() {
    if (!this.data || !this.picture) return;
    const frame = this.plane.getBoundingClientRect();
    const zoom = this.plane.currentCSSZoom || 1; // on slides all is magnified, and boxes are told in pixels of the screen
    const extent = [this.plane.scrollWidth, this.plane.scrollHeight];
    const boxes = this.columns.map(({ cards }) => cards.map((card) => card.getBoundingClientRect()));
    const rows = this.ports.map(({ button }) => button.getBoundingClientRect());
    // All places are read before anything is written: one layout of the page instead of one for each line.
    this.picture.setAttribute("width", extent[0]);
    this.picture.setAttribute("height", extent[1]);
    const { layer, way } = this.data.stations[this.station];
    const values = this.data[this.station >= this.data.known.update ? "updated" : "parameters"];
    const first = this.data.sizes[0] + 1;
    this.ports.forEach((port, k) => {
      const from = boxes[port.layer - 1][port.source];
      const to = boxes[port.layer][port.target];
      const start = [from.right - frame.left, from.top + from.height / 2 - frame.top];
      const end = [to.left - frame.left, rows[k].top + rows[k].height / 2 - frame.top];
      const [x1, y1, x2, y2] = [...start, ...end].map((place) => place / zoom);
      const bend = (x2 - x1) / 2;
      const path = `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
      const value = values[port.index] ?? 0;
      port.line.setAttribute("d", path);
      port.reach.setAttribute("d", path);
      port.line.style.strokeWidth = `${1 + Math.min(5, 2.2 * Math.abs(value))}px`;
      port.line.classList.toggle("negative", value < 0);
      port.line.classList.toggle("active", port.layer === layer || way === "update");
      port.line.classList.toggle("chosen", first + port.index === this.data.chosen);
    });
  }

  bringIntoView() {
    const { layer } = this.data.stations[this.station];
    const column = this.columns[layer]?.column;
    if (!column || this.view.scrollWidth <= this.view.clientWidth) return;
    this.view.scrollTo({ left: column.offsetLeft - (this.view.clientWidth - column.offsetWidth) / 2 });
  }

  // ---- changing a number in its place ----

  open(button) {
    this.closeEditor();
    const { data } = this;
    const place = button.place;
    const target = place === data.sizes[0];
    const value = [...data.inputs, data.target, ...data.parameters][place];
    const editor = make("div", "editor", this.plane);
    const label = make("label", "", editor, {}, data.labels[place]);
    const classes = target && data.classes > 0;
    const limits = classes ? { min: 0, max: data.classes - 1, step: 1 } : { min: -1000, max: 1000, step: 0.1 };
    const field = make("input", "", label, { type: "number", ...limits });
    field.value = Number(value.toPrecision(6));
    const done = make("button", "", editor, { type: "button" }, "Done");
    const frame = this.plane.getBoundingClientRect();
    const box = button.getBoundingClientRect();
    const room = this.plane.scrollWidth - 170;
    const zoom = this.plane.currentCSSZoom || 1;
    editor.style.left = `${Math.max(0, Math.min(room, (box.left - frame.left) / zoom - 20))}px`;
    const below = (box.bottom - frame.top) / zoom + 4;
    editor.style.top = `${below + 84 > this.plane.scrollHeight ? (box.top - frame.top) / zoom - 84 : below}px`;
    const leave = () => {
      this.closeEditor();
      button.focus({ preventScroll: true });
    };
    field.addEventListener("change", () => {
      const typed = Number(field.value);
      const whole = !classes || Number.isInteger(typed);
      if (field.value !== "" && whole && typed >= limits.min && typed <= limits.max) this.send(place, typed);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leave();
      if (event.key === "Enter") setTimeout(leave); // after the change itself
      event.stopPropagation();
    });
    done.addEventListener("click", leave);
    this.editor = editor;
    field.focus({ preventScroll: true });
    field.select();
    if (place !== data.chosen && place > data.sizes[0]) this.send(place, null);
  }

  closeEditor() {
    this.editor?.remove();
    this.editor = null;
  }

  close() {
    this.observer.disconnect();
    this.host.remove();
  }
}
