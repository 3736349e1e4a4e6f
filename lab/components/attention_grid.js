// All heads side by side, as small maps: sorted by layer or by a score, chosen by click or key.

class Grid {
  constructor(parent, reader) {
    this.reader = reader;
    const bar = element("div", "sort", parent);
    const label = element("label", "", bar);
    label.append("Sort by ");
    this.order = element("select", "", label);
    this.order.addEventListener("change", () => this.show());
    this.told = element("span", "muted", bar);
    this.box = element("div", "heads", parent, { role: "group", "aria-label": "All heads. Arrow keys move, Enter chooses." });
    this.box.addEventListener("keydown", (event) => this.move(event));
  }

  show() {
    const { reading, theme, state } = this.reader;
    const names = reading.scoreNames;
    if (this.names !== String(names)) {
      this.names = String(names);
      this.order.replaceChildren(new Option("layer and head", ""), ...names.map((name, k) => new Option(name, k)));
    }
    const chosen = this.order.value;
    const heads = this.ordered(chosen);
    this.box.style.setProperty("--across", chosen === "" ? reading.heads : Math.max(4, Math.min(12, reading.heads)));
    this.told.textContent = chosen === "" ? "One row a layer." : `Largest first. ${reading.scoreMeanings[chosen]}`;
    this.box.replaceChildren(...heads.map(({ layer, head, value }) => this.button(layer, head, chosen === "" ? null : value)));
    heads.forEach(({ layer, head }, place) => {
      thumbnailInto(this.box.children[place].firstChild, theme, reading.matrix("attention", layer, head), false, 1);
    });
    const current = heads.findIndex(({ layer, head }) => layer === state.layer && head === state.head);
    [...this.box.children].forEach((node, place) => (node.tabIndex = place === Math.max(0, current) ? 0 : -1));
  }

  ordered(chosen) {
    const { reading } = this.reader;
    const heads = [];
    for (let layer = 0; layer < reading.layers; layer += 1) {
      for (let head = 0; head < reading.heads; head += 1) {
        heads.push({ layer, head, value: chosen === "" ? 0 : reading.row("head_scores", layer, head)[chosen] });
      }
    }
    return chosen === "" ? heads : heads.sort((one, other) => other.value - one.value);
  }

  button(layer, head, value) {
    const { reading, state } = this.reader;
    const type = reading.headTypes[layer][head];
    const score = value === null ? "" : ` ${value < 1 ? share(value) : value.toFixed(1)}`;
    const node = element("button", "head", null, { type: "button", "aria-label": `Layer ${layer + 1}, head ${head + 1}: ${type}${score}` });
    node.classList.toggle("chosen", layer === state.layer && head === state.head);
    element("canvas", "", node, { "aria-hidden": "true" });
    element("span", "place", node).textContent = `${layer + 1}·${head + 1}${score ? ` · ${score}` : ""}`;
    element("span", "type", node).textContent = type;
    node.addEventListener("click", () => this.reader.chooseHead(layer, head, "map"));
    return node;
  }

  move(event) {
    const across = Number(this.box.style.getPropertyValue("--across"));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const nodes = [...this.box.children];
    const next = nodes[clamp(nodes.indexOf(event.target.closest("button")) + step, 0, nodes.length - 1)];
    next.focus();
  }
}
