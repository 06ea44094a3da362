// A learner's front at one seed: its points, their preferences, and which of them the learner itself beats.

const seriesKept = new WeakMap();

function seriesOf(row, seed) {
  const front = row.fronts[seed];
  if (!front) return null;
  if (!seriesKept.has(front)) {
    const points = rowsOfColumns(front.f);
    seriesKept.set(front, {
      points,
      preferences: front.g === undefined ? null : rowsOfColumns(state.board.grids[front.g]),
      labels: front.l ?? null,
      anchors: front.a === undefined ? null : state.board.anchors[front.a],
      best: points.map((point) => !points.some((other) => dominates(other, point))),
    });
  }
  return seriesKept.get(front);
}

function rowsOfColumns(columns) {
  return columns[0].map((_, i) => columns.map((column) => column[i]));
}

function dominates(a, b) {
  return a.every((value, t) => value <= b[t]) && a.some((value, t) => value < b[t]);
}

// Position of the evaluated preference nearest to the picked one.
function nearest(preferences, picked) {
  let found = 0;
  let least = Infinity;
  preferences.forEach((preference, i) => {
    const distance = preference.reduce((sum, weight, t) => sum + (weight - picked[t]) ** 2, 0);
    if (distance < least - 1e-12) [found, least] = [i, distance];
  });
  return found;
}

// Errors can be read as accuracies where they are shares, and no mathematical function's values.
function areShares(board) {
  board.shares ??=
    board.referenceSource !== "closed form" &&
    board.fronts.every((fronts) =>
      Object.values(fronts).every((front) => front.f.every((column) => column.every((value) => value >= 0 && value <= 1))),
    );
  return board.shares;
}
