// What a person sees as an address: the one to copy, and the one for the room as a QR code.

/** The address of what is shown now: the page's own, with the slide and the theme in it. */
function addressNow(slide, dark) {
  const address = new URL(document.location.href);
  address.hash = "";
  if (slide) address.searchParams.set("slide", slide);
  else address.searchParams.delete("slide");
  address.searchParams.delete("notes");
  address.searchParams.set("embed_options", dark ? "dark_theme" : "light_theme");
  return address;
}

/** Copy a text; false where the browser forbids it, as it does on pages without https that are not on localhost. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** A QR code over everything, large enough for the last row; any key or click takes it away. */
class Code {
  constructor(root) {
    this.dialog = node("dialog", "code", root, { "aria-label": "QR code of this page" });
    this.dialog.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => (this.wanted = ""));
  }

  /** Ask for the code of an address; it is shown when it comes. */
  ask(address, send) {
    this.wanted = address;
    send(address);
  }

  show(code) {
    if (!code || code.asked !== this.wanted || this.dialog.open) return;
    this.dialog.replaceChildren();
    if (code.svg) node("div", "modules", this.dialog).innerHTML = code.svg;
    for (const sentence of code.sentences) node("p", "", this.dialog).textContent = sentence;
    if (code.address) node("p", "address", this.dialog).textContent = code.address;
    button("Close", this.dialog, () => this.dialog.close());
    this.dialog.showModal();
  }
}
