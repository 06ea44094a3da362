// The columns of the table: what they say of a row, how they sort it, and which of them are shown.

// The columns shown at first, in this order; all others wait in the chooser.
const USUAL = [
  "hypervolume",
  "against:hypervolume",
  "hypervolume_ratio",
  "igd_plus",
  "alignment",
  "wall_time_s",
  "peak_rss_bytes",
  "fit_peak_gpu_allocated_bytes",
  "trainable_parameters",
];

// `value` sorts; `bestFirst` is the direction in which the best comes first.
function columnsOf(board) {
  const measured = INDEX.measures.filter(({ name }) => board.rows.some((row) => row.intervals[name]));
  const of = (group) => measured.filter((measure) => measure.group === group).map(measureColumn(board));
  const compared = board.baseline === null ? [] : measured.filter(({ name }) => board.rows.some((r) => r.against[name]));
  return [...of("quality"), ...compared.map(differenceColumn(board)), ...of("cost")];
}

function measureColumn(board) {
  return (measure) => {
    const ends = board.rows.flatMap((row) => (row.intervals[measure.name] ?? []).slice(0, 3)).filter((v) => v !== null);
    const range = [Math.min(...ends), Math.max(...ends)];
    return {
      id: measure.name,
      group: measure.group,
      heading: measure.heading,
      arrow: measure.arrow,
      about: measure.about,
      bestFirst: bestFirst(measure),
      value: (row) => row.intervals[measure.name]?.[0] ?? null,
      cell: (row, intervals) => meanCell(measure, row, range, intervals),
    };
  };
}

function differenceColumn(board) {
  return (measure) => ({
    id: `against:${measure.name}`,
    group: "against",
    heading: `Δ ${measure.heading}`,
    arrow: measure.arrow,
    about: `${measure.heading} minus that of ${board.baseline}, seed by seed`,
    bestFirst: bestFirst(measure),
    value: (row) => row.against[measure.name]?.[0] ?? null,
    cell: (row) => differenceCell(measure, row),
  });
}

function bestFirst(measure) {
  return measure.better === "higher" ? "descending" : "ascending";
}

function meanCell(measure, row, range, intervals) {
  const found = row.intervals[measure.name];
  if (!found) return [MISSING];
  const [mean, low, high, seeds, text, ends] = found;
  const first = measure.name === "hypervolume";
  const parts = [element("span", { class: "mean", title: `mean over ${count(seeds, "seed")}` }, text)];
  if (!ends) return parts;
  if (intervals || first) parts.push(element("span", { class: "ends" }, ends));
  if (first && low !== null) parts.unshift(intervalBar(mean, low, high, range));
  return parts;
}

function differenceCell(measure, row) {
  const found = row.against[measure.name];
  if (!found) return [MISSING];
  const [, text, ends] = found;
  return [element("span", { class: "mean" }, text), ends ? element("span", { class: "ends" }, ends) : null];
}

function intervalBar(mean, low, high, [least, most]) {
  const share = (value) => (most > least ? (100 * (value - least)) / (most - least) : 50);
  return element(
    "span",
    { class: "interval", "aria-hidden": "true" },
    element("span", { class: "range", style: `left: ${share(low)}%; right: ${100 - share(high)}%` }),
    element("span", { class: "point", style: `left: ${share(mean)}%` }),
  );
}

const GROUPS = { quality: "Quality", cost: "Cost", against: "Minus the baseline, seed by seed" };

// The choice of columns is kept while boards change.
const chosenColumns = new Set(USUAL);

function shownColumns(columns) {
  const place = (column) => (USUAL.includes(column.id) ? USUAL.indexOf(column.id) : USUAL.length);
  return columns
    .filter((column) => chosenColumns.has(column.id))
    .map((column, i) => [place(column), i, column])
    .toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
    .map(([, , column]) => column);
}

function columnChooser(columns, change) {
  const close = (event) => {
    if (event.key !== "Escape" || !chooser.open) return;
    chooser.open = false;
    chooser.firstChild.focus();
  };
  const groups = Object.entries(GROUPS).map(([group, title]) => {
    const members = columns.filter((column) => column.group === group);
    return members.length
      ? element(
          "fieldset",
          {},
          element("legend", {}, title),
          members.map((column) =>
            checkbox(
              element("span", {}, column.heading, column.group === "against" ? null : element("small", { class: "muted" }, ` ${column.about}`)),
              chosenColumns.has(column.id),
              (shown) => {
                if (shown) chosenColumns.add(column.id);
                else chosenColumns.delete(column.id);
                change();
              },
              { "data-column": column.id },
            ),
          ),
        )
      : null;
  });
  const chooser = element("details", { class: "chooser", keydown: close }, element("summary", {}, "Columns"), element("div", {}, groups));
  return chooser;
}
