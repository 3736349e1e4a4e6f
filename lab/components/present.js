// The tools of every page: Present, Copy link, QR code; and when presenting, the slides with their keys and their bar.
// Streamlit calls the default export again whenever the data change; what is kept lives in one object per shadow root.

const kept = new WeakMap();

export default function mount({ parentElement: root, data, setTriggerValue }) {
  const kind = data.notes ? Notes : Tools;
  if (!(kept.get(root) instanceof kind)) {
    kept.get(root)?.close();
    kept.set(root, new kind(root));
  }
  const tools = kept.get(root);
  tools.send = (act) => setTriggerValue("act", act);
  tools.update?.(data);
  return () => {
    if (root.host.isConnected) return;
    tools.close();
    kept.delete(root);
  };
}

function node(tag, className, parent, attributes = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent.append(made);
  return made;
}

function button(text, parent, act, attributes = {}) {
  const made = node("button", "", parent, { type: "button", ...attributes });
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

const WRITING = "input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]";
const PRESSED = "button, a, input, summary, video, [role=button], [role=slider], [role=tab], [role=radio], [role=option]";
const OVER = "[data-baseweb=popover], [role=dialog], [role=listbox], [data-testid=stPopoverBody]";

/** +1 for the next slide, -1 for the one before, 0 for a key that means something else here. */
function turnOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return 0;
  const target = event.composedPath()[0];
  if (target.matches?.(WRITING) || target.closest?.(OVER)) return 0;
  if (event.key === "PageDown") return 1;
  if (event.key === "PageUp") return -1;
  if (event.key !== " " || target.closest?.(PRESSED)) return 0;
  return event.shiftKey ? -1 : 1;
}

const isSeen = (box) => getComputedStyle(box).visibility !== "hidden";

class Tools {
  constructor(root) {
    this.row = node("div", "tools", root, { role: "group", "aria-label": "Present and share" });
    this.bar = node("nav", "bar", root, { "aria-label": "Slides" });
    button("Present", this.row, () => this.send({ present: true }), { title: "The sections of this page as slides" });
    this.copy = button("Copy link", this.row, () => this.copyLink(), { title: "The address of what you see" });
    button("QR code", this.row, () => this.askCode());
    this.buildBar();
    this.code = new Code(root);
    this.narrow = window.matchMedia("(max-width: 640px)");
    this.keys = (event) => this.press(event);
    this.seen = new MutationObserver(() => this.look());
    this.resized = () => this.fitting?.restart();
    // Over what has been scrolled up the buttons would cover words; a keyboard still reaches them.
    const scrolled = (event) => this.row.toggleAttribute("data-away", (event.target.scrollTop || 0) > 24);
    document.querySelector("[data-testid=stMain]")?.addEventListener("scroll", scrolled, { passive: true });
  }

  buildBar() {
    button("‹", this.bar, () => this.turn(-1), { "aria-label": "Previous slide" });
    this.place = node("span", "place", this.bar);
    button("›", this.bar, () => this.turn(1), { "aria-label": "Next slide" });
    this.title = node("span", "title", this.bar, { "aria-live": "polite" });
    this.copyToo = button("Copy link", this.bar, () => this.copyLink());
    button("QR code", this.bar, () => this.askCode());
    button("Notes", this.bar, () => window.open(`${location.pathname}?notes=1`, "_blank", "noopener"),
      { title: "Speaker notes in a second tab" });
    button("Leave", this.bar, () => this.leave(), { title: "Leave the slides (Esc)" });
  }

  update(data) {
    this.data = data;
    this.row.hidden = data.presenting;
    this.bar.hidden = !data.presenting;
    this.bar.classList.toggle("turned-by-server", Boolean(data.talk));
    if (data.presenting) this.begin();
    else this.end();
    this.code.show(data.code);
    this.keepTheme();
  }

  get dark() {
    const parts = getComputedStyle(this.row).getPropertyValue("--st-background-color").match(/\w\w/g) || ["ff"];
    return parseInt(parts[0], 16) < 128;
  }

  // ---- presenting ----

  begin() {
    if (!this.fitting) {
      this.number = Math.max(1, Number(new URLSearchParams(location.search).get("slide")) || 1);
      this.leaving = false;
      this.fitting = new Fitting(document.documentElement.style);
      this.telling = new Telling((by) => this.turn(by));
      document.documentElement.toggleAttribute("data-presenting", true);
      window.addEventListener("keydown", this.keys, true);
      window.addEventListener("resize", this.resized);
      this.grown = new ResizeObserver(() => this.fitting?.grown());
    }
    if (this.data.talk && !this.asked) this.number = this.data.talk.slide;
    if (this.data.talk?.slide === this.asked) this.asked = 0;
    this.observed = mainBlock();
    this.seen.disconnect();
    this.seen.observe(this.observed, { childList: true, subtree: true });
    this.look(true);
  }

  end() {
    if (!this.fitting) return;
    this.seen.disconnect();
    this.grown.disconnect();
    this.fitting.close();
    this.telling.close();
    this.fitting = null;
    clearInterval(this.turning);
    document.documentElement.removeAttribute("data-turning");
    document.documentElement.removeAttribute("data-presenting");
    window.removeEventListener("keydown", this.keys, true);
    window.removeEventListener("resize", this.resized);
    unmark();
  }

  /** Find the slides anew: elements come and go while a page is drawn and a network trains. */
  look(turned = false) {
    if (!this.fitting || (this.narrow.matches && !this.data.talk)) return;
    const block = mainBlock();
    const slides = this.data.talk ? [{ leaves: leavesOf(block), common: [], opens: true }] : slidesOf(block);
    if (!slides.length) return;
    slides.forEach((slide, k) => (slide.opens = !k || slides[k - 1].section !== slide.section));
    this.slides = slides;
    this.shown = this.data.talk ? slides[0] : slides[Math.min(this.number, slides.length) - 1];
    markSlide(block, this.shown);
    this.tell();
    this.keepAddress();
    if (turned) this.fitting.restart();
    this.grown.disconnect();
    for (const leaf of this.shown.leaves) this.grown.observe(leaf);
  }

  get count() {
    return this.data.talk ? this.data.talk.titles.length : this.slides.length;
  }

  titleOf(place) {
    return this.data.talk ? this.data.talk.titles[place] : this.slides[place]?.title;
  }

  tell() {
    const number = Math.min(this.number, this.count);
    const title = this.titleOf(number - 1);
    this.place.textContent = `${number} / ${this.count}`;
    if (this.title.textContent !== title) this.title.textContent = title;
    const talk = this.data.talk;
    const notice = this.shown.leaves.map((leaf) => leaf.querySelector(".notice, .section-head p, .page-head p"));
    const notes = talk ? talk.notes[number - 1] : notice.filter(Boolean).map(textOf).join(" ");
    const told = { number, count: this.count, title, notes, next: this.titleOf(number), until: talk?.until[number - 1] };
    if (JSON.stringify(told) === this.told) return;
    this.told = JSON.stringify(told);
    this.telling.tell(told);
  }

  turn(by) {
    const number = Math.max(1, Math.min(this.count, Math.min(this.number, this.count) + by));
    if (number === this.number) return;
    this.number = number;
    if (this.data.talk) {
      this.asked = number;
      this.tell();
      this.hideFormer();
      this.send({ slide: number });
      return;
    }
    const main = document.querySelector("[data-testid=stMain]");
    document.activeElement?.blur?.();
    this.look(true);
    main.scrollTo({ top: 0, behavior: "instant" });
    mainBlock().parentElement.scrollTo({ top: 0, behavior: "instant" });
  }

  /** While the server draws the next slide, nothing of the former one stands under the new title. */
  hideFormer() {
    document.documentElement.toggleAttribute("data-turning", true);
    clearInterval(this.turning);
    this.turning = setInterval(() => {
      if (this.asked || document.querySelector("[data-stale=true]")) return;
      clearInterval(this.turning);
      document.documentElement.removeAttribute("data-turning");
    }, 100);
  }

  press(event) {
    if (event.key === "Escape") {
      const open = [...document.querySelectorAll(OVER)].some((box) => box.offsetHeight && isSeen(box));
      const busy = this.code.dialog.open || open || event.composedPath()[0].matches?.(WRITING);
      if (!busy) this.leave();
      return;
    }
    const by = this.narrow.matches || this.code.dialog.open ? 0 : turnOf(event);
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.turn(by);
  }

  leave() {
    this.leaving = true; // what is drawn until the slides are gone must not write the address again
    const address = new URL(location.href);
    for (const name of ["slide", "present"]) address.searchParams.delete(name);
    history.replaceState(history.state, "", address);
    this.send({ present: false });
  }

  // ---- the address ----

  /** The slide stands in the address without the server's doing; where the server writes the address, again. */
  keepAddress() {
    if (this.leaving) return;
    const address = new URL(location.href);
    if (address.searchParams.get("slide") === String(this.number)) return;
    address.searchParams.set("slide", this.number);
    history.replaceState(history.state, "", address);
  }

  /** A theme that an address asks for is Streamlit's own option; the server does not know it and would drop it. */
  keepTheme() {
    const address = new URL(location.href);
    this.theme = address.searchParams.get("embed_options") || this.theme;
    if (!this.theme || address.searchParams.get("embed_options")) return;
    address.searchParams.set("embed_options", this.theme);
    history.replaceState(history.state, "", address);
  }

  get address() {
    return addressNow(this.data.presenting ? Math.min(this.number, this.count) : 0, this.dark).href;
  }

  async copyLink() {
    const done = await copied(this.address);
    for (const one of [this.copy, this.copyToo]) {
      one.textContent = done ? "Copied" : "Copy it from the address line";
      setTimeout(() => (one.textContent = "Copy link"), 2500);
    }
  }

  askCode() {
    this.code.ask(this.address, (address) => this.send({ code: address }));
  }

  close() {
    this.end();
    this.row.remove();
    this.bar.remove();
    this.code.dialog.remove();
  }
}
