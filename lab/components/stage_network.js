// The network panel: nodes with tiles from left to right, edges as wide as their weights, and what a pointer finds.

const CAPTION = 38;
const LARGEST_NODE = 44;

/** Width of the widest label of a layer, at most a quarter of the canvas; 0 without labels. */
function labelRoom(context, layer, width) {
  const widest = Math.max(0, ...layer.labels.map((label) => context.measureText(label).width));
  return widest ? Math.min(widest, width * 0.25) + 8 : 0;
}

/** Keep the nodes of single columns near one size, and derive each layer's extent. */
function evenOut(places) {
  const smallest = Math.min(...places.filter((place) => place.columns === 1).map((place) => place.size));
  for (const place of places) {
    if (place.columns === 1) place.size = Math.min(place.size, smallest * 1.35);
    place.pitch = place.size * (1 + place.spacing);
    place.width = place.pitch * place.columns - place.size * place.spacing;
    place.height = place.pitch * place.rows - place.size * place.spacing;
  }
}

/** Places of all nodes: per layer {x, width, size, nodes: [{x, y}]}; first and last layer touch the sides. */
function placeLayers(context, theme, panel, width, height) {
  context.font = `400 11px ${theme.family}`;
  const { layers } = panel;
  const left = layers.length ? labelRoom(context, layers[0], width) + 1 : 0;
  const right = labelRoom(context, layers[layers.length - 1], width) + 1;
  const foot = layers.some((layer) => layer.shown.length < layer.units) ? 20 : 2;
  const inner = width - left - right;
  const shares = layers.map((layer) => (layer.columns > 4 ? 3 : layer.columns > 1 ? 2.2 : 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const places = layers.map((layer, index) => {
    const columns = Math.min(layer.columns, layer.shown.length);
    const rows = Math.ceil(layer.shown.length / columns);
    const spacing = columns > 1 ? 0.1 : 0.24;
    const down = (height - CAPTION - foot) / (rows + spacing * (rows - 1));
    const across = (inner * 0.62 * shares[index]) / total / (columns + spacing * (columns - 1));
    const size = Math.max(2, Math.min(LARGEST_NODE, down, across));
    const pitch = size * (1 + spacing);
    return { columns, rows, spacing, size };
  });
  evenOut(places);
  const free = inner - places.reduce((sum, place) => sum + place.width, 0);
  let x = layers.length > 1 ? left : left + free / 2;
  places.forEach((place, index) => {
    const top = CAPTION + (height - CAPTION - foot - place.height) / 2;
    const corner = x;
    place.x = corner;
    place.bottom = top + place.height;
    place.nodes = layers[index].shown.map((_, k) => ({
      x: corner + (k % place.columns) * place.pitch,
      y: top + Math.floor(k / place.columns) * place.pitch,
    }));
    x += place.width + free / Math.max(1, layers.length - 1);
  });
  return places;
}

/** All edges with their ends and strength (0 to 1), weakest first, so that strong ones lie on top. */
function placeEdges(panel, places, frame) {
  const edges = [];
  panel.edges.forEach((pair, index) => {
    const weights = numbers(at(panel.weights[index], frame));
    const limit = panel.limit || Math.max(1e-9, ...weights.map((value) => Math.abs(value) || 0));
    const from = new Map(panel.layers[index].shown.map((unit, place) => [unit, place]));
    const to = new Map(panel.layers[index + 1].shown.map((unit, place) => [unit, place]));
    pair.source.forEach((unit, k) => {
      const [source, target] = [from.get(unit), to.get(pair.target[k])];
      if (source === undefined || target === undefined || !Number.isFinite(weights[k])) return;
      const [start, end] = [places[index], places[index + 1]];
      const strength = Math.min(1, Math.abs(weights[k]) / limit);
      const x1 = start.nodes[source].x + start.size;
      const y1 = start.nodes[source].y + start.size / 2;
      const [x2, y2] = [end.nodes[target].x, end.nodes[target].y + end.size / 2];
      const ends = { layer: index, source, target, unit, other: pair.target[k] };
      edges.push({ ...ends, x1, y1, x2, y2, strength, value: weights[k] });
    });
  });
  return edges.sort((one, other) => one.strength - other.strength);
}

function bend(edge) {
  const middle = (edge.x1 + edge.x2) / 2;
  return [edge.x1, edge.y1, middle, edge.y1, middle, edge.y2, edge.x2, edge.y2];
}

function touches(edge, focus) {
  if (!focus) return true;
  if (focus.edge) return ["layer", "unit", "other"].every((name) => focus.edge[name] === edge[name]);
  const leaves = edge.layer === focus.layer && edge.source === focus.place;
  return leaves || (edge.layer + 1 === focus.layer && edge.target === focus.place);
}

function drawEdges(context, theme, edges, palette, focus) {
  const [negative, positive] = [shade(theme, palette.negative), shade(theme, palette.positive)];
  for (const edge of edges) {
    const [x1, y1, ax, ay, bx, by, x2, y2] = bend(edge);
    const seen = touches(edge, focus);
    context.globalAlpha = seen ? 0.1 + 0.8 * edge.strength + (focus ? 0.1 : 0) : 0.08;
    context.strokeStyle = edge.value < 0 ? negative : positive;
    context.lineWidth = 0.5 + 3.2 * edge.strength;
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(ax, ay, bx, by, x2, y2);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Where a unit's tile lies in the sprite; null for a layer without tiles. */
function tileOf(panel, layer, place) {
  if (!panel.layers[layer].tiles || !panel.tile) return null;
  const before = panel.layers.slice(0, layer).filter((one) => one.tiles);
  const index = before.reduce((sum, one) => sum + one.shown.length, 0) + place;
  const columns = panel.spriteColumns;
  return [(index % columns) * panel.tile, Math.floor(index / columns) * panel.tile, panel.tile, panel.tile];
}

function drawNode(context, theme, node, size, sprite, tile, pixelated) {
  context.beginPath();
  context.roundRect(node.x, node.y, size, size, size < 10 ? 1 : Math.min(6, size * 0.18));
  context.fillStyle = theme.ground;
  context.fill();
  context.fillStyle = theme.tile;
  context.fill();
  if (sprite && tile) {
    context.save();
    if (size >= 10) context.clip();
    context.imageSmoothingEnabled = !pixelated;
    context.drawImage(sprite, ...tile, node.x, node.y, size, size);
    context.restore();
  }
  context.globalAlpha = size < 10 ? 0.25 : 0.5;
  context.strokeStyle = theme.text;
  context.lineWidth = size < 10 ? 0.5 : 1;
  context.stroke();
  context.globalAlpha = 1;
}

function drawCaptions(context, theme, panel, places, width) {
  const centres = places.map((place) => place.x + place.width / 2);
  panel.layers.forEach((layer, index) => {
    const gaps = [index - 1, index + 1].filter((k) => k in centres).map((k) => Math.abs(centres[k] - centres[index]));
    const room = Math.min(width, ...gaps) - 3;
    const lines = [
      [layer.name, layer.name.split(" ").pop(), 12, 600, 0.95, 12],
      [layer.caption, String(layer.units), 11, 400, 0.75, 27],
    ];
    for (const [text, brief, size, weight, opacity, y] of lines) {
      context.font = `${weight} ${size}px ${theme.family}`;
      const shown = context.measureText(text).width <= room ? text : shorten(context, brief, room);
      const half = context.measureText(shown).width / 2;
      write(context, theme, shown, clamp(centres[index], half, width - half), y, { size, weight, opacity });
    }
    const hidden = layer.units - layer.shown.length;
    if (!hidden) return;
    const more = context.measureText(`+${hidden} more`).width <= room ? `+${hidden} more` : `+${hidden}`;
    const half = context.measureText(more).width / 2;
    write(context, theme, more, clamp(centres[index], half, width - half), places[index].bottom + 15);
  });
}

function drawLabels(context, theme, panel, places, width) {
  const last = panel.layers.length - 1;
  for (const index of new Set([0, last])) {
    const place = places[index];
    panel.layers[index].labels.forEach((label, k) => {
      const left = index === 0 && last > 0;
      const x = left ? place.nodes[k].x - 7 : place.nodes[k].x + place.size + 7;
      const shown = shorten(context, label, left ? x : width - x);
      const style = { align: left ? "right" : "left", opacity: 0.9 };
      write(context, theme, shown, x, place.nodes[k].y + place.size / 2 + 4, style);
    });
  }
}

/** Distance from a point to a curved edge, measured at 24 of its points. */
function distanceTo(edge, x, y) {
  const [x1, y1, ax, ay, bx, by, x2, y2] = bend(edge);
  let nearest = Infinity;
  for (let step = 0; step <= 24; step += 1) {
    const t = step / 24;
    const s = 1 - t;
    const px = s ** 3 * x1 + 3 * s * s * t * ax + 3 * s * t * t * bx + t ** 3 * x2;
    const py = s ** 3 * y1 + 3 * s * s * t * ay + 3 * s * t * t * by + t ** 3 * y2;
    nearest = Math.min(nearest, Math.hypot(px - x, py - y));
  }
  return nearest;
}

function unitName(panel, layer, place) {
  const { name, labels, shown } = panel.layers[layer];
  return `${name}, ${labels[place] || `unit ${shown[place]}`}`;
}

/** "x1", or "hidden 2.6" for a unit without a label. */
function shortName(panel, layer, place) {
  const { name, labels, shown } = panel.layers[layer];
  return labels[place] || `${name}.${shown[place]}`;
}

function weightText(panel, { layer, source, target, value }) {
  return `weight ${shortName(panel, layer, source)} → ${shortName(panel, layer + 1, target)} = ${format(value)}`;
}

/** Two lines on a unit: the largest weight into it and the largest out of it. */
function strongestWeights(panel, edges, layer, place) {
  const size = (edge) => Math.abs(edge.value);
  const largest = (some) => some.reduce((best, edge) => (!best || size(edge) > size(best) ? edge : best), null);
  const into = largest(edges.filter((edge) => edge.layer + 1 === layer && edge.target === place));
  const out = largest(edges.filter((edge) => edge.layer === layer && edge.source === place));
  const lines = [
    into && `strongest from ${shortName(panel, layer - 1, into.source)}: ${format(into.value)}`,
    out && `strongest to ${shortName(panel, layer + 1, out.target)}: ${format(out.value)}`,
  ];
  return lines.filter(Boolean);
}

class NetworkView {
  constructor(panel, box, stage) {
    this.stage = stage;
    this.canvas = canvasIn(box);
    watchPointer(this.canvas, stage, (event) => this.look(event));
  }

  uris(panel, frame) {
    return [at(panel.sprites, frame)];
  }

  paint(panel, frame, shared) {
    const { pictures, theme, palette } = shared;
    const fresh = freshCanvas(this.canvas);
    if (!fresh) return;
    const { context, width, height } = fresh;
    const places = placeLayers(context, theme, panel, width, height);
    const edges = placeEdges(panel, places, frame);
    const sprite = pictures.get(at(panel.sprites, frame));
    drawEdges(context, theme, edges, palette, this.focus);
    places.forEach((place, layer) => {
      place.nodes.forEach((node, k) => {
        drawNode(context, theme, node, place.size, sprite, tileOf(panel, layer, k), panel.pixelated);
      });
    });
    drawCaptions(context, theme, panel, places, width);
    drawLabels(context, theme, panel, places, width);
    // Weights that are not numbers have no edges: a network without a single one says so.
    const lost = !edges.length && panel.edges.some((pair) => pair.source.length);
    const whole = { x0: 0, y0: 0, across: width, down: height };
    if (lost) drawMessage(context, theme, "The weights are not numbers any more.", whole);
    this.last = { panel, frame, shared, places, edges, sprite };
    if (this.focus) this.explain();
  }

  /** Find what the pointer is on, and show it alone; what it computes may fill the result panel as well. */
  look(event) {
    if (!this.last) return;
    const focus = event ? this.find(event.offsetX, event.offsetY) : null;
    if (!focus && !this.focus) return;
    this.focus = focus;
    if (focus) this.pointer = [event.clientX, event.clientY];
    else this.stage.tooltip.hide();
    this.stage.repaint();
  }

  find(x, y) {
    const inside = (node, size) => x >= node.x && x <= node.x + size && y >= node.y && y <= node.y + size;
    for (const [layer, { nodes, size }] of this.last.places.entries()) {
      const place = nodes.findIndex((node) => inside(node, size));
      if (place >= 0) return { layer, place };
    }
    const near = this.last.edges.filter((edge) => x > edge.x1 && x < edge.x2 && distanceTo(edge, x, y) < 4);
    return near.length ? { edge: near[near.length - 1] } : null;
  }

  /** The map of the unit under the pointer, for the result panel to enlarge; null without one. */
  enlarged(panel, frame, pictures) {
    const { layer, place } = this.focus || {};
    const known = panel.maps && panel.layers[layer]?.shown[place] !== undefined;
    const tile = known ? tileOf(panel, layer, place) : null;
    const sprite = pictures.get(at(panel.sprites, frame));
    return tile && sprite ? { sprite, tile, name: unitName(panel, layer, place) } : null;
  }

  explain() {
    const { panel, edges, sprite, shared } = this.last;
    if (this.focus.edge) {
      const edge = edges.find((one) => touches(one, this.focus));
      if (edge) this.stage.tooltip.show(this.pointer, [weightText(panel, edge)]);
      return;
    }
    const { layer, place } = this.focus;
    if (panel.layers[layer]?.shown[place] === undefined) return;
    const lines = [unitName(panel, layer, place), ...strongestWeights(panel, edges, layer, place)];
    const tile = shared.enlarged ? null : tileOf(panel, layer, place);
    const picture = sprite && tile ? { sprite, tile, pixelated: panel.pixelated } : null;
    this.stage.tooltip.show(this.pointer, lines, picture, this.canvas.getBoundingClientRect());
  }
}
