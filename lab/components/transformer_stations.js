// The stations of the way through a Transformer: each one a matrix of this text, and how any of its cells came about.
// explain(row, column) gives {formula, lines, dot, ask}: words with numbers, a dot product, weights to ask the server for.

const BENDS = {
  relu: (x) => Math.max(0, x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  swiglu: (x) => x / (1 + Math.exp(-x)),
};
const BEND_NAMES = { relu: "ReLU", gelu: "GELU", gelu_tanh: "GELU", swiglu: "SiLU" };

/** Abramowitz and Stegun 7.1.26, error below 2e-7. */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}

/** A number behind an operator: a negative one stands in brackets. */
const signed = (value) => (value < 0 ? `(${format(value)})` : format(value));
const spread = (row) => {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  return { mean, variance: row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length };
};
const rowOf = ({ data, columns }, row) => data.subarray(row * columns, (row + 1) * columns);
const numbered = (name, values) => [...values].map((_, k) => `${name}${k + 1}`);

/** Everything that the stations of one layer and head need, by short names. */
function layerOf(reading, layer, head) {
  const here = (name, ...more) => reading.matrix(name, layer, ...more);
  return {
    reading, layer, head, pre: reading.normalization === "pre",
    before: here("stream"), after: reading.matrix("stream", layer + 1),
    normalized: here("normalized"), out: here("attention_out"), middle: here("middle"),
    queries: here("queries", head), keys: here("keys", head), values: here("values", head),
    scores: here("scores", head), attention: here("attention", head), mixed: here("mixed", head),
  };
}

function joined(reading, layer) {
  const [heads, rows, size] = [reading.heads, reading.texts.length, reading.headWidth];
  const data = new Float32Array(rows * heads * size);
  for (let head = 0; head < heads; head += 1) {
    const part = reading.matrix("mixed", layer, head);
    for (let row = 0; row < rows; row += 1) data.set(rowOf(part, row), (row * heads + head) * size);
  }
  return { rows, columns: heads * size, data };
}

const added = (one, other, names) => (row, column) => {
  const [a, b] = [one, other].map(({ data, columns }) => data[row * columns + column]);
  return { formula: `${names[0]} + ${names[1]}`, lines: [`${format(a)} + ${signed(b)} = ${format(a + b)}`] };
};

/** A normalized cell; the scale and shift of its column come from the server. */
const normal = (input, epsilon, ask) => (row, column) => {
  const values = rowOf(input, row);
  const { mean, variance } = spread(values);
  const straight = (values[column] - mean) / Math.sqrt(variance + epsilon);
  return {
    formula: "(x − mean of the row) / √(variance of the row + ε) × scale + shift",
    lines: [`(${format(values[column])} − ${signed(mean)}) / √(${format(variance)} + ${epsilon}) = ${format(straight)}`],
    ask: { ...ask, unit: column }, finish: ({ scale, shift }) => `${format(straight)} × ${signed(scale)} + ${signed(shift)} = ${format(straight * scale + shift)}`,
  };
};

/** A cell of a dense layer: its input row times a column of weights, plus the bias. */
const dense = (input, name, ask, bend) => (row, column) => ({
  formula: `Σ ${name} × weight + bias${bend ? `, then ${BEND_NAMES[bend]}` : ""}`,
  dot: { left: rowOf(input, row), before: row ? rowOf(input, row - 1) : null, name, bend }, ask: { ...ask, unit: column, row },
});

function inputStations(reading) {
  const { texts, ids } = reading;
  const embedded = reading.matrix("embedded");
  const positioned = reading.matrix("positioned");
  const first = reading.matrix("stream", 0);
  const value = (matrix, row, column) => format(matrix.data[row * matrix.columns + column]);
  const tokens = { rows: ids.length, columns: 1, data: Float32Array.from(ids) };
  return [
    { key: "tokens", group: "Input", name: "Tokens", text: "The text in pieces the network knows, each with its number.", matrix: tokens,
      list: true, explain: (row) => ({ formula: "a look-up in the vocabulary", lines: [`“${shown(texts[row])}” is token number ${ids[row]}`] }) },
    { key: "embedded", group: "Input", name: "Embeddings", text: "Each token's row of the embedding table.", matrix: embedded, signed: true,
      explain: (row, column) => ({ formula: "row of the embedding table", lines: [`row ${ids[row]}, column ${column + 1}: ${value(embedded, row, column)}`] }) },
    { key: "positioned", group: "Input", name: "Positions", text: positionWords(reading), matrix: positioned, signed: true,
      explain: (row, column) => positionCell(reading, row, column, value(positioned, row, column)) },
    { key: "first", group: "Input", name: "What enters", text: inputWords(reading), matrix: first, signed: true, explain: inputCell(reading, embedded, positioned, first) },
  ];
}

function positionWords({ positions }) {
  if (positions === "rotary") return "Nothing is added: queries and keys are turned by their position instead.";
  if (positions === "none") return "This network has no positions.";
  return positions === "learned" ? "A learned vector for each place." : "Waves of many lengths, one place a row.";
}

function inputWords({ embeddingNorm }) {
  return embeddingNorm ? "Embedding plus position, normalized." : "Embedding plus position: what runs through the network.";
}

function positionCell({ positions }, row, column, value) {
  if (positions === "learned") return { formula: "row of the position table", lines: [`row ${row}, column ${column + 1}: ${value}`] };
  if (positions === "sinusoidal") return { formula: "a wave over the places, its length given by the column", lines: [`place ${row}, column ${column + 1}: ${value}`] };
  return { formula: "nothing is added", lines: [value] };
}

function inputCell(reading, embedded, positioned, first) {
  return (row, column) => {
    const parts = [embedded, positioned].map(({ data, columns }) => data[row * columns + column]);
    const found = first.data[row * first.columns + column];
    if (!reading.embeddingNorm) return added(embedded, positioned, ["embedding", "position"])(row, column);
    return { formula: "embedding + position + kind of sentence, normalized over the row", lines: [`${format(parts[0])} + ${signed(parts[1])}, normalized: ${format(found)}`] };
  };
}

function attentionStations(reading, layer, head) {
  const at = layerOf(reading, layer, head);
  const { texts, headWidth, epsilon, causal } = reading;
  const ask = (part) => ({ part, layer, head });
  const root = Math.sqrt(headWidth);
  const raw = mapped(at.scores, (value) => value * root);
  const hidden = (row, column) => causal && column > row;
  const masked = { ...at.scores, data: at.scores.data.map((value, place) => (hidden(Math.floor(place / at.scores.columns), place % at.scores.columns) ? NaN : value)) };
  const group = `Attention, layer ${layer + 1}, head ${head + 1}`;
  const turned = reading.positions === "rotary" ? " Shown after the turn by its position." : "";
  const cell = (matrix, row, column) => matrix.data[row * matrix.columns + column];
  const normalizedText = at.pre ? "The row, centred and scaled: what attention reads." : "What attention reads: the stream as it is.";
  const stations = [
    { key: "normalized", name: at.pre ? "Normalized" : "What it reads", text: normalizedText, matrix: at.normalized, signed: true,
      explain: at.pre ? normal(at.before, epsilon, ask("normalization_1")) : (row, column) => ({ formula: "the stream itself", lines: [format(cell(at.before, row, column))] }) },
    { key: "queries", name: "Queries Q", text: `What each token asks.${turned}`, matrix: at.queries, signed: true, explain: dense(at.normalized, "x", ask("query")) },
    { key: "keys", name: "Keys K", text: `What each token answers to.${turned}`, matrix: at.keys, signed: true, explain: dense(at.normalized, "x", ask("key")) },
    { key: "values", name: "Values V", text: "What each token hands over.", matrix: at.values, signed: true, explain: dense(at.normalized, "x", ask("value")) },
    { key: "products", name: "Q times K", text: "Every query meets every key.", matrix: raw, signed: true, square: true,
      explain: (row, column) => ({ formula: "Σ query × key", dot: { left: rowOf(at.queries, row), right: rowOf(at.keys, column), name: "q", other: "k" } }) },
    { key: "scores", name: "Scaled scores", text: `Divided by √${headWidth}, so that they do not grow with the width.`, matrix: at.scores, signed: true, square: true,
      explain: (row, column) => ({ formula: "product / √(width of the head)", lines: [`${format(cell(raw, row, column))} / √${headWidth} = ${format(cell(at.scores, row, column))}`] }) },
    { key: "masked", name: "Mask", text: causal ? "No token may see what comes later: these scores become minus infinity (grey)." : "An encoder sees the whole text: nothing is masked.", matrix: masked, signed: true, square: true,
      explain: (row, column) => ({ formula: causal ? "later tokens are hidden" : "nothing is hidden", lines: [hidden(row, column) ? `“${shown(texts[column])}” comes after “${shown(texts[row])}”: −∞` : `visible: ${format(cell(at.scores, row, column))}`] }) },
    { key: "attention", name: "Softmax", text: "Each row becomes shares that add up to 1: the attention.", matrix: at.attention, square: true, explain: softmaxCell(masked, at.attention) },
    { key: "mixed", name: "Weighted values", text: "Each token's mix of the values it looks at.", matrix: at.mixed, signed: true,
      explain: (row, column) => ({ formula: "Σ attention × value", dot: { left: rowOf(at.attention, row), right: texts.map((_, k) => cell(at.values, k, column)), name: "a", other: "v", labels: texts } }) },
    { key: "joined", name: "Heads joined", text: "The mixes of all heads side by side.", matrix: joined(reading, layer), signed: true,
      explain: (row, column) => ({ formula: `head ${Math.floor(column / headWidth) + 1}, element ${(column % headWidth) + 1}`, lines: ["copied, nothing is computed here"] }) },
    { key: "attention_out", name: "Projected", text: "Mixed across heads, back to the width of the stream.", matrix: at.out, signed: true, explain: dense(joined(reading, layer), "m", ask("output")) },
    { key: "middle", name: "Residual +", text: at.pre ? "Added to what came in: the stream goes on." : "Added to what came in, then normalized.", matrix: at.middle, signed: true,
      explain: at.pre ? added(at.before, at.out, ["stream", "attention"]) : normal(summed(at.before, at.out), epsilon, ask("normalization_1")) },
  ];
  return stations.map((station) => ({ group, ...station }));
}

const summed = (one, other) => mapped(one, (value, place) => value + other.data[place]);

function softmaxCell(masked, attention) {
  return (row, column) => {
    const scores = rowOf(masked, row);
    const seen = [...scores].filter(Number.isFinite);
    const most = Math.max(...seen);
    const sum = seen.reduce((total, score) => total + Math.exp(score - most), 0);
    const own = scores[column];
    const result = format(attention.data[row * attention.columns + column]);
    if (!Number.isFinite(own)) return { formula: "exp(score) / Σ exp(scores)", lines: ["exp(−∞) = 0"] };
    return {
      formula: "exp(score − largest) / Σ exp(scores − largest)",
      lines: [`exp(${format(own)} − ${signed(most)}) / ${format(sum)} = ${format(Math.exp(own - most))} / ${format(sum)} = ${result}`],
    };
  };
}

function mlpStations(reading, layer) {
  if (!reading.mlpWidth) return [];
  const { pre, middle: own, after } = layerOf(reading, layer, 0);
  const here = (name) => reading.matrix(name, layer);
  const middle = reading.has("cross_out") ? summed(own, here("cross_out")) : own;
  const [input, out] = ["mlp_in", "mlp_out"].map(here);
  const ask = (part) => ({ part, layer, head: 0 });
  const group = `MLP, layer ${layer + 1}`;
  const unknown = () => ({ formula: "experts, weighted by their gate", lines: ["the chosen experts' outputs, added up"] });
  const hidden = reading.has("mlp_hidden") ? here("mlp_hidden") : null;
  const widened = hidden && { key: "mlp_hidden", name: `Hidden, ${BEND_NAMES[reading.activation]}`, text: "Each token by itself, widened and bent.", matrix: hidden, signed: true,
    explain: dense(input, "x", ask("mlp_in"), reading.activation) };
  const gate = !hidden && { key: "gate", name: "Gate", text: "The share of each expert in each token.", matrix: here("expert_weights"),
    explain: (row, column) => ({ formula: `share of expert ${column + 1}`, lines: ["softmax of the gate over the experts that were asked"] }) };
  return [
    { key: "mlp_in", name: pre ? "Normalized" : "What it reads", text: "What the two dense layers read.", matrix: input, signed: true,
      explain: pre ? normal(middle, reading.epsilon, ask("normalization_2")) : (row, column) => ({ formula: "the stream itself", lines: [format(middle.data[row * middle.columns + column])] }) },
    widened || gate,
    { key: "mlp_out", name: "Back to the width", text: "What the MLP adds to each token.", matrix: out, signed: true, explain: hidden ? dense(hidden, "h", ask("mlp_out")) : unknown },
    { key: "after", name: "Residual +", text: pre ? "Added to the stream: what the next layer gets." : "Added, then normalized: what the next layer gets.", matrix: after, signed: true,
      explain: pre ? added(middle, out, ["stream", "MLP"]) : normal(summed(input, out), reading.epsilon, ask("normalization_2")) },
  ].map((station) => ({ group, ...station }));
}

function outputStations(reading) {
  if (!reading.has("top_logits")) return [];
  const final = reading.matrix("final");
  const logits = reading.matrix("top_logits");
  const chances = reading.matrix("top_probabilities");
  const last = reading.matrix("stream", reading.layers);
  const words = (row, column) => `“${reading.topTexts[row][column]}”`;
  const group = "Output";
  const explainFinal = reading.finalNorm ? normal(last, reading.epsilon, { part: "normalization_final", layer: 0, head: 0 })
    : (row, column) => ({ formula: "the stream itself", lines: [format(final.data[row * final.columns + column])] });
  return [
    { key: "final", name: "Last normalization", text: "The stream after all layers, ready to be read.", matrix: final, signed: true, explain: explainFinal },
    { key: "logits", name: "Logits", text: `The ${logits.columns} best next tokens of each place, best first: how well the row fits each token's vector.`, matrix: logits, signed: true, words: true,
      explain: (row, column) => ({ ...dense(final, "x", { part: "logit", layer: 0, head: 0 })(row, column), ask: { part: "logit", layer: 0, head: 0, unit: reading.topIds[row][column], row }, about: words(row, column) }) },
    { key: "chances", name: "Probabilities", text: "Softmax over the whole vocabulary; the best are shown.", matrix: chances, words: true,
      explain: (row, column) => chanceCell(logits, chances, words(row, column), row, column) },
    { key: "sampling", name: "Sampling", text: "Temperature, top-k and top-p reshape these numbers; then one token is drawn.", matrix: chances, words: true, sampling: true,
      explain: (row, column) => ({ formula: "see the bars", lines: [words(row, column)] }) },
  ].map((station) => ({ group, ...station }));
}

function chanceCell(logits, chances, word, row, column) {
  const place = row * logits.columns;
  const total = logits.data[place] - Math.log(chances.data[place]); // log of the sum over the vocabulary
  const logit = logits.data[place + column];
  return {
    formula: "exp(logit) / Σ exp(all logits)", about: word,
    lines: [`exp(${format(logit)} − ${signed(total)}) = ${format(Math.exp(logit - total))}, where ${format(total)} is log Σ exp over the whole vocabulary`],
  };
}

function stationsOf(reading, layer, head) {
  return [...inputStations(reading), ...attentionStations(reading, layer, head), ...mlpStations(reading, layer), ...outputStations(reading)];
}
