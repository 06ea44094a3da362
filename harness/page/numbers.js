// Numbers that a reader's choice makes. All others are texts that Python has written: these cannot be, since a weight
// is dragged, and the values of fronts are so many that each as a text too would double the page.

const MISSING = INDEX.missing;

// An error or a weighted error, as Python's `value_text` writes a quality.
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
