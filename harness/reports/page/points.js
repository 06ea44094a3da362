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
      grid,
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
  return nearestOnes(preferences, picked).at;
}

const SAME = 1e-4;

// Returns the first of the nearest ones, how many are as near, and whether it is the picked one itself.
function nearestOnes(preferences, picked) {
  const distances = preferences.map((preference) => Math.hypot(...preference.map((weight, t) => weight - picked[t])));
  const least = Math.min(...distances);
  const near = distances.flatMap((distance, i) => (distance < least + SAME ? [i] : []));
  return { at: near[0], ties: near.length, exact: least < SAME };
}
