// The reader: one text in one network, seen from all sides. Everything that is hovered or chosen stays in the browser;
// the server is asked for the weights of one cell, and told what to cut.

const readers = new WeakMap();

export default function mount({ parentElement: root, data, setStateValue, setTriggerValue }) {
  if (!readers.has(root)) readers.set(root, new Reader(root));
  readers.get(root).update(data, setStateValue, setTriggerValue);
  return () => {
    if (root.host.isConnected) return;
    readers.get(root)?.close();
    readers.delete(root);
  };
}

const TABS = [["lines", "Lines"], ["map", "Heat map"], ["grid", "All heads"], ["neuron", "Query × key"], ["lens", "Layer by layer"], ["way", "The whole way"]];
const WEIGHTS = "road:weights";

class Reader {
  constructor(root) {
    this.host = element("div", "reader", root);
    this.state = { tab: "lines", layer: 0, head: 0, source: "attention", selected: new Set(), arrow: null };
    this.draws = 0;
    this.buildBar();
    this.buildViews();
    this.observer = new ResizeObserver(() => this.reading && this.show());
    this.observer.observe(this.host);
    this.heard = ({ detail }) => this.way.answer(detail);
    window.addEventListener(WEIGHTS, this.heard);
    this.schemes = window.matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => this.reading && this.show();
    this.schemes.addEventListener("change", this.recolour);
  }

  buildBar() {
    this.tokens = element("div", "tokens", this.host, { role: "group", "aria-label": "Tokens. Select one or several." });
    const bar = element("div", "bar", this.host);
    this.tabs = element("div", "tabs", bar, { role: "tablist", "aria-label": "Views" });
    for (const [key, words] of TABS) {
      const tab = element("button", "tab", this.tabs, { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": "view" });
      tab.textContent = words;
      tab.addEventListener("click", () => this.chooseTab(key));
    }
    this.tabs.addEventListener("keydown", (event) => this.walkTabs(event));
    const pickers = element("div", "pickers", bar);
    this.layer = this.picker(pickers, "Layer", (place) => this.chooseHead(place, this.state.head));
    this.head = this.picker(pickers, "Head", (place) => this.chooseHead(this.state.layer, place));
    const label = element("label", "source", pickers);
    label.append("Show ");
    this.source = element("select", "", label);
    this.source.addEventListener("change", () => {
      this.state.source = this.source.value;
      this.show();
    });
  }

  picker(parent, words, choose) {
    const box = element("div", "picker", parent, { role: "group", "aria-label": words });
    const button = (text, name, step) => {
      const made = element("button", "", box, { type: "button", "aria-label": name });
      made.textContent = text;
      made.addEventListener("click", () => choose((Number(select.value) + step + select.length) % select.length));
      return made;
    };
    const label = element("label", "", null);
    label.append(`${words} `);
    const select = element("select", "", label);
    button("‹", `${words} before`, -1);
    box.append(label);
    button("›", `Next ${words.toLowerCase()}`, 1);
    select.addEventListener("change", () => choose(Number(select.value)));
    return select;
  }

  buildViews() {
    this.body = element("div", "body", this.host);
    this.main = element("div", "main", this.body, { id: "view", role: "tabpanel" });
    this.wait = element("p", "muted", this.main, { "aria-live": "polite" });
    this.wait.textContent = "Fetching this layer of the network …";
    const pane = (key) => element("div", `pane pane-${key}`, this.main);
    this.panes = Object.fromEntries(TABS.map(([key]) => [key, pane(key)]));
    this.lines = new Lines(this.panes.lines, this);
    const words = { tell: (row, column) => this.tellCell(row, column), choose: (row, column) => this.markArrow(row, column) };
    this.map = new HeatMap(this.panes.map, { ...words, label: "Attention, one row for each token that asks" });
    this.scale = element("div", "", this.panes.map);
    this.grid = new Grid(this.panes.grid, this);
    this.neuron = new Neuron(this.panes.neuron, this);
    this.lens = new Lens(this.panes.lens, this);
    this.way = new Way(this.panes.way, this);
    this.side = new Side(this.body, this);
  }

  update(bytes, setState, setTrigger) {
    Object.assign(this, { setState, setTrigger });
    const reading = new Reading(bytes);
    const known = reading.id === this.reading?.id;
    if (known && readTheme(this.host).ground === this.theme.ground) return; // another cell was asked for, nothing else
    if (!known) this.take(reading);
    this.show();
    this.draws += 1;
    this.host.dataset.draws = this.draws;
    this.host.dataset.reading = reading.id;
    performance.mark("reader:picture"); // what the benchmark waits for
  }

  /** Another text or another network: what was chosen stays where it still fits. */
  take(reading) {
    const same = this.reading?.model === reading.model;
    const again = same && String(this.reading.texts) === String(reading.texts);
    this.reading = reading;
    const { state } = this;
    if (!same) Object.assign(state, { layer: reading.start[0], head: reading.start[1] });
    if (!again) {
      state.selected = new Set([reading.texts.length - 1]);
      state.arrow = null;
    }
    this.way.kept = null;
    const usable = SOURCES.filter(([key]) => this.usable(key));
    this.source.replaceChildren(...usable.map(([key, words]) => new Option(words, key)));
    if (!usable.some(([key]) => key === state.source)) state.source = usable[0][0];
    if (!same && this.usable("cross")) state.source = "cross";
    this.layer.replaceChildren(...Array.from({ length: reading.layers }, (_, k) => new Option(`${k + 1} of ${reading.layers}`, k)));
    this.head.replaceChildren(...Array.from({ length: reading.heads }, (_, k) => new Option(`${k + 1} of ${reading.heads}`, k)));
    this.tokens.replaceChildren(...reading.texts.map((text, place) => this.token(text, place)));
  }

  usable(key) {
    const needs = { cross: "cross_attention", source: "source_attention", layer: "layer_mean", mean: "whole_mean" };
    return this.reading.has(needs[key] || (key === "corrected" ? "attention" : key));
  }

  token(text, place) {
    const node = element("button", "token", null, { type: "button" });
    element("bdi", "", node).textContent = shown(text);
    element("span", "order", node).textContent = place + 1;
    node.addEventListener("click", () => this.toggle(place));
    node.addEventListener("pointerenter", () => this.state.tab === "lines" && this.lines.hover({ row: place }));
    node.addEventListener("pointerleave", () => this.state.tab === "lines" && this.lines.hover(null));
    return node;
  }

  // ---- choosing ----

  toggle(place) {
    const { selected } = this.state;
    if (selected.has(place)) selected.delete(place);
    else selected.add(place);
    this.state.arrow = null;
    this.show();
  }

  chooseTab(tab) {
    this.state.tab = tab;
    this.show();
  }

  chooseHead(layer, head, tab) {
    Object.assign(this.state, { layer, head, tab: tab || this.state.tab });
    if (["layer", "mean"].includes(this.state.source) && tab) this.state.source = "attention";
    this.show();
  }

  walkTabs(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const keys = TABS.map(([key]) => key);
    this.chooseTab(keys[(keys.indexOf(this.state.tab) + step + keys.length) % keys.length]);
    this.tabs.querySelector("[aria-selected=true]").focus();
  }

  markArrow(row, column) {
    this.state.arrow = [row, column];
    if (!this.state.selected.has(row)) this.state.selected = new Set([row]);
    this.show();
  }

  askWeights(question) {
    this.setState("cell", question);
  }

  cut(what) {
    this.setTrigger("cut", what);
  }

  // ---- showing ----

  show() {
    const { reading, state } = this;
    this.theme = readTheme(this.host);
    this.host.classList.toggle("dark", this.theme.dark);
    this.layer.value = state.layer;
    this.head.value = state.head;
    this.source.value = state.source;
    this.source.parentNode.hidden = !["lines", "map"].includes(state.tab);
    [...this.tokens.children].forEach((node, place) => node.setAttribute("aria-pressed", state.selected.has(place)));
    [...this.tabs.children].forEach((node, place) => {
      const chosen = TABS[place][0] === state.tab;
      node.setAttribute("aria-selected", chosen);
      node.tabIndex = chosen ? 0 : -1;
    });
    this.main.setAttribute("aria-labelledby", `tab-${state.tab}`);
    for (const [key, pane] of Object.entries(this.panes)) pane.hidden = key !== state.tab;
    this.body.classList.toggle("wide", state.tab === "way");
    this.chosen = chosenMap(reading, state);
    this.side.show();
    const needed = ["neuron", "way"].includes(state.tab);
    this.wait.hidden = !needed || reading.shownLayers.includes(state.layer);
    if (!this.wait.hidden) {
      this.panes[state.tab].hidden = true;
      this.setState("layer", state.layer);
    } else if (state.tab === "lines") this.lines.show(this.chosen, state.selected);
    else if (state.tab === "map") this.showMap();
    else this[state.tab].show();
  }

  showMap() {
    const { chosen, state, theme } = this;
    const limit = chosen.signed ? largestOf(chosen) : 1;
    const [down, across] = [chosen.asks.map(shown), chosen.asked.map(shown)];
    const marked = [...state.selected].filter((row) => row < chosen.rows);
    this.map.show(theme, chosen, { down, across, signed: chosen.signed, limit, cell: state.arrow, marked });
    if (!state.arrow) this.map.readout.textContent = "Rows ask, columns are asked. Point at a cell for its number; click it to mark it.";
    this.scale.replaceChildren();
    scaleLegend(this.scale, theme, chosen.signed, limit);
  }

  tellCell(row, column) {
    const { chosen } = this;
    const value = chosen.data[row * chosen.columns + column];
    return `“${shown(chosen.asks[row])}” (${row + 1}) looks at “${shown(chosen.asked[column])}” (${column + 1}): ${format(value)}`;
  }

  close() {
    this.observer.disconnect();
    window.removeEventListener(WEIGHTS, this.heard);
    this.schemes.removeEventListener("change", this.recolour);
    this.host.remove();
  }
}
