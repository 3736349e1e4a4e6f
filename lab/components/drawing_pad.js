// The drawing pad: strokes of mouse, finger or pen, sent to Python after each one as lists of [x, y] in 0..1000.

const pads = new WeakMap();

export default function mount({ parentElement: root, data, setStateValue }) {
  if (!pads.has(root)) pads.set(root, new Pad(root));
  pads.get(root).update(data, (strokes) => setStateValue("strokes", strokes));
  return () => {
    if (root.host.isConnected) return;
    pads.get(root)?.close();
    pads.delete(root);
  };
}

const UNIT = 1000;
const PEN = 0.075; // width of the line as a share of the field
const MOST_POINTS = 300; // of one stroke; later points are dropped

function element(tag, className, parent, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

class Pad {
  constructor(root) {
    this.strokes = [];
    this.host = element("div", "pad", root);
    this.canvas = element("canvas", "field", this.host, { role: "img" });
    this.hint = element("div", "hint", this.host, { "aria-hidden": "true" });
    const buttons = element("div", "buttons", this.host);
    this.undo = this.button(buttons, "Undo", () => this.strokes.slice(0, -1));
    this.clear = this.button(buttons, "Clear", () => []);
    this.note = element("div", "note", this.host);
    this.note.textContent = "Without a pointer: pick a test image instead.";
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.extend(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.finish());
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
  }

  button(parent, text, change) {
    const made = element("button", "", parent, { type: "button" });
    made.textContent = text;
    made.addEventListener("click", () => {
      this.strokes = change();
      this.draw();
      this.send(this.strokes);
    });
    return made;
  }

  update(data, send) {
    this.send = send;
    this.hint.textContent = data.label;
    const how = "Drawing field for mouse, finger or pen. Without a pointer, pick a test image instead.";
    this.canvas.setAttribute("aria-label", `${data.label}. ${how}`);
    this.draw();
  }

  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (value, start, length) => Math.round(Math.min(1, Math.max(0, (value - start) / length)) * UNIT);
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  }

  begin(event) {
    if (event.button !== 0 || this.stroke || this.strokes.length >= 60) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.stroke = [this.placeOf(event)];
    this.strokes = [...this.strokes, this.stroke];
    this.draw();
  }

  extend(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = this.placeOf(one);
      const [lastX, lastY] = this.stroke[this.stroke.length - 1];
      // Points closer than a hundredth of the field add nothing that 8 x 8 or 28 x 28 pixels could show.
      if (this.stroke.length < MOST_POINTS && Math.hypot(x - lastX, y - lastY) >= UNIT / 100) this.stroke.push([x, y]);
    }
    this.draw();
  }

  finish() {
    if (!this.stroke) return;
    this.stroke = null;
    this.send(this.strokes);
  }

  draw() {
    const side = this.canvas.clientWidth;
    if (!side) return;
    const ratio = window.devicePixelRatio || 1;
    const pixels = Math.round(side * ratio);
    if (this.canvas.width !== pixels) this.canvas.width = this.canvas.height = pixels;
    const context = this.canvas.getContext("2d");
    context.setTransform(pixels / UNIT, 0, 0, pixels / UNIT, 0, 0);
    context.clearRect(0, 0, UNIT, UNIT);
    const ink = getComputedStyle(this.host).color;
    Object.assign(context, { strokeStyle: ink, lineWidth: PEN * UNIT, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(...stroke[0]);
      // A tap is a dot: a line to its own place draws its round ends.
      for (const place of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...place);
      context.stroke();
    }
    this.hint.style.visibility = this.strokes.length ? "hidden" : "visible";
    this.undo.disabled = this.clear.disabled = !this.strokes.length;
  }

  close() {
    this.observer.disconnect();
    this.host.remove();
  }
}
