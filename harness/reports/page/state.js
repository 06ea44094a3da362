// The reader's choices, and who wants to know when one changes.

const TOP = 5;
const state = { board: null, shown: new Set(), seed: null, preference: [] };
const listeners = { board: [], shown: [], seed: [], preference: [], theme: [] };

function on(names, listener) {
  for (const name of names) listeners[name].push(listener);
}

function changed(name) {
  for (const listener of listeners[name]) listener();
}

function openBoard(board) {
  state.board = board;
  state.shown = new Set(topKeys());
  const seeds = boardSeeds();
  state.seed = seeds.length ? seeds[0] : null;
  state.preference = board.tasks.map(() => 1 / board.tasks.length);
  changed("board");
}

function topKeys() {
  return rowsWithFronts().slice(0, TOP).map((row) => row.key);
}

function rowsWithFronts() {
  return state.board.rows.filter((row) => Object.keys(row.fronts).length);
}

function shownRows() {
  return rowsWithFronts().filter((row) => state.shown.has(row.key));
}

// Returns the seeds whose fronts are on the page.
function boardSeeds() {
  const seeds = new Set(state.board.rows.flatMap((row) => Object.keys(row.fronts)));
  return [...seeds].toSorted((a, b) => a - b);
}

// The key is that of a learner, or of its curve over budgets.
function styleOf(key) {
  const { colour, marker, markerInSpace } = INDEX.learners[key] ?? INDEX.curves[key];
  return { colour: isDark() ? INDEX.onDark[colour] : colour, symbol: marker, symbolInSpace: markerInSpace };
}
