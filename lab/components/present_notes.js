// Speaker notes in a second tab of the same browser: the presenting tab says which slide is shown, the other tab listens.

const CHANNEL = "road-notes";
const CLOCK = "road:presented-since";

/** The presenting side: tells the notes which slide is shown, and follows what is pressed there. */
class Telling {
  constructor(turn) {
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => {
      if (data.kind === "hello") this.repeat();
      else if (data.kind === "turn") turn(data.by);
      else if (data.kind === "clock") this.restart();
    };
  }

  get since() {
    if (!sessionStorage.getItem(CLOCK)) sessionStorage.setItem(CLOCK, Date.now());
    return Number(sessionStorage.getItem(CLOCK));
  }

  restart() {
    sessionStorage.setItem(CLOCK, Date.now());
    this.repeat();
  }

  tell(slide) {
    this.slide = slide;
    this.repeat();
  }

  repeat() {
    if (this.slide) this.channel.postMessage({ kind: "slide", since: this.since, ...this.slide });
  }

  close() {
    this.channel.postMessage({ kind: "end" });
    this.channel.close();
  }
}

/** The listening side: what to say to this slide, what comes next, and how much time has passed. */
class Notes {
  constructor(root) {
    this.host = node("section", "notes", root, { "aria-label": "Speaker notes" });
    const line = node("header", "", this.host);
    this.place = node("span", "place", line);
    this.clock = node("span", "clock", line, { role: "timer" });
    this.plan = node("span", "plan", line);
    this.title = node("h1", "", this.host);
    this.text = node("p", "said", this.host, { "aria-live": "polite" });
    this.next = node("p", "next", this.host);
    const row = node("div", "row", this.host);
    this.channel = new BroadcastChannel(CHANNEL);
    button("Previous slide", row, () => this.say({ kind: "turn", by: -1 }));
    button("Next slide", row, () => this.say({ kind: "turn", by: 1 }));
    button("Start the clock again", row, () => this.say({ kind: "clock" }));
    this.channel.onmessage = ({ data }) => this.hear(data);
    this.keys = (event) => this.press(event);
    window.addEventListener("keydown", this.keys);
    this.timer = setInterval(() => this.tick(), 500);
    this.wait("Waiting for the slides. Open a page in the same browser and press Present.");
    this.say({ kind: "hello" });
  }

  say(message) {
    this.channel.postMessage(message);
  }

  wait(sentence) {
    this.since = 0;
    this.title.textContent = "Speaker notes";
    this.text.textContent = sentence;
    this.place.textContent = this.clock.textContent = this.plan.textContent = this.next.textContent = "";
  }

  hear(data) {
    if (data.kind === "end") return this.wait("The presentation was left. Press Present to go on.");
    if (data.kind !== "slide") return;
    this.since = data.since;
    this.place.textContent = `${data.number} / ${data.count}`;
    this.title.textContent = data.title;
    this.text.textContent = data.notes || "No notes for this slide.";
    this.next.textContent = data.next ? `Next: ${data.next}` : "This is the last slide.";
    this.plan.textContent = data.until ? `this slide ends at ${minutes(data.until)}` : "";
    this.tick();
  }

  tick() {
    if (this.since) this.clock.textContent = minutes((Date.now() - this.since) / 1000);
  }

  press(event) {
    const by = turnOf(event);
    if (!by) return;
    event.preventDefault();
    this.say({ kind: "turn", by });
  }

  close() {
    clearInterval(this.timer);
    window.removeEventListener("keydown", this.keys);
    this.channel.close();
    this.host.remove();
  }
}

const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
