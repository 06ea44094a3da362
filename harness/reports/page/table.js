// The table of the chosen board: sorted, filtered, unfolded.

const sorting = { column: "rank", direction: "ascending" };
const FIXED = [
  { id: "rank", heading: "#", about: "by mean hypervolume", bestFirst: "ascending", value: (row) => row.rank },
  {
    id: "learner",
    heading: "learner",
    about: "in order of the alphabet",
    bestFirst: "ascending",
    value: (row) => row.name.toLowerCase(),
  },
  {
    id: "seeds",
    heading: "seeds",
    about: "finished, of those that were asked for",
    bestFirst: "descending",
    value: (row) => row.seeds.length,
  },
];

function showTable() {
  const board = state.board;
  const columns = columnsOf(board);
  const unfolded = new Set();
  const filter = element("input", { type: "search", id: "filter", placeholder: "learner or method", input: () => fill(true) });
  let intervals = false;
  const place = element("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Leaderboard, scrolls" });
  content("table").replaceChildren(
    element(
      "div",
      { class: "tools" },
      element("label", { class: "field" }, element("span", {}, "Filter"), filter),
      checkbox("All intervals", false, (chosen) => {
        intervals = chosen;
        fill();
      }, { id: "intervals" }),
      columnChooser(columns, () => fill()),
      element("span", { class: "muted", id: "shown-rows" }),
    ),
    place,
    caption(board.caption),
    mlflowField(),
  );
  const fill = (filtered) => {
    const shown = [...FIXED, ...shownColumns(columns)];
    if (!shown.some(({ id }) => id === sorting.column)) Object.assign(sorting, { column: "rank", direction: "ascending" });
    const rows = sortedRows(board, shown, filter.value);
    const focused = document.activeElement?.closest?.("#table [data-sort], #table [data-unfold]");
    place.replaceChildren(
      element(
        "table",
        { class: "board" },
        element("thead", {}, element("tr", {}, shown.map((column) => heading(column, fill)))),
        element("tbody", {}, rows.flatMap((row) => rowElements(board, row, shown, intervals, unfolded))),
      ),
    );
    byId("shown-rows").textContent =
      rows.length === board.rows.length ? count(rows.length, "learner") : `${rows.length} of ${count(board.rows.length, "learner")}`;
    if (!rows.length) place.append(element("p", { class: "muted" }, "No learner matches the filter."));
    if (focused) {
      const { sort, unfold } = focused.dataset;
      place.querySelector(sort ? `[data-sort="${CSS.escape(sort)}"]` : `[data-unfold="${CSS.escape(unfold)}"]`)?.focus();
    }
    if (filtered) say(`${rows.length} of ${board.rows.length} learners shown`);
  };
  fill();
  byId("table").hidden = false;
}

function sortedRows(board, shown, filter) {
  const wanted = filter.trim().toLowerCase();
  const rows = board.rows.filter((row) => `${row.name}\n${row.method}`.toLowerCase().includes(wanted));
  const column = shown.find(({ id }) => id === sorting.column);
  const sign = sorting.direction === "ascending" ? 1 : -1;
  // Sorting is stable, and what was not measured comes last in either direction.
  return rows.toSorted((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left < right ? -1 : left > right ? 1 : 0);
  });
}

function heading(column, fill) {
  const sorted = sorting.column === column.id;
  const number = column.id !== "learner";
  return element(
    "th",
    {
      scope: "col",
      class: `${number ? "number" : ""} column-${column.id.replace(":", "-")}`,
      "aria-sort": sorted ? sorting.direction : "none",
    },
    element(
      "button",
      {
        type: "button",
        "data-sort": column.id,
        title: column.about,
        click: () => {
          const opposite = { ascending: "descending", descending: "ascending" };
          sorting.direction = sorting.column === column.id ? opposite[sorting.direction] : column.bestFirst;
          sorting.column = column.id;
          fill();
          say(`Sorted by ${column.heading}, ${sorting.direction}`);
        },
      },
      column.heading,
      column.arrow ? element("span", { class: "arrow" }, ` ${column.arrow}`) : null,
      element("span", { class: "sorted", "aria-hidden": "true" }),
    ),
  );
}

function rowElements(board, row, shown, intervals, unfolded) {
  const id = `row-${board.rows.indexOf(row)}`;
  const details = element(
    "tr",
    { class: "details", id, hidden: !unfolded.has(row.key) },
    element("td", { colspan: shown.length }),
  );
  const show = (open) => {
    if (open && !details.firstChild.firstChild) details.firstChild.append(detailsOf(board, row));
    details.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const button = element(
    "button",
    {
      type: "button",
      class: "unfold",
      "data-unfold": row.key,
      "aria-expanded": "false",
      "aria-controls": id,
      click: () => {
        if (details.hidden) unfolded.add(row.key);
        else unfolded.delete(row.key);
        show(unfolded.has(row.key));
      },
    },
    swatch(row.key),
    element("span", { class: "name" }, row.name),
  );
  const cells = shown.map((column) => {
    const place = `column-${column.id.replace(":", "-")}`;
    if (column.id === "rank") return element("td", { class: `number ${place}` }, row.rank === null ? MISSING : String(row.rank));
    if (column.id === "learner") return element("th", { scope: "row", class: place }, button, marks(row));
    if (column.id === "seeds") return element("td", { class: `number ${place}` }, row.finished);
    return element("td", { class: `number ${place}` }, column.cell(row, intervals));
  });
  show(unfolded.has(row.key));
  return [element("tr", { class: row.seeds.length ? "" : "without", "data-learner": row.key }, cells), details];
}

function marks(row) {
  const parts = [];
  if (row.tied) {
    const title = "The paired differences of their seeds cannot tell its hypervolume from the best";
    parts.push(element("span", { class: "chip", title }, "≈ tied with best"));
  }
  if (row.otherSeeds) parts.push(element("span", { class: "reason warning", title: row.otherSeeds }, row.otherSeeds));
  for (const [seeds, text] of row.warnings) {
    parts.push(element("span", { class: "reason warning", title: text }, `${seeds}: ${text}`));
  }
  for (const [seeds, why] of row.reasons) {
    parts.push(element("span", { class: "reason", title: why }, `${seeds}: ${why}`));
  }
  return parts;
}

function caption({ entries, notes }) {
  if (!entries.length) return element("p", { class: "caption" }, notes);
  return element("div", { class: "caption" }, definitions(entries), element("p", {}, notes));
}
