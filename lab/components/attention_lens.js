// What each layer would already say next (the logit lens), and what each head adds to the logit of the best candidate.

class Lens {
  constructor(parent, reader) {
    this.reader = reader;
    this.title = element("h3", "", parent);
    element("p", "muted", parent).textContent =
      "The stream after each layer, read as if it were the last one. Darker is more probable; the columns are the best five.";
    this.table = element("table", "lens", parent);
    this.second = element("h3", "", parent);
    this.note = element("p", "muted", parent);
    const words = { tell: (row, column) => this.told(row, column), choose: (row, column) => reader.chooseHead(row, column) };
    this.map = new HeatMap(parent, { ...words, label: "What each head adds, one row a layer" });
    this.scale = element("div", "", parent);
  }

  show() {
    const { reading, state } = this.reader;
    this.token = [...state.selected].at(-1) ?? reading.texts.length - 1;
    const word = `“${shown(reading.texts[this.token])}” (${this.token + 1})`;
    const there = reading.lensTexts !== undefined;
    this.title.textContent = there ? `Layer by layer: ${reading.nextWords.toLowerCase()} ${word}` : "This network names no next token: it turns a text into one vector.";
    this.table.hidden = !there;
    if (there) this.fill();
    this.showHeads(word);
  }

  fill() {
    const { reading, theme } = this.reader;
    const colour = heat(theme, false, 1);
    const rows = reading.lensTexts.map((layers, layer) => {
      const row = element("tr");
      element("th", "", row, { scope: "row" }).textContent = layer ? `after layer ${layer}` : "before the first";
      layers[this.token].forEach((text, k) => {
        const share = reading.row("lens_probabilities", layer, this.token)[k];
        const cell = element("td", "", row);
        const [red, green, blue, opacity] = colour(share);
        cell.style.background = `rgba(${red},${green},${blue},${(0.5 * opacity) / 255})`;
        element("bdi", "", cell).textContent = visible(text);
        element("span", "number", cell).textContent = `${(100 * share).toFixed(0)} %`;
      });
      return row;
    });
    this.table.replaceChildren(...rows);
  }

  showHeads(word) {
    const { reading, theme, state } = this.reader;
    const there = reading.has("head_contributions");
    for (const node of [this.second, this.note, this.map.box, this.map.readout, this.scale]) node.hidden = !there;
    if (!there) return;
    const data = new Float32Array(reading.layers * reading.heads);
    for (let k = 0; k < data.length; k += 1) data[k] = reading.row("head_contributions", Math.floor(k / reading.heads), k % reading.heads)[this.token];
    this.data = data;
    const matrix = { rows: reading.layers, columns: reading.heads, data };
    const limit = largestOf(matrix);
    this.second.textContent = `Which heads speak for “${visible(reading.topTexts[this.token][0])}” after ${word}`;
    this.note.textContent = "What each head adds to that logit, directly: blue for, orange against. Click a cell to go to its head.";
    const names = (count, letter) => Array.from({ length: count }, (_, k) => `${letter}${k + 1}`);
    this.map.show(theme, matrix, { down: names(reading.layers, "layer "), across: names(reading.heads, "head "), signed: true, limit, cell: [state.layer, state.head] });
    this.scale.replaceChildren();
    scaleLegend(this.scale, theme, true, limit);
  }

  told(row, column) {
    const type = this.reader.reading.headTypes[row][column];
    return `Layer ${row + 1}, head ${column + 1} (${type}) adds ${format(this.data[row * this.reader.reading.heads + column])} to this logit.`;
  }
}
