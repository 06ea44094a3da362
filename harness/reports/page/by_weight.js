// Fronts of many tasks as small multiples: a panel a task, with the task's error over its weight in the preference.

const MULTIPLE = { width: 250, height: 190, gap: 46 };

function weightTraces(board, drawnRows) {
  return board.tasks.flatMap((_, t) => {
    const id = t ? String(t + 1) : "";
    return drawnRows.map(([row, series]) => {
      const { colour, symbol } = styleOf(row.key);
      const all = series.points.map((__, i) => i);
      return learnerTrace(row, series, all, {
        mode: "markers",
        xaxis: `x${id}`,
        yaxis: `y${id}`,
        marker: { color: colour, symbol, size: 7, opacity: all.map((i) => (series.best[i] ? 0.9 : 0.35)) },
        // A model that stands for no preference has the weight of none: it is drawn beside 0.
        x: all.map((i) => series.preferences?.[i][t] ?? -0.06),
        y: all.map((i) => shownValue(series.points[i][t])),
      });
    });
  });
}

function weightLayout(board, drawnRows, width) {
  const n = board.tasks.length;
  const columns = Math.max(1, Math.min(4, n, Math.floor((width - 60) / MULTIPLE.width)));
  const stories = Math.ceil(n / columns);
  const inner = stories * (MULTIPLE.height + MULTIPLE.gap);
  const layout = { height: inner + 40, margin: { t: 8, r: 16, b: 32, l: 52 }, annotations: [] };
  const span = 1 / columns;
  board.tasks.forEach((task, t) => {
    const id = t ? String(t + 1) : "";
    const [line, column] = [Math.floor(t / columns), t % columns];
    const top = 1 - (line * (MULTIPLE.height + MULTIPLE.gap) + MULTIPLE.gap / 2) / inner;
    const x = [column * span, (column + 1) * span - (columns > 1 ? 0.17 * span : 0)];
    layout[`xaxis${id}`] = axis("", { anchor: `y${id}`, domain: x, range: [-0.1, 1.05], tickvals: [0, 0.5, 1], automargin: false });
    layout[`yaxis${id}`] = axis("", {
      anchor: `x${id}`,
      domain: [top - MULTIPLE.height / inner, top],
      range: axisRange(board, t, drawnRows),
      nticks: 5,
      automargin: false,
    });
    layout.annotations.push({
      text: escapeHtml(shortText(task, 24)),
      ...PANEL_TITLE,
      x: x[0],
      y: top,
      font: { size: 12, color: colourOf("ink") },
    });
  });
  return layoutOf(layout);
}
