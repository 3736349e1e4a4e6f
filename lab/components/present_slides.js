// Slides out of a page: the section heads and picture titles of the page are found in its elements, one slide each.
// Nothing is moved or copied: what is not on the slide gets a mark, and the style sheet hides what is marked. So a live
// picture, a slider or a chart on a slide is the very one of the page.

const SLIDE_HIDDEN = "data-slide-hidden";
const SLIDE_ALONE = "data-slide-alone";
const LEAF = ["stElementContainer", "stExpander", "stTabs", "stPopover"].map((name) => `[data-testid=${name}]`).join(", ");
const APART = ".st-key-early, .st-key-present, [data-testid=stSidebar]";
const SMALLEST_ZOOM = 0.45;
const LARGEST_ZOOM = 2.3;
const OWN_EFFECT = 400; // ms in which a change of size is taken for the effect of a new zoom
const MOST_GROWTHS = 30; // on one slide

const mainBlock = () => document.querySelector("[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]");
const textOf = (node) => (node ? node.textContent.replace(/\s+/g, " ").trim() : "");

/** Whether a box belongs to the frame, or holds nothing else. */
const isApart = (box) => box.matches(APART) || [...box.children].some((child) => child.matches(APART));

/** The elements of a page, in reading order, without those inside another and those of the frame. */
function leavesOf(block) {
  const all = [...block.querySelectorAll(LEAF)];
  return all.filter((leaf) => !leaf.closest(APART) && !leaf.parentElement.closest(LEAF));
}

/** Slides of a page: {title, section, leaves, common}. `common` stays on all slides of a section: its head and widgets. */
function slidesOf(block) {
  const slides = [];
  let current = null;
  let list = null; // closed boxes stay together on the slide where the first one stands; an open one has its own
  const begin = (section, common) => {
    current = { section, common, title: section, leaves: [...common], pictured: false };
    slides.push(current);
  };
  for (const leaf of leavesOf(block)) {
    if (leaf.matches("[data-testid=stExpander]") && current) {
      list ||= current;
      if (leaf.querySelector("details[open]")) slides.push({ ...boxed(leaf), section: current.section });
      else list.leaves.push(leaf);
      continue;
    }
    const head = leaf.querySelector(".section-head h2");
    const picture = leaf.querySelector(".picture-title");
    if (head) [list] = [null, begin(textOf(head), [])];
    else if (picture && current && current.pictured) begin(current.section, current.common);
    if (!current) begin(textOf(block.querySelector(".page-head h1")), []);
    if (picture && !current.pictured) {
      current.pictured = true;
      current.title = textOf(picture);
      current.common = current.common.length ? current.common : current.leaves.filter(staysInSection);
    }
    if (!current.leaves.includes(leaf)) current.leaves.push(leaf);
    if (!current.pictured && holdsPicture(leaf)) {
      current.pictured = true;
      current.common = current.leaves.filter(staysInSection);
    }
  }
  return slides.filter((slide) => slide.leaves.some((leaf) => leaf.childElementCount && leaf.offsetHeight !== 1));
}

/** Whether a leaf is a picture without a title of its own: a live part that fills the slide. */
function holdsPicture(leaf) {
  return Boolean(leaf.querySelector("[data-testid=stVegaLiteChart]")) || drawnIn(leaf, "canvas, svg");
}

/** A slide of one open box. */
function boxed(leaf) {
  const common = [leaf];
  return { title: textOf(leaf.querySelector("summary [data-testid=stMarkdownContainer]")), leaves: common, common, pictured: true };
}

/** What stands before the first picture of a section belongs to each: its head, and a slider that steers all of them. */
function staysInSection(leaf) {
  return Boolean(leaf.querySelector(".section-head, [data-testid=stSlider]"));
}

/** Mark what is not on the slide, and with it every box that holds nothing else. */
function markSlide(block, slide) {
  const shown = new Set();
  for (const leaf of slide.leaves) {
    for (let node = leaf; node && node !== block; node = node.parentElement) shown.add(node);
  }
  const first = slide.leaves[0];
  const visit = (box) => {
    for (const child of box.children) {
      if (isApart(child)) continue;
      child.toggleAttribute(SLIDE_HIDDEN, !shown.has(child));
      if (shown.has(child) && !child.matches(LEAF)) visit(child);
    }
    const beside = [...box.children].filter((child) => shown.has(child));
    for (const child of beside) child.toggleAttribute(SLIDE_ALONE, beside.length === 1);
  };
  visit(block);
  for (const head of block.querySelectorAll(".section-head")) {
    head.toggleAttribute("data-slide-again", !slide.opens && head.closest(LEAF) === first);
  }
  for (const slider of block.querySelectorAll("[data-testid=stSlider]")) {
    const leaf = slider.closest(LEAF);
    const beside = !slide.opens && leaf === slide.common[1] && leaf !== first && !sharesRow(leaf);
    leaf.toggleAttribute("data-slide-beside", beside);
  }
}

/** Whether a leaf stands in a column beside another one that is on the slide. */
function sharesRow(leaf) {
  const column = leaf.closest("[data-testid=stColumn]");
  return Boolean(column) && (!column.hasAttribute(SLIDE_ALONE) || sharesRow(column.parentElement));
}

/** Take all marks off again: the page is as it was. */
function unmark() {
  for (const name of [SLIDE_HIDDEN, SLIDE_ALONE, "data-slide-again", "data-slide-beside"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) node.removeAttribute(name);
  }
}

/** As large as fits: one zoom for words and picture, found in a few steps, since words wrap anew with each. */
class Fitting {
  constructor(style) {
    this.style = style;
    this.zoom = 1;
    this.changed = 0;
    this.restart();
  }

  /** Begin anew, for another slide or another screen. */
  restart() {
    this.growths = 0;
    this.search();
  }

  /** Something on the slide has another size; what this search itself brought about does not count. */
  grown() {
    if (this.growths > MOST_GROWTHS) return;
    clearTimeout(this.later);
    const soon = OWN_EFFECT - (performance.now() - this.changed);
    if (soon > 0) {
      this.later = setTimeout(() => this.grown(), soon);
      return;
    }
    this.growths += 1;
    this.search();
  }

  search() {
    [this.low, this.high, this.tries] = [SMALLEST_ZOOM, LARGEST_ZOOM, 0];
    this.again();
  }

  again() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.step(), 60);
  }

  step() {
    const block = mainBlock();
    const boxes = block && [...block.children].filter((one) => !isApart(one) && one.offsetHeight > 0);
    if (!boxes || !boxes.length || this.tries > 9) return;
    const stage = [...block.querySelectorAll(LEAF)].find((leaf) => leaf.offsetHeight && drawnIn(leaf, ".stage"));
    const room = block.getBoundingClientRect();
    const needed = Math.max(...boxes.map((box) => box.getBoundingClientRect().bottom)) - topOf(boxes);
    const widest = room.width / widthWanted(block, stage);
    const share = Math.min((room.height - 2) / needed, tableShare(block, room));
    this.tries += 1;
    if (stage && this.fitStage(stage, needed, room, widest)) return this.again();
    if (share >= 1) this.low = Math.max(this.low, this.zoom);
    else this.high = Math.min(this.high, this.zoom);
    const settled = share >= 1 && (share < 1.04 || this.zoom >= Math.min(widest, LARGEST_ZOOM) - 0.01);
    if (settled) return;
    const guess = Math.max(this.low, Math.min(this.zoom * share * 0.985, this.high, widest));
    if (Math.abs(guess - this.zoom) < 0.004) return;
    this.set(this.tries > 8 ? this.low : guess);
    this.again();
  }

  /** The live picture takes the height that words and buttons leave; true when it has changed. */
  fitStage(stage, needed, room, widest) {
    const zoom = Math.max(0.8, Math.min(1.35, widest));
    if (Math.abs(zoom - this.zoom) > 0.01 && this.tries < 3) {
      this.set(zoom);
      return true;
    }
    const now = this.stageHeight || 530;
    const wanted = Math.round(Math.max(300, Math.min(1100, now + (room.height - 4 - needed) / this.zoom)));
    if (Math.abs(wanted - now) < 4) return false;
    this.stageHeight = wanted;
    this.changed = performance.now();
    this.style.setProperty("--stage-height", `${wanted}px`);
    return true;
  }

  set(zoom) {
    this.zoom = zoom;
    this.changed = performance.now();
    this.style.setProperty("--slide-zoom", zoom.toFixed(3));
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.later);
    this.style.removeProperty("--slide-zoom");
    this.style.removeProperty("--stage-height");
  }
}

const topOf = (boxes) => Math.min(...boxes.map((box) => box.getBoundingClientRect().top));

function drawnIn(leaf, what) {
  return [...leaf.querySelectorAll("*")].some((box) => box.shadowRoot && box.shadowRoot.querySelector(what));
}

/** How much of the widest table has room: a table does not become narrower than its words. */
function tableShare(block, room) {
  const tables = [...block.querySelectorAll("table")].filter((table) => table.offsetHeight);
  const beyond = Math.max(0, ...tables.map((table) => table.getBoundingClientRect().right - room.right));
  return beyond > 2 ? room.width / (room.width + beyond) : 9;
}

/** The width in pixels for which a slide is laid out before it is magnified: more where things stand side by side. */
function widthWanted(block, stage) {
  if (stage) return 1120;
  const rows = [...block.querySelectorAll("[data-testid=stHorizontalBlock]")].filter((row) => row.offsetHeight);
  const side = rows.map((row) => [...row.children].filter((one) => one.offsetHeight).length);
  return Math.max(560, Math.min(1100, 400 * Math.max(1, ...side)));
}
