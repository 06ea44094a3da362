// A learner's front at one seed: its points, their preferences, and which of them no other of its points dominates.

const seriesKept = new WeakMap();

function seriesOf(row, seed) {
  const front = row.fronts[seed];
  if (!front) return null;
  if (!seriesKept.has(front)) {
    const grid = front.g === undefined ? null : state.board.grids[front.g];
    const dominated = new Set(front.d);
    seriesKept.set(front, {
      points: rowsOfColumns(front.f),
      preferences: grid && rowsOfColumns(grid.columns),
      texts: grid?.texts ?? null,
      labels: front.l ?? null,
      anchors: front.a === undefined ? null : state.board.anchors[front.a],
      best: front.f[0].map((_, i) => !dominated.has(i)),
    });
  }
  return seriesKept.get(front);
}

function rowsOfColumns(columns) {
  return columns[0].map((_, i) => columns.map((column) => column[i]));
}

// Returns the position of the evaluated preference nearest to the picked one. Python cannot know it beforehand: readers
// drag the picked one anywhere on the simplex.
function nearest(preferences, picked) {
  let found = 0;
  let least = Infinity;
  preferences.forEach((preference, i) => {
    const distance = preference.reduce((sum, weight, t) => sum + (weight - picked[t]) ** 2, 0);
    if (distance < least - 1e-12) [found, least] = [i, distance];
  });
  return found;
}
