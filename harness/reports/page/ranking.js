// Average ranks over boards, with bars that join learners the boards cannot tell apart: Demšar's diagram, upright.

const BAR = 9;

function showRanking() {
  const standings = INDEX.standings;
  byId("ranking").hidden = standings === null;
  if (standings === null) return;
  const { names, ranks, criticalDifference, cliques, enough, leftOut } = standings;
  // Names come best first, and so do cliques: each is a run of neighbours.
  const bars = (enough ? cliques : []).map((clique) => [names.indexOf(clique[0]), names.indexOf(clique.at(-1))]);
  const columns = inColumns(bars);
  const keys = new Map(Object.entries(INDEX.names).map(([key, name]) => [name, key]));
  const share = (rank) => (100 * (rank - 1)) / Math.max(names.length - 1, 1);
  const heads = ["learner", "average rank", `1 – ${names.length}`, ...(columns ? ["not told apart"] : [])];
  const row = (name, i) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, keys.has(name) ? learnerName({ key: keys.get(name), name }) : name),
      element("td", { class: "number" }, ranks[i].toFixed(2)),
      element(
        "td",
        { class: "dots", "aria-hidden": "true" },
        element("span", { class: "track" }, element("span", { class: "dot", style: `left: ${share(ranks[i])}%` })),
      ),
      columns ? element("td", { class: "cliques" }, cliqueMarks(bars, columns, i)) : null,
    );
  const parts = [
    element("p", { class: "lead" }, rankingText(standings)),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Average ranks" },
      element(
        "table",
        { class: "ranks" },
        element("thead", {}, element("tr", {}, heads.map((text, i) => element("th", { scope: "col", class: i === 1 ? "number" : "" }, text)))),
        enough ? differenceRow(criticalDifference, share, heads.length) : null,
        element("tbody", {}, names.map(row)),
      ),
    ),
    leftOut.length ? element("p", { class: "caption" }, `Not ranked, since not finished on every board: ${leftOut.join(", ")}.`) : null,
  ];
  content("ranking").replaceChildren(...parts.filter(Boolean));
}

function differenceRow(difference, share, n) {
  const width = Math.min(100, share(1 + difference));
  return element(
    "tbody",
    {},
    element(
      "tr",
      { class: "difference" },
      element("th", { scope: "row" }, "critical difference"),
      element("td", { class: "number" }, difference.toFixed(2)),
      element("td", { class: "dots", "aria-hidden": "true" }, element("span", { class: "scale", style: `width: ${width}%` })),
      n > 3 ? element("td", {}) : null,
    ),
  );
}

function rankingText({ measure, boards, friedmanP, criticalDifference, tied, enough }) {
  const heading = MEASURES.get(measure)?.heading ?? measure;
  const parts = [`Average rank by mean ${heading} over ${count(boards.length, "board")}, 1 is best.`];
  if (friedmanP !== null) parts.push(`Friedman’s test that all are alike: p = ${friedmanP.toPrecision(2)}.`);
  if (enough) parts.push("Learners joined by a bar differ by less than the critical difference (Nemenyi, 95 %).");
  else if (criticalDifference !== null) parts.push("Too few boards or learners to tell which differences mean anything.");
  if (enough && tied.length > 1) parts.push(`${count(tied.length - 1, "learner")} cannot be told apart from the best.`);
  return parts.join(" ");
}

// Bars that overlap stand side by side; gives each its column, and how many that takes.
function inColumns(bars) {
  const ends = [];
  for (const bar of bars) {
    let column = ends.findIndex((end) => end < bar[0]);
    if (column < 0) column = ends.length;
    ends[column] = bar[1];
    bar.push(column);
  }
  return ends.length;
}

function cliqueMarks(bars, columns, position) {
  const size = { width: BAR * columns, viewBox: `0 0 ${BAR * columns} 10`, preserveAspectRatio: "none" };
  const marks = bars
    .filter(([first, last]) => first <= position && position <= last)
    .map(([first, last, column]) => {
      const [top, bottom] = [position === first ? 4 : 0, position === last ? 6 : 10];
      return drawn("rect", { x: BAR * column + 2, y: top, width: 4, height: bottom - top });
    });
  return drawn("svg", { ...size, "aria-hidden": "true" }, marks);
}
