// The panels for sequences: the attention of all heads as small maps, and what the network says at every place.

const HEAD_CAPTION = 17;
const ATTENTION_LIGHT = [74, 20, 134];
const ATTENTION_DARK = [195, 171, 240];
const ATTENTION_BEND = 0.6; // weak weights stay visible

/** 256 shades of attention, from clear to purple, as red, green, blue, opacity. */
const shadesOf = (theme) => Array.from({ length: 256 }, (_, level) => [...(theme.dark ? ATTENTION_DARK : ATTENTION_LIGHT), 255 * (level / 255) ** ATTENTION_BEND]);

class AttentionView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.canvas = canvasIn(box);
    watchPointer(this.canvas, stage, (event) => this.look(event));
  }

  uris() {
    return [];
  }

  paint(panel, frame, { theme }) {
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const levels = bytesOf(at(panel.maps, frame));
    const [rows, columns] = [panel.down.length, panel.across.length];
    const place = (this.place = this.layout(context, theme, panel, width, height));
    const shades = shadesOf(theme);
    for (let head = 0; head < panel.layers * panel.heads; head += 1) {
      const [x, y] = this.corner(head, panel);
      const caption = `${Math.floor(head / panel.heads) + 1}·${(head % panel.heads) + 1}  ${at(panel.names, frame)[head]}`;
      context.font = `400 12px ${theme.family}`;
      write(context, theme, shorten(context, caption, place.across + 4), x, y - place.top - 5, { size: 12, align: "left", opacity: 0.95 });
      context.fillStyle = theme.tile;
      context.fillRect(x, y, place.across, place.down);
      context.imageSmoothingEnabled = place.cell < 1.2;
      context.drawImage(this.picture(levels, head * rows * columns, rows, columns, shades), x, y, place.across, place.down);
      if (!head || place.words) this.labels(context, theme, panel, x, y);
    }
    this.last = { panel, frame, levels };
  }

  picture(levels, start, rows, columns, shades) {
    this.small ||= document.createElement("canvas");
    Object.assign(this.small, { width: columns, height: rows });
    const context = this.small.getContext("2d");
    const pixels = context.createImageData(columns, rows);
    for (let k = 0; k < rows * columns; k += 1) pixels.data.set(shades[levels[start + k]], 4 * k);
    context.putImageData(pixels, 0, 0);
    return this.small;
  }

  /** Size and pitch of the maps; tokens are written beside them where there is room. */
  layout(context, theme, panel, width, height) {
    const [rows, columns] = [panel.down.length, panel.across.length];
    context.font = `400 11px ${theme.family}`;
    const widest = Math.min(40, Math.max(...panel.down.map((text) => context.measureText(text).width)));
    const fit = (left, top) => Math.min((width - 12) / panel.heads - left - 10, 1e9) / columns > 0
      ? Math.min(((width + 10) / panel.heads - left - 12) / columns, ((height + 4) / panel.layers - HEAD_CAPTION - top - 6) / rows)
      : 1;
    const words = fit(widest + 5, 14) >= 8.5;
    const [left, top] = words ? [widest + 5, 14] : [0, 0];
    const cell = Math.max(0.5, Math.min(26, fit(left, top)));
    const [across, down] = [cell * columns, cell * rows];
    return { cell, across, down, left, top, words, pitchX: (width - 2) / panel.heads, pitchY: down + HEAD_CAPTION + top + 6 };
  }

  corner(head, panel) {
    const { left, top, pitchX, pitchY } = this.place;
    return [(head % panel.heads) * pitchX + left + 1, Math.floor(head / panel.heads) * pitchY + HEAD_CAPTION + top];
  }

  labels(context, theme, panel, x, y) {
    const { cell, words } = this.place;
    if (!words) return;
    const size = Math.min(12, cell);
    panel.down.forEach((text, row) => write(context, theme, shorten(context, text, 40), x - 4, y + (row + 0.5) * cell + size / 3, { size, align: "right" }));
    panel.across.forEach((text, column) => write(context, theme, shorten(context, text, cell), x + (column + 0.5) * cell, y - 4, { size }));
  }

  look(event) {
    if (!this.last) return;
    const found = event && this.find(event.offsetX, event.offsetY);
    if (!found) return this.stage.tooltip.hide();
    const { panel, frame, levels } = this.last;
    const { head, row, column } = found;
    const share = levels[(head * panel.down.length + row) * panel.across.length + column] / 255;
    const name = `Layer ${Math.floor(head / panel.heads) + 1}, head ${(head % panel.heads) + 1}: ${at(panel.names, frame)[head]}`;
    const told = `“${panel.down[row]}” (${row + 1}) looks at “${panel.across[column]}” (${column + 1}): ${share.toFixed(2)}`;
    this.stage.tooltip.show([event.clientX, event.clientY], [name, told]);
  }

  find(x, y) {
    const { panel } = this.last;
    for (let head = 0; head < panel.layers * panel.heads; head += 1) {
      const [left, top] = this.corner(head, panel);
      const [column, row] = [Math.floor((x - left) / this.place.cell), Math.floor((y - top) / this.place.cell)];
      if (column >= 0 && row >= 0 && column < panel.across.length && row < panel.down.length) return { head, row, column };
    }
    return null;
  }

  legend() {
    return [];
  }
}

const CELL_HEIGHT = 38;

class SequenceView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.canvas = canvasIn(box);
    watchPointer(this.canvas, stage, (event) => this.look(event));
  }

  uris() {
    return [];
  }

  paint(panel, frame, { theme, palette }) {
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const right = bytesOf(at(panel.right, frame));
    const said = at(panel.said, frame);
    const places = this.places(context, theme, panel, width, height);
    let cell = 0;
    panel.read.forEach((tokens, row) => tokens.forEach((token, column) => {
      const box = places[cell];
      if (box) this.cell(context, theme, palette, box, { token, wanted: panel.wanted[row][column], said: panel.texts[said[cell]], share: right[cell] / 255 });
      cell += 1;
    }));
    this.last = { panel, places, right, said };
  }

  cell(context, theme, palette, [x, y, wide, tall], { token, wanted, said, share }) {
    const asked = wanted !== "";
    const good = asked && said === wanted;
    context.fillStyle = theme.tile;
    context.beginPath();
    context.roundRect(x, y, wide - 2, tall - 3, 4);
    context.fill();
    if (asked) {
      context.globalAlpha = good ? 0.12 + 0.5 * share : 0.5;
      context.fillStyle = shade(theme, good ? palette.positive : palette.wrong);
      context.beginPath();
      context.roundRect(x, y + tall / 2 - 1, wide - 2, tall / 2 - 2, 3);
      context.fill();
      context.globalAlpha = 1;
    }
    const size = Math.min(14, tall / 2 - 3, 9 + wide / 6);
    context.font = `400 ${size}px ${theme.family}`;
    write(context, theme, shorten(context, token, wide - 4), x + wide / 2 - 1, y + tall / 2 - 4, { size, opacity: 0.9 });
    if (asked) write(context, theme, shorten(context, said, wide - 4), x + wide / 2 - 1, y + tall - 6, { size, weight: 600, opacity: 1 });
  }

  /** Boxes of all cells in reading order, as large as they fit; sequences start on lines of their own. */
  places(context, theme, panel, width, height) {
    context.font = `400 13px ${theme.family}`;
    const longest = Math.max(...panel.read.flat().map((text) => context.measureText(text).width));
    const gap = 10;
    const free = height - gap * (panel.read.length - 1);
    const linesOf = (across) => panel.read.map((tokens) => Math.ceil(tokens.length / Math.max(1, Math.floor(width / across))));
    const total = (across) => linesOf(across).reduce((sum, count) => sum + count, 0);
    const least = clamp(longest + 10, 19, 64);
    let wide = Math.max(least, 44);
    while (wide > least && total(wide) * CELL_HEIGHT > free) wide -= 1;
    const perLine = Math.max(1, Math.floor(width / wide));
    const lines = linesOf(wide);
    const all = total(wide);
    const tall = clamp(free / all, 24, CELL_HEIGHT);
    const boxes = [];
    let top = 0;
    panel.read.forEach((tokens, row) => {
      tokens.forEach((_, k) => {
        const y = top + Math.floor(k / perLine) * tall;
        boxes.push(y + tall > height + 2 ? null : [(k % perLine) * wide, y, wide, tall]);
      });
      top += lines[row] * tall + gap;
    });
    return boxes;
  }

  look(event) {
    if (!this.last) return;
    const { panel, places, right, said } = this.last;
    const inside = ([x, y, wide, tall]) => event.offsetX >= x && event.offsetX < x + wide && event.offsetY >= y && event.offsetY < y + tall;
    const cell = event ? places.findIndex((box) => box && inside(box)) : -1;
    if (cell < 0) return this.stage.tooltip.hide();
    const wanted = panel.wanted.flat()[cell];
    const lines = [`read “${panel.read.flat()[cell]}”, said “${panel.texts[said[cell]]}”`];
    if (wanted !== "") lines.push(`right would be “${wanted}”, probability ${(right[cell] / 255).toFixed(2)}`);
    this.stage.tooltip.show([event.clientX, event.clientY], lines);
  }

  legend(panel, { theme, palette }) {
    return [
      { text: "said rightly", colour: shade(theme, palette.positive) },
      { text: "said wrongly", colour: shade(theme, palette.wrong) },
    ];
  }
}
