// A panel on the page: title, picture, legend, notice; the tooltip; how pointers and fingers reach the pictures.

function swatch({ colour, shape, hollow, line, dashed, faint, palette }) {
  const box = vector("svg", { class: "swatch", viewBox: "0 0 20 12", "aria-hidden": "true", opacity: faint ? 0.5 : 1 });
  if (palette) {
    const bars = [palette.negative, palette.neutral, palette.positive];
    box.append(...bars.map((fill, k) => vector("rect", { x: 1 + 6 * k, y: 2, width: 6, height: 8, fill })));
    const edge = { fill: "none", stroke: "currentColor", "stroke-width": 0.5 };
    box.append(vector("rect", { x: 1, y: 2, width: 18, height: 8, ...edge }));
  } else if (line) {
    const stroke = { stroke: colour, "stroke-width": faint ? 1.5 : 2.5, "stroke-dasharray": dashed ? "5 3" : "none" };
    box.append(vector("line", { x1: 0, x2: 20, y1: 6, y2: 6, ...stroke }));
  } else {
    const path = new Recorder();
    const plain = shape === undefined && !hollow;
    if (!plain) SHAPES[(shape || 0) % SHAPES.length](path, 10, 6, 4.5);
    const ring = { fill: "none", stroke: colour || "currentColor", "stroke-width": 2 };
    box.append(vector("path", { d: plain ? "M5,1h10v10h-10z" : path.text, ...(hollow ? ring : { fill: colour }) }));
  }
  return box;
}

/** Takes the calls of a Path2D and writes the "d" of an SVG path: the legend shows the very shapes of the plot. */
class Recorder {
  text = "";
  moveTo(x, y) {
    this.text += `M${x},${y}`;
  }
  lineTo(x, y) {
    this.text += `L${x},${y}`;
  }
  arc(x, y, r) {
    this.text += `A${r},${r} 0 1 1 ${x - r},${y}A${r},${r} 0 1 1 ${x + r},${y}`;
  }
  closePath() {
    this.text += "Z";
  }
}

class Tooltip {
  constructor(frame) {
    this.frame = frame;
    this.box = element("div", "tooltip", frame, { role: "presentation" });
    this.canvas = element("canvas", "", this.box, { width: 224, height: 224, "aria-hidden": "true" });
    this.text = element("div", "", this.box);
  }

  show([x, y], lines, picture, within) {
    this.canvas.style.display = picture ? "" : "none";
    if (picture) {
      const context = this.canvas.getContext("2d");
      context.imageSmoothingEnabled = !picture.pixelated;
      context.clearRect(0, 0, 224, 224);
      context.drawImage(picture.sprite, ...picture.tile, 0, 0, 224, 224);
    }
    this.text.replaceChildren();
    for (const line of lines) element("div", "", this.text).textContent = line;
    this.box.style.display = "block";
    this.place(x, y, within);
  }

  /** Beside the pointer; or under it (over it, at the lower end) and not beyond the sides of `within`. */
  place(x, y, within) {
    const home = this.frame.getBoundingClientRect();
    const own = this.box.getBoundingClientRect();
    const [right, down] = [home.width - own.width, home.height - own.height];
    let [left, top] = [x - home.left + 14, y - home.top - own.height / 2];
    if (within) {
      left = Math.min(x - home.left - own.width / 2, within.right - home.left - own.width);
      top = y - home.top + 22 > down ? y - home.top - own.height - 14 : y - home.top + 22;
    } else if (left > right) left = x - home.left - own.width - 14;
    const zoom = this.box.currentCSSZoom || 1; // on slides all is magnified, and boxes are told in pixels of the screen
    this.box.style.left = `${clamp(left, 0, Math.max(0, right)) / zoom}px`;
    this.box.style.top = `${clamp(top, 0, Math.max(0, down)) / zoom}px`;
  }

  hide() {
    this.box.style.display = "none";
  }
}

/** Call look(event) where a mouse moves or a finger taps, look(null) once it leaves or taps elsewhere. */
function watchPointer(target, stage, look) {
  target.addEventListener("pointermove", (event) => event.pointerType !== "touch" && look(event));
  target.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && look(null));
  target.addEventListener("pointerup", (event) => event.pointerType === "touch" && look(event));
  stage.elsewhere.push((path) => !path.includes(target) && look(null));
}

/** A square picture is as wide as its height asks for (title, legend, slider: 105 px); the others share the rest. */
function columnOf(panel) {
  if (panel.square) return "minmax(0, min(var(--height) - 105px, 38cqw))";
  return `minmax(0, ${panel.weight}fr)`;
}

const VIEWS = {
  network: NetworkView, plane: PlaneView, images: ImagesView, curves: CurvesView, attention: AttentionView, sequence: SequenceView,
};

/** One panel on the page: title, picture, legend, notice; the nodes stay, their content follows the data. */
class PanelView {
  constructor(panel, parent, stage) {
    this.kind = panel.kind;
    this.section = element("section", `panel ${panel.kind}`, parent);
    this.title = element("div", "title", this.section);
    this.picture = element("div", "picture", this.section);
    this.legend = element("div", "legend", this.section);
    this.notice = element("div", "notice", this.section);
    this.view = new VIEWS[panel.kind](panel, this.picture, stage);
  }

  describe(panel, shared) {
    this.title.textContent = this.view.title ? this.view.title(panel, shared) : panel.title;
    this.notice.textContent = panel.notice || "";
    const picture = this.view.canvas || this.view.svg;
    picture.setAttribute("aria-label", `${panel.title}. ${at(panel.alts, shared.frame)}`);
    const items = this.view.legend ? this.view.legend(panel, shared) : [];
    const wanted = JSON.stringify(items.map(({ text, colour }) => [text, colour]));
    if (wanted === this.shown) return;
    this.shown = wanted;
    this.legend.classList.toggle("many", items.length > 8);
    this.legend.replaceChildren(...items.map((item) => {
      const box = element("span", "item");
      box.append(swatch(item), Object.assign(document.createElement("span"), { textContent: item.text }));
      return box;
    }));
  }
}
