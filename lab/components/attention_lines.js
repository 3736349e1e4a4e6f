// The head view: tokens that ask on the left, tokens that are asked on the right, a line for each weight between them.

const FAINTEST = 0.015; // weights below this draw no line
const [SMALLEST_ROW, LARGEST_ROW] = [15, 21]; // pixels of a token

class Lines {
  constructor(parent, reader) {
    this.reader = reader;
    this.box = element("div", "lines", parent, { role: "group", "aria-label": "Lines from each token to the tokens it looks at" });
    this.left = element("div", "side-tokens asks", this.box);
    this.picture = vector("svg", { "aria-hidden": "true" });
    this.box.append(this.picture);
    this.right = element("div", "side-tokens asked", this.box);
    this.readout = element("p", "readout", parent, { "aria-live": "polite" });
  }

  show(map, selected) {
    Object.assign(this, { map, selected, tall: clamp(Math.floor(560 / Math.max(map.rows, map.columns)), SMALLEST_ROW, LARGEST_ROW) });
    this.box.style.setProperty("--row", `${this.tall}px`);
    this.over = null;
    this.fill();
    this.draw();
  }

  fill() {
    const { asks, asked } = this.map;
    const make = (column, texts, pressable) => {
      column.replaceChildren(...texts.map((text, place) => {
        const node = element(pressable ? "button" : "span", "word", null, pressable ? { type: "button" } : {});
        element("bdi", "", node).textContent = shown(text);
        node.addEventListener("pointerenter", () => this.hover({ [pressable ? "row" : "column"]: place }));
        node.addEventListener("pointerleave", () => this.hover(null));
        if (pressable) {
          node.setAttribute("aria-pressed", this.selected.has(place));
          node.addEventListener("click", () => this.reader.toggle(place));
        } else node.addEventListener("click", () => this.pick(place));
        return node;
      }));
    };
    make(this.left, asks, true);
    make(this.right, asked, false);
  }

  hover(over) {
    this.over = over;
    this.draw();
  }

  /** A tap on a token that is asked marks the arrow from the chosen token to it. */
  pick(column) {
    const row = [...this.selected].at(-1);
    if (row !== undefined) this.reader.markArrow(row, column);
  }

  /** The rows whose lines are drawn: the one under the pointer, else the selected ones, else all. */
  rows() {
    if (this.over?.row !== undefined) return [this.over.row];
    if (this.over?.column !== undefined || !this.selected.size) return this.map.asks.map((_, row) => row);
    return [...this.selected].filter((row) => row < this.map.rows);
  }

  draw() {
    const { rows, columns, data, signed } = this.map;
    const { theme } = this.reader;
    const limit = signed ? largestOf(this.map) : 1;
    const height = Math.max(rows, columns) * this.tall;
    const width = this.picture.clientWidth || 300;
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.picture.style.height = `${height}px`;
    const chosen = this.rows();
    const few = chosen.length < rows || this.over?.column !== undefined;
    const parts = [];
    const sums = new Float32Array(columns);
    const arrow = this.reader.state.arrow;
    for (const row of chosen) {
      for (let column = 0; column < columns; column += 1) {
        const value = data[row * columns + column];
        sums[column] += value;
        if (this.over?.column !== undefined && column !== this.over.column) continue;
        const share = Math.abs(value) / limit;
        const marked = arrow && arrow[0] === row && arrow[1] === column;
        if ((share < FAINTEST && !marked) || !Number.isFinite(share)) continue;
        const [y1, y2] = [(row + 0.5) * this.tall, (column + 0.5) * this.tall];
        const [red, green, blue] = heat(theme, signed, limit)(value);
        const line = vector("path", {
          d: `M0,${y1}C${width * 0.45},${y1} ${width * 0.55},${y2} ${width},${y2}`,
          stroke: `rgb(${red},${green},${blue})`, "stroke-width": (few ? 1 : 0.6) + (few ? 5 : 2.4) * share,
          opacity: marked ? 1 : Math.min(1, 0.12 + 0.88 * share ** GAMMA), fill: "none",
        });
        if (marked) line.setAttribute("stroke-dasharray", "7 4");
        parts.push(line);
      }
    }
    this.picture.replaceChildren(...parts);
    this.shade(sums, chosen, few, limit);
    this.tell(sums, chosen, few);
  }

  shade(sums, chosen, few, limit) {
    const colour = heat(this.reader.theme, this.map.signed, few ? Math.max(limit, ...sums) : Math.max(1, ...sums));
    [...this.right.children].forEach((node, column) => {
      const [red, green, blue, opacity] = colour(sums[column]);
      const away = this.over?.column !== undefined && column !== this.over.column;
      node.style.background = away ? "" : `rgba(${red},${green},${blue},${Math.min(0.55, (0.6 * opacity) / 255)})`;
    });
    const from = new Set(chosen);
    [...this.left.children].forEach((node, row) => node.classList.toggle("dim", few && this.over?.column === undefined && !from.has(row)));
  }

  tell(sums, chosen, few) {
    const { asks, asked, columns, data } = this.map;
    const quoted = (list, place) => `“${shown(list[place])}”`;
    if (this.over?.column !== undefined) {
      const { column } = this.over;
      const best = asks.map((_, row) => row).sort((a, b) => data[b * columns + column] - data[a * columns + column])[0];
      const most = `${quoted(asks, best)} (${best + 1}) looks at it most, ${share(data[best * columns + column])}`;
      this.readout.textContent = `${quoted(asked, column)} (${column + 1}): ${most}.`;
      return;
    }
    if (!few) {
      this.readout.textContent = "Each line is a weight. Point at a token to see its lines alone; click tokens to keep several and add them up.";
      return;
    }
    const order = [...sums.keys()].sort((a, b) => sums[b] - sums[a]).slice(0, 3);
    const found = order.map((place) => `${quoted(asked, place)} (${place + 1}) ${this.map.signed ? format(sums[place]) : share(sums[place])}`).join(", ");
    const who = chosen.map((row) => `${quoted(asks, row)} (${row + 1})`).join(" + ");
    this.readout.textContent = `${who} ${chosen.length > 1 ? "together look" : "looks"} most at ${found}.`;
  }
}
