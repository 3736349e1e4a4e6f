// The tour: a bar with one step at a time. It points at a part of the page, takes no click away from it, and can be
// left at any time with Escape or "Skip". That it was seen is remembered by the browser.

const SEEN = "road:tour-seen";
const tours = new WeakMap();

export default function mount({ parentElement: root, data }) {
  if (!tours.has(root)) tours.set(root, new Tour(root, data.steps));
  return () => {
    if (root.host.isConnected) return;
    tours.get(root)?.close();
    tours.delete(root);
  };
}

/** Private windows may forbid to remember; then the tour is offered again. */
function remembered() {
  try {
    return window.localStorage.getItem(SEEN) === "1";
  } catch {
    return false;
  }
}

function remember() {
  try {
    window.localStorage.setItem(SEEN, "1");
  } catch {
    return;
  }
}

class Tour {
  constructor(root, steps) {
    this.steps = steps;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.host = document.createElement("div");
    this.host.className = "tour";
    this.host.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
    root.append(this.host);
    if (remembered()) this.offer();
    else this.show(0, false);
  }

  button(name, act, kind) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    if (kind) button.className = kind;
    button.addEventListener("click", act);
    return button;
  }

  offer() {
    this.point(null);
    this.host.replaceChildren(this.button("Take the tour", () => this.show(0, true), "quiet"));
  }

  show(place, focus) {
    const step = this.steps[place];
    const last = place === this.steps.length - 1;
    const panel = document.createElement("section");
    panel.className = "panel";
    panel.setAttribute("aria-label", "Tour");
    const words = document.createElement("div");
    words.className = "words";
    words.setAttribute("aria-live", "polite");
    const title = Object.assign(document.createElement("b"), { textContent: step.title });
    const text = Object.assign(document.createElement("p"), { textContent: step.text });
    words.append(title, text);
    const row = document.createElement("div");
    row.className = "row";
    const count = Object.assign(document.createElement("span"), { textContent: `${place + 1} of ${this.steps.length}` });
    const back = this.button("Back", () => this.show(place - 1, true));
    back.disabled = place === 0;
    const next = this.button(last ? "Done" : "Next", () => (last ? this.leave() : this.show(place + 1, true)), "main");
    row.append(count, back, next);
    if (!last) row.append(this.button("Skip the tour", () => this.leave()));
    panel.append(words, row);
    this.host.replaceChildren(panel);
    if (focus) next.focus({ preventScroll: true });
    this.point(focus ? step.target : null);
  }

  /** Outline the part of the page that a step speaks of, and bring it near. */
  point(target) {
    this.pointed?.style.removeProperty("outline");
    this.pointed = target ? document.querySelector(target) : null;
    if (!this.pointed) return;
    this.pointed.style.outline = "3px solid #8C6BB1";
    this.pointed.style.outlineOffset = "3px";
    this.pointed.scrollIntoView({ behavior: this.calm.matches ? "auto" : "smooth", block: "nearest" });
  }

  leave() {
    remember();
    this.offer();
    this.host.querySelector("button").focus({ preventScroll: true });
  }

  close() {
    this.point(null);
    this.host.remove();
  }
}
