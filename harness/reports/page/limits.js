// Where axes end: just beyond the reference point. What lies beyond them is counted.

// Returns the ends of an objective's axis, in shown units. Without the reference point in sight, axes end at the drawn
// points that are better than it.
function axisRange(board, t, drawnRows) {
  let [least, most] = board.limits[t];
  if (!front.landmarks) {
    const inside = drawnRows.flatMap(([, series]) => series.points.map((point) => point[t])).filter((value) => value <= most);
    if (inside.length) {
      const [low, high] = extremes(inside);
      const margin = 0.06 * (high - low || Math.abs(high) || 1);
      [least, most] = [low - margin, Math.min(most, high + margin)];
    }
  }
  return front.accuracy ? [shownValue(most), shownValue(least)] : [least, most];
}

function extremes(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

function isOutside(board, point, axes) {
  return axes.some((t) => point[t] > board.limits[t][1]);
}

// Returns a sentence on the points that lie beyond the axes, and whose they are.
function outsideText(board, drawnRows, axes, where) {
  const counted = drawnRows
    .map(([row, series]) => [row.name, series.points.filter((point) => isOutside(board, point, axes)).length])
    .filter(([, n]) => n);
  if (!counted.length) return "";
  const total = counted.reduce((sum, [, n]) => sum + n, 0);
  return `${count(total, "point")} beyond ${where}, just beyond the reference point: ${counted.map(([name, n]) => `${name} (${n})`).join(", ")}.`;
}
