// The hypervolume of partial sets over the seconds of their fits, where runs were probed.

const progress = { logarithmic: false };

function showProgress() {
  const section = byId("progress");
  section.hidden = !state.board.rows.some((row) => Object.keys(row.curves).length);
  if (section.hidden) return;
  content("progress").replaceChildren(
    element(
      "div",
      { class: "tools" },
      checkbox("Logarithmic time", progress.logarithmic, (chosen) => {
        progress.logarithmic = chosen;
        drawProgress();
      }),
    ),
    plotPlace("progress-plot", "Hypervolume over seconds of the fit, of the chosen learners"),
    element("p", { class: "muted", id: "progress-note" }),
  );
  drawProgress();
}

function drawProgress() {
  const place = byId("progress-plot");
  if (!place || byId("progress").hidden) return;
  const recorded = state.board.rows.filter((row) => Object.keys(row.curves).length);
  const chosen = recorded.filter((row) => state.shown.has(row.key));
  const rows = chosen.length ? chosen : recorded.slice(0, TOP);
  const traces = rows.flatMap((row) => {
    const { colour, symbol } = styleOf(row.key);
    return Object.entries(row.curves).map(([seed, [seconds, volumes]]) => ({
      name: escapeHtml(row.name),
      meta: { learner: row.key, seed },
      mode: "lines+markers",
      x: seconds,
      y: volumes,
      customdata: volumes.map(asError),
      line: { color: colour, width: 1.5 },
      marker: { color: colour, symbol, size: 7 },
      hovertemplate: `<b>${escapeHtml(row.name)}</b>, seed ${escapeHtml(seed)}<br>%{x:.4g} s: hypervolume %{customdata}<extra></extra>`,
    }));
  });
  const silent = shownRows().filter((row) => !Object.keys(row.curves).length);
  byId("progress-note").textContent = chosen.length
    ? silent.length ? `Not recorded: ${silent.map((row) => row.name).join(", ")}.` : ""
    : `None of the learners drawn above recorded it; shown: ${rows.map((row) => row.name).join(", ")}.`;
  plot(place, traces, layoutOf({
    xaxis: axis("seconds of the fit", progress.logarithmic ? { type: "log" } : { rangemode: "tozero" }),
    yaxis: qualityAxis("hypervolume ↑"),
  }));
}
