// The stage: a row of live panels and, once a run is recorded, a time machine under them.
// Streamlit calls the default export again whenever the data or the theme changes; everything that is kept between
// two calls lives in one Stage per shadow root. A picture is painted in a single task, after all its images are decoded:
// the old picture stays until then, so the screen never shows a blank canvas.

const stages = new WeakMap();

export default function mount({ parentElement: root, data }) {
  if (!stages.has(root)) stages.set(root, new Stage(root));
  const stage = stages.get(root);
  stage.update(data);
  // Streamlit also runs the cleanup of a call that a newer one overtook; only a removed element ends the stage.
  return () => {
    if (root.host.isConnected) return;
    stage.close();
    stages.delete(root);
  };
}

const PLAY = "M4,2.5v11l9,-5.5z";
const PAUSE = "M4,2.5h3v11h-3zM9,2.5h3v11h-3z";

class Stage {
  constructor(root) {
    this.host = element("div", "stage", null);
    this.buildStatus();
    this.nothing = element("div", "nothing", this.host, { "aria-hidden": "true" });
    this.row = element("div", "panels", this.host);
    this.buildMachine();
    this.tooltip = new Tooltip(this.host);
    this.pictures = new PictureStore();
    this.panels = [];
    this.draws = 0;
    this.ticket = 0;
    this.painted = 0;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.observer = new ResizeObserver(() => this.repaint());
    this.elsewhere = [];
    this.tapped = (event) => this.elsewhere.forEach((leave) => leave(event.composedPath()));
    window.addEventListener("pointerdown", this.tapped);
    // A canvas keeps the letters it was painted with: once the theme's font has arrived, everything is painted again.
    this.lettered = () => this.repaint();
    document.fonts.addEventListener("loadingdone", this.lettered);
    root.append(this.host);
    this.observer.observe(this.row);
  }

  /** What happens to the run, in a sentence over a bar. */
  buildStatus() {
    this.status = element("div", "status", this.host);
    const line = element("div", "line", this.status);
    this.sentence = element("p", "sentence", line);
    const saves = element("div", "saves", line);
    for (const kind of ["png", "svg"]) {
      const button = element("button", "save", saves, { type: "button", title: `Save this picture as ${kind.toUpperCase()}` });
      button.setAttribute("aria-label", button.title);
      button.textContent = kind.toUpperCase();
      button.addEventListener("click", () => this.save(kind));
    }
    const range = { role: "progressbar", "aria-label": "Share of the run that is done", "aria-valuemin": 0 };
    this.bar = element("div", "bar", this.status, { ...range, "aria-valuemax": 100 });
    this.done = element("span", "done", this.bar);
  }

  save(kind) {
    if (!this.current) return;
    const { data, frame } = this.current;
    savePicture(this.row, getComputedStyle(this.host).backgroundColor, `${data.run || "untrained"}-step-${data.steps[frame]}`, kind);
  }

  tellStatus(status) {
    this.status.hidden = !status;
    if (!status) return;
    this.sentence.textContent = status.text;
    this.done.style.width = `${100 * status.share}%`;
    this.bar.setAttribute("aria-valuenow", Math.round(100 * status.share));
  }

  buildMachine() {
    const machine = element("div", "machine", this.host);
    this.button = element("button", "play", machine, { type: "button" });
    const icon = vector("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    this.icon = vector("path", { d: PLAY });
    icon.append(this.icon);
    this.button.append(icon);
    this.word = element("span", "", this.button);
    const range = { type: "range", min: 0, step: 1, "aria-label": "Recorded step" };
    this.slider = element("input", "slider", machine, range);
    this.readout = element("div", "readout", machine);
    this.machine = machine;
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => {
      this.pause();
      this.show(Number(this.slider.value));
    });
    this.pause();
  }

  update(data) {
    this.tellStatus(data.status);
    this.host.style.setProperty("--height", `var(--stage-height, ${data.height}px)`); // slides have room of their own
    this.host.classList.toggle("empty", !data.steps.length);
    if (!data.steps.length) return this.clear();
    const last = data.steps.length - 1;
    const stay = this.data && this.data.run === data.run && this.data.replay && data.replay;
    if (!stay) this.pause();
    const frame = stay ? Math.min(this.frame, last) : last;
    this.data = data;
    this.slider.max = Math.max(1, last);
    const columns = data.panels.filter((panel, k) => !k || !panel.below);
    this.host.style.setProperty("--columns", columns.map(columnOf).join(" "));
    this.host.classList.toggle("live", !data.replay);
    this.button.disabled = this.slider.disabled = !data.replay || last < 1;
    Promise.resolve(this.show(frame)).then(() => this.data === data && this.preload(data));
  }

  /** There is no picture of this run yet: forget the one before, which belongs to another run. */
  clear() {
    this.pause();
    this.ticket += 1;
    this.painted = this.ticket;
    this.data = this.current = null;
  }

  urisOf(data, frame) {
    return data.panels.flatMap((panel) => VIEWS[panel.kind].prototype.uris(panel, frame)).filter(Boolean);
  }

  /** Decode all frames ahead of the slider, once the wanted one is painted. */
  preload(data) {
    const wanted = new Set(data.steps.flatMap((_, frame) => this.urisOf(data, frame)));
    this.pictures.prune(wanted);
    for (const uri of wanted) this.pictures.load(uri);
  }

  /** Paint frame `frame` now if its pictures are decoded, else when they are, unless something newer came first. */
  show(frame) {
    const data = this.data;
    this.frame = frame;
    this.ticket += 1;
    const ticket = this.ticket;
    const waiting = this.urisOf(data, frame).filter((uri) => this.pictures.get(uri) === undefined);
    if (!waiting.length) return this.paint(data, frame, ticket);
    return Promise.all(waiting.map((uri) => this.pictures.load(uri))).then(() => {
      if (ticket > this.painted) this.paint(data, frame, ticket);
    });
  }

  paint(data, frame, ticket) {
    this.painted = ticket;
    this.matchPanels(data.panels);
    const theme = readTheme(this.host);
    this.host.classList.toggle("dark", theme.dark);
    const { palette, steps, overlay } = data;
    const shared = { pictures: this.pictures, theme, palette, steps, overlay, frame };
    shared.enlarged = this.enlarged(data.panels, frame);
    this.panels.forEach((view, k) => view.describe(data.panels[k], shared));
    this.tell(data, frame);
    this.current = { data, frame };
    this.panels.forEach((view, k) => {
      view.view.paint(data.panels[k], frame, shared);
      if (view.view.canvas) view.view.canvas.dataset.frame = frame;
    });
    if (!this.draws) performance.mark("stage:first-picture"); // what `python -m benchmarks browser` waits for
    this.draws += 1;
    Object.assign(this.host.dataset, { draws: this.draws, frame });
  }

  repaint() {
    if (this.current) this.paint(this.current.data, this.current.frame, this.painted);
  }

  /** The map of the unit that a person points at in a network panel, null without one. */
  enlarged(panels, frame) {
    const maps = this.panels.map(({ view }, k) => view.enlarged && view.enlarged(panels[k], frame, this.pictures));
    return maps.find(Boolean) || null;
  }

  /** Keep the panels while their kinds and columns stay the same; build them anew otherwise. */
  matchPanels(panels) {
    const shape = panels.map(({ kind, below }) => `${kind} ${Boolean(below)}`).join();
    if (shape === this.shape) return;
    this.shape = shape;
    this.row.replaceChildren();
    this.elsewhere = [];
    let column = null;
    this.panels = panels.map((panel, k) => {
      const stacked = panel.below || panels[k + 1]?.below;
      if (!stacked) column = this.row;
      else if (!panel.below || !column) column = element("div", "column", this.row);
      return new PanelView(panel, column, this);
    });
  }

  tell(data, frame) {
    const epoch = data.epochs.length ? `, epoch ${format(data.epochs[frame])}` : "";
    const text = `step ${whole(data.steps[frame])}${epoch}`;
    this.readout.textContent = data.replay ? text : `live: ${text}`;
    this.slider.value = frame;
    this.slider.setAttribute("aria-valuetext", text);
  }

  play() {
    if (this.frame >= this.data.steps.length - 1) this.show(0);
    this.setPlaying(true);
    const pause = this.calm.matches ? 600 : 85;
    let due = performance.now() + pause;
    const tick = (now) => {
      if (!this.playing) return;
      if (now >= due) {
        due = now + pause;
        this.show(this.frame + 1);
        if (this.frame >= this.data.steps.length - 1) return this.pause();
      }
      this.request = requestAnimationFrame(tick);
    };
    this.request = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.request);
    this.setPlaying(false);
  }

  setPlaying(playing) {
    this.playing = playing;
    this.word.textContent = playing ? "Pause" : "Play";
    this.icon.setAttribute("d", playing ? PAUSE : PLAY);
  }

  close() {
    this.pause();
    this.observer.disconnect();
    window.removeEventListener("pointerdown", this.tapped);
    document.fonts.removeEventListener("loadingdone", this.lettered);
    this.host.remove();
  }
}
