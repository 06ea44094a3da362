// Average ranks over boards, with bars that join learners the boards cannot tell apart: Demšar's diagram, upright.

const BAR = 9;

function showRanking() {
  const overall = INDEX.overall;
  byId("ranking").hidden = overall === null;
  if (overall === null) return;
  const { about, learners, difference, bars, leftOut } = overall;
  const columns = Math.max(0, ...bars.map(([, , column]) => column + 1));
  const share = (rank) => (100 * (rank - 1)) / Math.max(learners.length - 1, 1);
  const heads = ["learner", "average rank", `1 – ${learners.length}`, ...(columns ? ["not told apart"] : [])];
  const row = ({ key, name, rank, text }, i) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, key === null ? name : learnerName({ key, name })),
      element("td", { class: "number" }, text),
      element(
        "td",
        { class: "dots", "aria-hidden": "true" },
        element("span", { class: "track" }, element("span", { class: "dot", style: `left: ${share(rank)}%` })),
      ),
      columns ? element("td", { class: "cliques" }, barMarks(bars, columns, i)) : null,
    );
  const parts = [
    element("p", { class: "lead" }, about),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Average ranks" },
      element(
        "table",
        { class: "ranks" },
        element("thead", {}, element("tr", {}, heads.map((text, i) => element("th", { scope: "col", class: i === 1 ? "number" : "" }, text)))),
        difference === null ? null : differenceRow(difference, share, heads.length),
        element("tbody", {}, learners.map(row)),
      ),
    ),
    leftOut ? element("p", { class: "caption" }, leftOut) : null,
  ];
  content("ranking").replaceChildren(...parts.filter(Boolean));
}

function differenceRow({ rank, text }, share, n) {
  const width = Math.min(100, share(1 + rank));
  return element(
    "tbody",
    {},
    element(
      "tr",
      { class: "difference" },
      element("th", { scope: "row" }, "critical difference"),
      element("td", { class: "number" }, text),
      element("td", { class: "dots", "aria-hidden": "true" }, element("span", { class: "scale", style: `width: ${width}%` })),
      n > 3 ? element("td", {}) : null,
    ),
  );
}

// The piece of every bar that lies in one learner's row.
function barMarks(bars, columns, position) {
  const size = { width: BAR * columns, viewBox: `0 0 ${BAR * columns} 10`, preserveAspectRatio: "none" };
  const pieces = bars
    .filter(([first, last]) => first <= position && position <= last)
    .map(([first, last, column]) => {
      const [top, bottom] = [position === first ? 4 : 0, position === last ? 6 : 10];
      return drawn("rect", { x: BAR * column + 2, y: top, width: 4, height: bottom - top });
    });
  return drawn("svg", { ...size, "aria-hidden": "true" }, pieces);
}
