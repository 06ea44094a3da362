// A plot of any quality against any cost, a point a learner.

// The rows whose names stand beside their points, the most important first, and where each is.
const named = { rows: [], at: null };
const costs = { quality: "hypervolume", cost: "wall_time_s", logarithmic: null };

function showCosts() {
  const board = state.board;
  const measured = (group) =>
    INDEX.measures.filter((measure) => measure.group === group && board.rows.some((row) => row.intervals[measure.name]));
  const [qualities, prices] = [measured("quality"), measured("cost")];
  const section = byId("costs");
  section.hidden = !qualities.length || !prices.length;
  if (section.hidden) return;
  const known = (measures, name) => (measures.some((measure) => measure.name === name) ? name : measures[0].name);
  costs.quality = known(qualities, costs.quality);
  costs.cost = known(prices, costs.cost);
  const options = (measures) => measures.map((measure) => [measure.name, measure.heading]);
  const choose = (name) => (value) => {
    costs[name] = value;
    byId("logarithmic").checked = isLogarithmic();
    drawCosts();
  };
  content("costs").replaceChildren(
    element(
      "div",
      { class: "tools" },
      choice("quality", options(qualities), costs.quality, choose("quality"), { id: "quality" }),
      choice("cost", options(prices), costs.cost, choose("cost"), { id: "cost" }),
      checkbox("Logarithmic cost", isLogarithmic(), choose("logarithmic"), { id: "logarithmic" }),
    ),
    plotPlace("cost-plot", "Quality against cost of all learners; the table above holds the values"),
    element("p", { class: "muted", id: "cost-note" }),
  );
  drawCosts();
}

function drawCosts() {
  const place = byId("cost-plot");
  if (!place) return;
  const [quality, cost] = [MEASURES.get(costs.quality), MEASURES.get(costs.cost)];
  const logarithmic = isLogarithmic();
  const measured = state.board.rows.filter((row) => row.intervals[quality.name] && row.intervals[cost.name]);
  const onAxis = measured.filter((row) => !logarithmic || row.intervals[cost.name][0] > 0);
  const without = state.board.rows.length - measured.length;
  byId("cost-note").textContent = [
    quality.about,
    `${quality.better} is better${quality.better === "neither" ? " by itself" : ""}; cost: ${cost.about}.`,
    measured.length > onAxis.length
      ? `Not on a logarithmic axis, since they cost 0: ${measured.filter((row) => !onAxis.includes(row)).map((row) => row.name).join(", ")}.`
      : "",
    without ? `Without both values: ${count(without, "learner")}.` : "",
  ].filter(Boolean).join(" · ");
  // A learner that costs 0 has no place on a logarithmic axis, and beats others all the same.
  const unbeaten = state.board.costs.unbeaten[quality.name]?.[cost.name] ?? [];
  const best = unbeaten.map((i) => state.board.rows[i]).filter((row) => onAxis.includes(row));
  const at = (rows, measure) => rows.map((row) => row.intervals[measure.name][0]);
  const bars = (measure) => ({
    type: "data",
    symmetric: false,
    array: onAxis.map((row) => above(row.intervals[measure.name])),
    arrayminus: onAxis.map((row) => below(row.intervals[measure.name])),
    thickness: 0.75,
    width: 0,
    color: colourOf("line-strong"),
  });
  const styles = onAxis.map((row) => styleOf(row.key));
  named.rows = [...best, ...onAxis.filter((row) => !best.includes(row))];
  named.at = (row) => [row.intervals[cost.name][0], row.intervals[quality.name][0]];
  const traces = [
    {
      name: "not beaten in both",
      mode: "lines",
      x: at(best, cost),
      y: at(best, quality),
      line: { shape: "hv", color: colourOf("line-strong"), width: 1.5 },
      hoverinfo: "skip",
    },
    {
      name: "learners",
      mode: "markers",
      x: at(onAxis, cost),
      y: at(onAxis, quality),
      error_x: bars(cost),
      error_y: bars(quality),
      marker: { size: 10, color: styles.map((style) => style.colour), symbol: styles.map((style) => style.symbol) },
      hovertext: onAxis.map((row) => costHover(row, quality, cost)),
      hovertemplate: "%{hovertext}<extra></extra>",
    },
  ];
  const kind = logarithmic ? { type: "log", ...ticksOf(cost, onAxis) } : { tickformat: cost.unit === "seconds" ? "~r" : "~s" };
  const margin = { t: 28, r: 24, b: 48, l: 56 };
  const title = cost.unit === "seconds" && !logarithmic ? `${cost.axis} (seconds)` : cost.axis;
  const [x, y] = [costRange(at(onAxis, cost), logarithmic), around(at(onAxis, quality))];
  plot(place, traces, layoutOf({ margin, xaxis: axis(title, { ...kind, range: x }), yaxis: qualityAxis(quality.axis, { range: y }) }), {
    plotly_afterplot: () => placeNames(place),
  });
}

// Axes show all means; intervals of few seeds are far wider and end at the frame.
function around(values) {
  if (!values.length) return null;
  const [low, high] = extremes(values);
  const margin = 0.12 * (high - low || Math.abs(high) || 1);
  return [low - margin, high + margin];
}

function costRange(values, logarithmic) {
  if (logarithmic) return around(values.map(Math.log10));
  const range = around(values);
  return range && [0, range[1]];
}

// The reader's choice; before it, whether costs differ much.
function isLogarithmic() {
  return costs.logarithmic ?? state.board.costs.wide.includes(costs.cost);
}

// Times are read in minutes and hours. The page makes ticks since it is the reader who chooses what an axis shows.
function ticksOf(cost, rows) {
  if (cost.unit !== "seconds") return { tickformat: "~s" };
  const ends = rows.flatMap((row) => row.intervals[cost.name].slice(0, 3)).filter((value) => value > 0);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const ticks = [
    [1e-4, "0.1 ms"], [1e-3, "1 ms"], [0.01, "10 ms"], [0.1, "0.1 s"], [1, "1 s"], [10, "10 s"], [60, "1 min"],
    [600, "10 min"], [3600, "1 h"], [36000, "10 h"], [360000, "100 h"],
  ].filter(([value]) => value >= least / 2 && value <= 2 * most);
  if (ticks.length < 2) return { tickformat: "~g" };
  return { tickvals: ticks.map(([value]) => value), ticktext: ticks.map(([, text]) => text) };
}

function above([mean, , high]) {
  return high === null ? 0 : high - mean;
}

function below([mean, low]) {
  return low === null ? 0 : mean - low;
}

function costHover(row, quality, cost) {
  const line = (measure) => {
    const [, , , , text, ends] = row.intervals[measure.name];
    return `${escapeHtml(measure.heading)}: ${text} ${ends}`;
  };
  return [`<b>${escapeHtml(row.name)}</b>`, line(quality), line(cost)].join("<br>");
}
