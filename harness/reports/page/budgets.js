// Hypervolume at every budget: a curve a learner, and the learners in order at the budget that a slider chooses.

const budget = { at: 0 };

function showBudgets() {
  const found = state.board.byBudget;
  byId("budgets").hidden = found === null;
  if (found === null) {
    content("budgets").replaceChildren();
    return;
  }
  budget.at = found.budgets.length - 1;
  const chosen = element("output", { id: "budget-text" });
  const slider = element("input", {
    type: "range",
    id: "budget",
    min: 0,
    max: budget.at,
    step: 1,
    value: budget.at,
    "aria-label": `budget, ${found.unit}`,
    input: () => {
      budget.at = Number(slider.value);
      fillBudgets();
      drawBudgets();
    },
  });
  content("budgets").replaceChildren(
    element("div", { class: "slider budget" }, element("span", { class: "name", "aria-hidden": "true" }, found.unit), slider, chosen),
    plotPlace("budget-plot", "Hypervolume of every learner at every budget; the table below holds the values"),
    element("div", { class: "scroll", id: "at-budget", tabindex: "0", role: "region", "aria-label": "Learners at the chosen budget" }),
    element("p", { class: "caption" }, found.notes),
  );
  fillBudgets();
  drawBudgets();
}

function fillBudgets() {
  const { budgets, curves, ranking } = state.board.byBudget;
  const text = budgets[budget.at][1];
  byId("budget-text").textContent = text;
  byId("budget").setAttribute("aria-valuetext", text);
  const found = ranking[budget.at];
  const most = Math.max(...found.map(([, reached]) => reached?.[0] ?? 0));
  const row = ([i, reached]) =>
    element(
      "tr",
      {},
      element("td", { class: "number" }, String(reached?.[2] ?? "")),
      element("th", { scope: "row" }, learnerName(curves[i])),
      element("td", { class: "number" }, reached === null ? MISSING : reached[1]),
      element(
        "td",
        { class: "dots", "aria-hidden": "true" },
        reached === null || !(most > 0) ? null : element("span", { class: "share", style: `width: ${(100 * reached[0]) / most}%` }),
      ),
    );
  const heads = [["#", "number"], ["learner", ""], [`hypervolume at ${text} ↑`, "number"], ["", ""]];
  byId("at-budget").replaceChildren(
    element(
      "table",
      { class: "ranks" },
      element("thead", {}, element("tr", {}, heads.map(([head, kind]) => element("th", { scope: "col", class: kind }, head)))),
      element("tbody", {}, found.map(row)),
    ),
  );
}

// A learner without a budget is a dotted line through all of them.
function drawBudgets() {
  const place = byId("budget-plot");
  if (!place) return;
  const { unit, budgets, curves } = state.board.byBudget;
  const taken = curves.flatMap((curve) => curve.at).filter((value) => value > 0);
  const [least, most] = extremes(taken);
  const traces = curves.map((curve) => {
    const { colour, symbol } = styleOf(curve.key);
    const free = curve.at.at(-1) === 0;
    const reached = free ? [curve.reached[0], curve.reached[0]] : curve.reached.filter((_, i) => curve.at[i] > 0);
    return {
      name: escapeHtml(curve.name),
      meta: { learner: curve.key },
      mode: "lines+markers",
      x: free ? [least, most] : curve.at.filter((value) => value > 0),
      y: reached,
      customdata: reached.map(asError),
      line: { color: colour, width: 1.5, dash: free ? "dot" : "solid" },
      marker: { color: colour, symbol, size: 7 },
      hovertemplate: `<b>${escapeHtml(curve.name)}</b>${free ? ", no training" : "<br>%{x:.4s}"}: hypervolume %{customdata}<extra></extra>`,
    };
  });
  const at = budgets[budget.at][0];
  const line = { type: "line", xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: colourOf("line-strong"), width: 1, dash: "dash" } };
  plot(place, traces, layoutOf({
    shapes: [line],
    xaxis: axis(unit, { type: "log", tickvals: budgets.map(([value]) => value), ticktext: budgets.map(([, text]) => text) }),
    yaxis: qualityAxis("hypervolume ↑"),
  }));
}
