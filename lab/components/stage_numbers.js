// Numbers of the payload and numbers on the screen: unpacking, ticks, texts.

const at = (list, frame) => (list && list.length ? list[Math.min(frame, list.length - 1)] : null);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const whole = (value) => Math.round(value).toLocaleString("en-US");

/** At most three significant digits, a true minus sign; "–" for what is not a number. */
function format(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  let text;
  if (size === 0) text = "0";
  else if (size >= 1e6 || size < 1e-3) text = value.toExponential(1);
  else if (size >= 999.5) text = value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  else text = value.toPrecision(3);
  return text.replace("-", "−");
}

/** About `count` round numbers from low to high, at least three. */
function niceTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999) || 10);
  const first = Math.ceil(low / step - 1e-6);
  const last = Math.floor(high / step + 1e-6);
  if (last - first < 2 && count < 40) return niceTicks(low, high, 2 * count);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => (first + k) * step);
}

function logTicks(low, high) {
  const first = Math.floor(Math.log10(low) + 1e-6);
  const last = Math.ceil(Math.log10(high) - 1e-6);
  const stride = Math.ceil((last - first) / 5) || 1;
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) ticks.push(factor * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function tickText(value, ticks) {
  const size = Math.abs(value);
  const tiny = size !== 0 && (size < 1e-3 || size >= 1e6);
  if (tiny) return value.toExponential(0).replace("e+", "e").replaceAll("-", "−");
  const gaps = ticks.slice(1).map((tick, k) => Math.abs(tick - ticks[k]));
  const digits = clamp(-Math.floor(Math.log10(Math.min(...gaps, size || Infinity, 1e9)) + 1e-6), 0, 4);
  return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
}

/** Base64 integers in units of scale / largest, as `quantize` in stage_panels.py writes them; unpacked once. */
function numbers(packed) {
  if (!packed.numbers) {
    const bytes = Uint8Array.from(atob(packed.data), (character) => character.charCodeAt(0));
    const integers = packed.bits === 8 ? new Int8Array(bytes.buffer) : new Int16Array(bytes.buffer);
    const largest = 2 ** (packed.bits - 1) - 1;
    const unit = packed.scale / largest;
    packed.numbers = Float32Array.from(integers, (value) => (value < -largest ? NaN : value * unit));
  }
  return packed.numbers;
}

const byteCache = new Map();
function bytesOf(text) {
  if (!byteCache.has(text)) {
    if (byteCache.size > 500) byteCache.clear();
    byteCache.set(text, Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  }
  return byteCache.get(text);
}
const flag = (text, index) => Boolean(text) && ((bytesOf(text)[index >> 3] >> (index & 7)) & 1) === 1;
