// The learning curves: axes that stand still, lines, grey baselines, and a rule at the step that is shown.

/** Below this height in pixels a chart saves its lines: the label of the x axis stands beside its numbers. */
const LOW = 210;

/** Pixels from the label of one baseline to the next. */
const LABEL = 13;

/** The range of the y axis: what the panel asks for, and all values; rounded up to a tick, so that it rarely changes. */
function valueRange(panel, count) {
  const usable = (value) => value !== null && value !== undefined && Number.isFinite(value) && (!panel.log || value > 0);
  const drawn = [...panel.series.flatMap((one) => one.values), ...panel.baselines.map((one) => one.value)];
  const values = [...drawn, panel.low, panel.high].filter(usable);
  if (!values.length) return panel.log ? [0.1, 1] : [0, 1];
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (panel.log) return low < high ? [low / 1.15, high * 1.15] : [low / 2, high * 2];
  if (low >= 0 && low < high * 0.5) low = 0;
  if (low === high) [low, high] = [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2];
  const margin = (high - low) * 0.05;
  const [first, second] = niceTicks(low, high, count);
  const top = usable(panel.high) && second > first ? roundUp(high, second - first) : high + margin;
  return [low === 0 || low === panel.low ? low : low - margin, top];
}

const roundUp = (value, step) => Math.ceil(value / step - 1e-6) * step;

function placeCurves(panel, theme, width, height) {
  const low = height < LOW;
  const count = height > 240 ? 5 : 4;
  const range = valueRange(panel, count);
  const yTicks = panel.log ? logTicks(...range) : niceTicks(...range, count);
  const last = Math.max(1, panel.until || 0, ...panel.series.flatMap((one) => one.steps));
  const plot = { right: width - 12, top: 8, bottom: height - (low ? 20 : 34), last, yTicks, low };
  plot.upright = labelPlace(panel, theme, plot);
  if (plot.upright === "above") plot.top += 15;
  const widest = Math.max(0, ...yTicks.map((tick) => textWidth(theme, tickText(tick, yTicks))));
  plot.left = Math.max(28, widest + (plot.upright === "beside" ? 26 : 8));
  const [bottom, top] = range;
  const share = panel.log
    ? (value) => Math.log(value / bottom) / Math.log(top / bottom)
    : (value) => (value - bottom) / (top - bottom);
  plot.xTicks = niceTicks(0, last, width > 320 ? 5 : 3);
  plot.x = (step) => plot.left + (step / last) * (plot.right - plot.left);
  plot.y = (value) => plot.bottom - share(value) * (plot.bottom - plot.top);
  return plot;
}

/** Where the label of the y axis stands: nowhere in a low chart whose title says the same, beside it if it fits. */
function labelPlace(panel, theme, plot) {
  if (plot.low && panel.yLabel.toLowerCase() === panel.title.toLowerCase()) return "";
  return textWidth(theme, panel.yLabel) <= plot.bottom - plot.top ? "beside" : "above";
}

/** The "d" of one series; a missing value, or one that a log scale cannot show, lifts the pen. */
function lineOf(series, plot, log) {
  let pen = "M";
  const parts = [];
  series.values.forEach((value, k) => {
    const drawn = value !== null && (!log || value > 0);
    if (drawn) parts.push(`${pen}${plot.x(series.steps[k]).toFixed(1)},${plot.y(value).toFixed(1)}`);
    pen = drawn ? "L" : "M";
  });
  return parts.join("");
}

function axisParts(panel, plot, theme) {
  const parts = plot.yTicks.flatMap((tick) => {
    const y = plot.y(tick);
    const line = vector("line", { class: "grid", x1: plot.left, x2: plot.right, y1: y, y2: y });
    const text = { class: "tick", x: plot.left - 6, y: y + 4, "text-anchor": "end" };
    return [line, vector("text", text, tickText(tick, plot.yTicks))];
  });
  parts.push(...stepParts(panel, plot, theme));
  parts.push(vector("line", { class: "axis", x1: plot.left, x2: plot.right, y1: plot.bottom, y2: plot.bottom }));
  const middle = (plot.top + plot.bottom) / 2;
  const beside = { class: "label", transform: `translate(11,${middle}) rotate(-90)`, "text-anchor": "middle" };
  const above = { class: "label", x: 0, y: 11 };
  if (plot.upright) parts.push(vector("text", plot.upright === "beside" ? beside : above, panel.yLabel));
  return parts;
}

/** The numbers of the x axis and its label: under them, or in a low chart at their right end. */
function stepParts(panel, plot, theme) {
  const y = plot.bottom + 15;
  const across = { x: (plot.left + plot.right) / 2, y: plot.bottom + 32, "text-anchor": "middle" };
  const end = { x: plot.right, y, "text-anchor": "end" };
  const free = plot.low ? plot.right - textWidth(theme, panel.xLabel) - 8 : Infinity;
  const parts = plot.xTicks.flatMap((tick) => {
    const half = textWidth(theme, whole(tick)) / 2;
    const x = Math.min(plot.x(tick), plot.right - half + 8);
    return x + half > free ? [] : [vector("text", { class: "tick", x, y, "text-anchor": "middle" }, whole(tick))];
  });
  return [...parts, vector("text", { class: "label", ...(plot.low ? end : across) }, panel.xLabel)];
}

/** The part of the axis on which no value is a number any more, and a sentence that says so. */
function lostParts(panel, plot, palette) {
  const steps = panel.series.filter((one) => !one.overlay && one.lost !== null).map((one) => one.lost);
  if (!steps.length) return [];
  const first = Math.min(...steps);
  const x = plot.x(first);
  const area = { x, y: plot.top, width: Math.max(2, plot.right - x), height: plot.bottom - plot.top };
  return [
    vector("rect", { ...area, fill: palette.wrong, opacity: 0.22 }),
    vector("text", { class: "baseline-label lost", x: plot.left + 6, y: plot.top + 14 }, `not a number from step ${whole(first)} on`),
  ];
}

/** Whether a curve runs through the place of a baseline's label: from x over its width, with its feet at y. */
function crossed(panel, plot, { x, y, width }) {
  const within = (step, value) => value !== null && plot.x(step) > x - 4 && plot.x(step) < x + width + 4 &&
    plot.y(value) > y - 13 && plot.y(value) < y + 4;
  return panel.series.some((one) => one.values.some((value, place) => within(one.steps[place], value)));
}

/** The feet of the labels of baselines, given from top to bottom: each above its line, else the next free place below. */
function stackOfLabels(lines, plot) {
  let last = plot.top - 5;
  return lines.map(({ y: own }) => {
    const free = (feet) => feet >= last + LABEL && lines.every(({ y }) => y > feet + 2 || y < feet - 10);
    const farther = Array.from({ length: 80 }, (_, k) => own + 12 + 2 * k).filter((feet) => feet < plot.bottom - 2);
    last = [own - 5, ...farther].find(free) ?? Math.min(last + LABEL, plot.bottom - 3);
    return last;
  });
}

/** Grey lines with their labels, right or left inside: a lone one above or below its line, close ones in a stack. */
function baselineParts(panel, plot, theme) {
  const usable = panel.baselines.filter((one) => !panel.log || one.value > 0);
  const lines = usable.map((one) => ({ ...one, y: plot.y(one.value) })).sort((a, b) => a.y - b.y);
  const stack = stackOfLabels(lines, plot);
  return lines.flatMap(({ label, value, y }, k) => {
    const words = `${label} ${format(value)}`;
    const width = textWidth(theme, words);
    const alone = lines.every((other) => other.y === y || Math.abs(other.y - y) > 2 * LABEL + 5);
    const below = alone && y + LABEL < plot.bottom - 2 ? [y + LABEL] : [];
    const places = [plot.right - 6 - width, plot.left + 6].flatMap((x) => [stack[k], ...below].map((feet) => ({ x, y: feet, width })));
    const place = places.find((one) => !crossed(panel, plot, one)) ?? places[0];
    const line = vector("line", { class: "baseline", x1: plot.left, x2: plot.right, y1: y, y2: y });
    return [line, vector("text", { class: "baseline-label", x: place.x, y: place.y }, words)];
  });
}

/** Index of the last step that is not after `step`. */
function indexAt(series, step) {
  let [low, high] = [0, series.steps.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (series.steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

class CurvesView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.readouts = element("div", "readouts", box);
    this.chart = element("div", "chart", box);
    this.svg = vector("svg", { role: "img" });
    this.still = vector("g", {});
    this.rule = vector("line", { class: "rule" });
    this.dots = vector("g", {});
    this.svg.append(this.still, this.rule, this.dots);
    this.chart.append(this.svg);
    watchPointer(this.svg, stage, (event) => this.look(event));
  }

  uris() {
    return [];
  }

  paint(panel, frame, shared) {
    const { theme, steps } = shared;
    const [width, height] = [this.chart.clientWidth, this.chart.clientHeight];
    if (!width || !height) return;
    const look = [width, height, theme.text, theme.family].join();
    if (this.panel !== panel || this.size !== look) {
      Object.assign(this, { panel, size: look, plot: placeCurves(panel, theme, width, height) });
      this.other = shared.overlay || "";
      this.drawStill(panel, shared, width, height);
      // The legend may wrap to another number of lines than before and change the room for the chart.
      if (this.chart.clientHeight !== height) return this.paint(panel, frame, shared);
    }
    this.point(panel, at(steps, frame));
  }

  drawStill(panel, { theme, palette }, width, height) {
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const lines = panel.series.map((one) => {
      const classes = ["series", one.role === "test" ? "dashed" : "", one.overlay ? "overlay" : ""].join(" ");
      return vector("path", { class: classes, stroke: shade(theme, one.colour), d: lineOf(one, this.plot, panel.log) });
    });
    const [axes, baselines] = [axisParts(panel, this.plot, theme), baselineParts(panel, this.plot, theme)];
    this.still.replaceChildren(...axes, ...lines, ...baselines, ...lostParts(panel, this.plot, palette));
    const dot = (one) => vector("circle", { r: 4, fill: shade(theme, one.colour), class: "dot" });
    this.dots.replaceChildren(...panel.series.map(dot));
    this.nameSeries(panel, theme);
  }

  /** The legend, which also tells the values at the step: built anew only when names or theme change. */
  nameSeries(panel, theme) {
    const names = panel.series.map((one) => one.name);
    const wanted = [theme.dark, this.other, ...names].join();
    if (this.names === wanted) return;
    this.names = wanted;
    this.readouts.replaceChildren();
    this.values = panel.series.map((one, k) => {
      const item = element("span", "item", this.readouts);
      if (one.overlay) item.title = this.other; // its whole name stands under the picture
      const style = { colour: shade(theme, one.colour), dashed: one.role === "test", faint: one.overlay };
      item.append(swatch({ line: true, ...style }));
      element("span", "", item).textContent = names[k];
      return element("span", "value", item);
    });
  }

  /** Move the rule to `step` and read the values there. */
  point(panel, step) {
    const x = this.plot.x(clamp(step, 0, this.plot.last));
    for (const name of ["x1", "x2"]) this.rule.setAttribute(name, x);
    this.rule.setAttribute("y1", this.plot.top);
    this.rule.setAttribute("y2", this.plot.bottom);
    panel.series.forEach((one, k) => {
      const index = indexAt(one, step);
      const value = one.steps.length ? one.values[index] : null;
      const drawn = value !== null && (!panel.log || value > 0);
      const dot = this.dots.children[k];
      dot.style.display = drawn ? "" : "none";
      if (drawn) {
        dot.setAttribute("cx", this.plot.x(one.steps[index]));
        dot.setAttribute("cy", this.plot.y(value));
      }
      this.values[k].textContent = format(value);
    });
  }

  look(event) {
    if (!event) return this.stage.tooltip.hide();
    if (!this.plot) return;
    const across = (event.clientX - this.svg.getBoundingClientRect().left) / (this.svg.currentCSSZoom || 1);
    const inside = clamp(across, this.plot.left, this.plot.right);
    const step = ((inside - this.plot.left) / (this.plot.right - this.plot.left)) * this.plot.last;
    const lines = this.panel.series.map((one) => `${one.name} ${format(one.values[indexAt(one, step)])}`);
    this.stage.tooltip.show([event.clientX, event.clientY], [`${this.panel.xLabel} ${whole(step)}`, ...lines]);
  }
}
