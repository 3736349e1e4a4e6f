// A list of the charts on the page, by the titles over them, and a button that saves the chosen one as SVG.

const lists = new WeakMap();

export default function mount({ parentElement: root, data }) {
  if (!lists.has(root)) lists.set(root, new Pictures(root));
  lists.get(root).name = data.name;
  return () => {
    if (root.host.isConnected) return;
    lists.get(root)?.close();
    lists.delete(root);
  };
}

/** [title, chart] of all charts that are drawn, in the order of the page. */
function chartsOfPage() {
  const titles = [...document.querySelectorAll(".picture-title, .section-head h2")];
  const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')].filter((box) => box.querySelector("svg"));
  return charts.map((chart) => {
    const before = titles.filter((title) => title.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_FOLLOWING);
    return [before.length ? before[before.length - 1].textContent.trim() : "Picture", chart];
  });
}

const slug = (words) => words.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);

class Pictures {
  constructor(root) {
    this.host = element("div", "pictures", root);
    const label = element("label", "", this.host);
    label.textContent = "A picture of this page as SVG";
    this.list = element("select", "", label);
    this.button = element("button", "", this.host, { type: "button" });
    this.button.textContent = "Save SVG";
    this.button.addEventListener("click", () => this.save());
    for (const kind of ["focus", "pointerdown", "pointerenter"]) this.list.addEventListener(kind, () => this.fill());
    this.fill();
    this.later = setInterval(() => this.fill(), 2000);
  }

  /** Charts come and go with the run that is shown; the list follows, and keeps what was chosen. */
  fill() {
    this.charts = chartsOfPage();
    const names = this.charts.map(([title]) => title);
    this.button.disabled = !names.length;
    if (names.join("\n") === this.shown) return;
    this.shown = names.join("\n");
    const chosen = this.list.selectedOptions[0]?.textContent;
    this.list.replaceChildren(...names.map((name, place) => new Option(name, place, false, name === chosen)));
  }

  async save() {
    this.fill();
    const [title, chart] = this.charts[Number(this.list.value)] || [];
    if (!chart) return;
    const drawing = chart.querySelector("svg");
    const { width, height } = drawing.getBoundingClientRect();
    const copy = standalone(drawing, [0, 0, width, height]);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const ground = getComputedStyle(document.querySelector(".stApp")).backgroundColor;
    copy.prepend(vector("rect", { width: "100%", height: "100%", fill: ground }));
    copy.prepend(vector("style", {}, await lettersOf(chart).catch(() => "")));
    const text = new XMLSerializer().serializeToString(copy);
    hand(new Blob([text], { type: "image/svg+xml" }), `${slug(`${this.name}-${title}`)}.svg`);
  }

  close() {
    clearInterval(this.later);
    this.host.remove();
  }
}
