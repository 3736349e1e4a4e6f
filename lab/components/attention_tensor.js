// A reading as it travels: a header in JSON, then numbers of 16 or 32 bits. Unpacked once, seen without copies.

/** All 65,536 numbers of 16 bits (IEEE 754 half precision); made with the first one that is needed. */
function halfTable() {
  if (halfTable.made) return halfTable.made;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits += 1) {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) table[bits] = fraction ? NaN : sign * Infinity;
    else table[bits] = exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
  }
  halfTable.made = table;
  return table;
}

function unpacked(buffer, { bits, start, count }) {
  if (bits === 32) return new Float32Array(buffer, start, count);
  const table = halfTable();
  return Float32Array.from(new Uint16Array(buffer, start, count), (whole) => table[whole]);
}

/** What one text does in one network: names and sizes from the header, arrays by name. */
class Reading {
  constructor(bytes) {
    const { buffer } = bytes.slice(); // a copy, so that numbers start where their width allows
    const length = new DataView(buffer).getUint32(0, true);
    Object.assign(this, JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))));
    this.buffer = buffer;
    this.values = {};
  }

  has(name) {
    return name in this.arrays;
  }

  data(name) {
    this.values[name] ||= unpacked(this.buffer, this.arrays[name]);
    return this.values[name];
  }

  /** Where a part of an array begins, in parts. Of a large network some arrays hold only the layers that were asked for. */
  placeOf(name, leading) {
    const { shape } = this.arrays[name];
    const index = (one, axis) => (axis === 0 && this.big.includes(name) ? this.shownLayers.indexOf(one) : one);
    return leading.reduce((place, one, axis) => place * shape[axis] + index(one, axis), 0);
  }

  /** The last two axes of an array at leading indices: {rows, columns, data}. */
  matrix(name, ...leading) {
    const { shape } = this.arrays[name];
    const [rows, columns] = shape.slice(-2);
    const place = this.placeOf(name, leading);
    return { rows, columns, data: this.data(name).subarray(place * rows * columns, (place + 1) * rows * columns) };
  }

  /** The last axis of an array at leading indices. */
  row(name, ...leading) {
    const size = this.arrays[name].shape.at(-1);
    const place = this.placeOf(name, leading);
    return this.data(name).subarray(place * size, (place + 1) * size);
  }
}

/** A token as it is read: without the blank in front of it, signs for what cannot be seen. */
const shown = (text) => text.trim() || text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥") || "∅";
/** The same with its blank, where it matters which of two tokens it is. */
const visible = (text) => (text.trim() ? text.replace(/^ /, "␣").replaceAll("\n", "↵") : shown(text));
/** A share with two digits; three where it is small. */
const share = (value) => (value > 0 && value < 0.01 ? "<.01" : value.toFixed(2));
const mapped = ({ rows, columns, data }, change) => ({ rows, columns, data: data.map(change) });
const largestOf = ({ data }) => data.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);

/** Attention without its first token, every row filled up to 1 again; rows that look nowhere else stay empty. */
function withoutFirst({ rows, columns, data }) {
  const left = data.slice();
  for (let row = 0; row < rows; row += 1) {
    const rest = 1 - data[row * columns];
    for (let column = 0; column < columns; column += 1) {
      left[row * columns + column] = column && rest > 1e-4 ? data[row * columns + column] / rest : 0;
    }
  }
  return { rows, columns, data: left };
}

/** What the views of attention can show: [key, words, needs]. */
const SOURCES = [
  ["attention", "This head"],
  ["corrected", "This head, without the first token"],
  ["scores", "Scores before mask and softmax"],
  ["layer", "All heads of this layer, mean"],
  ["mean", "All heads of all layers, mean"],
  ["rollout", "Rollout: all layers up to this one"],
  ["cross", "Looking at the source text"],
  ["source", "The source text, reading itself"],
];

/** The chosen map: {rows, columns, data, signed, asks, asked}; asks and asked are the words on its two sides. */
function chosenMap(reading, { source, layer, head }) {
  const own = { asks: reading.texts, asked: reading.texts };
  const other = reading.sourceTexts;
  switch (source) {
    case "corrected": return { ...withoutFirst(reading.matrix("attention", layer, head)), ...own };
    case "scores": return { ...reading.matrix("scores", layer, head), ...own, signed: true };
    case "layer": return { ...reading.matrix("layer_mean", layer), ...own };
    case "mean": return { ...reading.matrix("whole_mean", 0), ...own };
    case "rollout": return { ...reading.matrix("rollout", layer), ...own };
    case "cross": return { ...reading.matrix("cross_attention", layer, head), asks: reading.texts, asked: other };
    case "source": return { ...reading.matrix("source_attention", layer, head), asks: other, asked: other };
    default: return { ...reading.matrix("attention", layer, head), ...own };
  }
}
