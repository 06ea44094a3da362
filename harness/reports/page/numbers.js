// Numbers as people read them, as in the terminal but for the smallest, which would be 0.0000 there.

const MISSING = "–";

function asQuality(value) {
  if (value !== 0 && Math.abs(value) < 0.00095) return value.toExponential(1).replace("-", "−");
  return value.toFixed(4).replace("-", "−");
}

function asTime(seconds) {
  if (seconds < 0.1) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (count) => String(count).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

function scaled(value, units, rest) {
  for (const [unit, size, digits] of units) if (value >= size) return `${(value / size).toFixed(digits)}${unit}`;
  return `${value.toFixed(0)}${rest}`;
}

const AS_UNIT = {
  quality: asQuality,
  seconds: asTime,
  bytes: (value) => scaled(value, [[" GB", 1e9, 2], [" MB", 1e6, 0], [" kB", 1e3, 0]], " B"),
  count: (value) => scaled(value, [["B", 1e9, 2], ["M", 1e6, 2], ["K", 1e3, 2]], ""),
};

function asText(measure, value) {
  return value === null || value === undefined ? MISSING : AS_UNIT[measure.unit](value);
}

// A difference, with its sign.
function asDifference(measure, value) {
  const size = AS_UNIT[measure.unit](Math.abs(value));
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${size}`;
}

function asWeights(weights) {
  return `(${weights.map((weight) => weight.toFixed(2)).join(", ")})`;
}

function asPercent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function count(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many ?? `${one}s`}`;
}
