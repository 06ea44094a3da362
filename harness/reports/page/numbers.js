// Formats for numbers that Python cannot write beforehand: a weighted error follows the weights that a reader drags, and
// the values of fronts are so many that a text of each would double the page. All other numbers come as texts.

const MISSING = INDEX.missing;

// Writes an error or a weighted error as Python's `value_text` writes a quality.
function asError(value) {
  if (value !== 0 && Math.abs(value) < 0.00095) return value.toExponential(1).replaceAll("-", "−");
  return value.toFixed(4).replace("-", "−");
}

function asPercent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function count(n, one) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : `${one}s`}`;
}
