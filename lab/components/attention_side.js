// Beside the views: what the chosen head is, how it scores, what can be cut, and what the network says next.

class Side {
  constructor(parent, reader) {
    this.reader = reader;
    this.box = element("aside", "side", parent, { "aria-label": "The chosen head" });
    this.title = element("h3", "", this.box);
    this.type = element("p", "type", this.box);
    this.scores = element("div", "scores", this.box);
    this.cuts = element("div", "cuts", this.box);
    this.next = element("h3", "", this.box);
    this.bars = element("div", "bars", this.box);
  }

  show() {
    const { reading, state } = this.reader;
    const { layer, head } = state;
    this.title.textContent = `Layer ${layer + 1}, head ${head + 1}`;
    this.type.textContent = reading.headTypes[layer][head];
    const values = reading.row("head_scores", layer, head);
    this.scores.replaceChildren(...reading.scoreNames.map((name, k) => this.score(name, values[k], reading.scoreMeanings[k], reading.scoreLargest[k])));
    this.showCuts();
    this.showNext();
  }

  score(name, value, meaning, largest) {
    const row = element("div", "score", null, { title: meaning });
    element("span", "bar-name", row).textContent = name;
    const track = element("div", "track", row);
    element("i", "fill", track).style.width = `${100 * clamp(value / largest, 0, 1)}%`;
    element("span", "number", row).textContent = largest > 1 ? value.toFixed(1) : share(value);
    return row;
  }

  showCuts() {
    const { reading, state } = this.reader;
    this.cuts.replaceChildren();
    if (!reading.canCut) return;
    const button = (words, what) => {
      const made = element("button", "cut", this.cuts, { type: "button" });
      made.textContent = words;
      made.addEventListener("click", () => this.reader.cut(what));
    };
    const { layer, head, arrow } = state;
    if (arrow && state.source === "attention") button(`Cut the arrow ${arrow[0] + 1} → ${arrow[1] + 1}`, { kind: "arrow", layer, head, to: arrow[0], from: arrow[1] });
    button("Cut this head", { kind: "head", layer, head });
    button(`Cut layer ${layer + 1}`, { kind: "layer", layer });
  }

  showNext() {
    const { reading, state } = this.reader;
    const there = reading.has("top_probabilities");
    this.next.hidden = this.bars.hidden = !there;
    if (!there) return;
    const place = [...state.selected].at(-1) ?? reading.texts.length - 1;
    this.next.textContent = `${reading.nextWords} “${shown(reading.texts[place])}” (${place + 1})`;
    if (reading.changeTexts) {
      const [before, after] = ["change_before", "change_after"].map((name) => reading.row(name, place));
      fillBars(this.bars, reading.changeTexts[place].map((text, k) => ({ text, value: after[k], ghost: before[k] })));
      element("p", "muted", this.bars).textContent = "The marks show the network before the cut.";
      return;
    }
    const shares = reading.row("top_probabilities", place);
    fillBars(this.bars, reading.topTexts[place].slice(0, 8).map((text, k) => ({ text, value: shares[k] })));
  }
}
