// Fronts of many tasks as heat maps: a panel a learner, a row an answer, a column a task, and one scale of colours.
// Lines over so many tasks would hide each other.

const PANEL = { width: 210, top: 24, gap: 14, names: 84, row: 3.4, least: 110, letters: 7 };

const PANEL_TITLE = { xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false };

function heatTraces(board, drawnRows) {
  return drawnRows.map(([row, series], i) => {
    const rows = heatRows(series);
    const id = i ? String(i + 1) : "";
    return {
      type: "heatmap",
      meta: { learner: row.key, preferences: series.preferences },
      coloraxis: "coloraxis",
      xaxis: `x${id}`,
      yaxis: `y${id}`,
      x: board.tasks.map((_, t) => t),
      y: rows.map((_, k) => k),
      z: rows.map((k) => series.points[k].map(shownValue)),
      hovertext: rows.map((k) => board.tasks.map(() => hoverText(board, row, series, k))),
      customdata: rows.map((k) => board.tasks.map(() => k)),
      hovertemplate: "%{hovertext}<extra></extra>",
    };
  });
}

// The positions of a series' answers, from the top.
function heatRows(series) {
  return series.grid?.rows ?? series.points.map((_, i) => i);
}

function heatLayout(board, drawnRows, width) {
  const columns = Math.max(1, Math.min(drawnRows.length, Math.floor((width - PANEL.names - 70) / PANEL.width)));
  const stories = Math.max(1, Math.ceil(drawnRows.length / columns));
  const most = Math.max(1, ...drawnRows.map(([, series]) => series.points.length));
  const panel = Math.max(PANEL.least, Math.min(260, PANEL.row * most + 20));
  const bottom = 24 + PANEL.letters * Math.max(...board.tasks.map((task) => shortText(task, 16).length));
  const inner = stories * (panel + PANEL.top);
  const layout = {
    height: inner + bottom + 8,
    margin: { t: 8, r: 74, b: bottom, l: PANEL.names },
    coloraxis: heatColours(board, drawnRows),
    annotations: [],
    shapes: [],
    hovermode: "closest",
    dragmode: false,
  };
  const span = 1 / columns;
  const panelWidth = (width - PANEL.names - layout.margin.r) * span;
  drawnRows.forEach(([row, series], i) => {
    const [line, column] = [Math.floor(i / columns), i % columns];
    const id = i ? String(i + 1) : "";
    const top = 1 - (line * (panel + PANEL.top) + PANEL.top) / inner;
    const x = [column * span, (column + 1) * span - (columns > 1 ? PANEL.gap / (columns * PANEL.width) : 0)];
    const plain = { showgrid: false, zeroline: false, fixedrange: true, automargin: false, ticks: "" };
    const lowest = i + columns >= drawnRows.length;
    layout[`xaxis${id}`] = axis("", {
      ...plain,
      anchor: `y${id}`,
      domain: x,
      range: [-0.5, board.tasks.length - 0.5],
      tickvals: board.tasks.map((_, t) => t),
      ticktext: board.tasks.map((task) => escapeHtml(shortText(task, 16))),
      tickangle: -90,
      showticklabels: lowest,
    });
    layout[`yaxis${id}`] = axis("", {
      ...plain,
      anchor: `x${id}`,
      domain: [top - panel / inner, top],
      range: [series.points.length - 0.5, -0.5],
      ...rowNames(series, column === 0, panel),
    });
    layout.annotations.push({
      text: escapeHtml(shortText(row.name, Math.floor((panelWidth - PANEL.gap) / PANEL.letters))),
      ...PANEL_TITLE,
      x: x[0],
      y: top,
      font: { size: 12, color: colourOf("ink") },
    });
    if (series.preferences) {
      const at = heatRows(series).indexOf(nearest(series.preferences, state.preference));
      const outline = { color: colourOf("bad"), width: 2 };
      layout.shapes.push({ type: "rect", xref: `x${id}`, yref: `y${id}`, x0: -0.5, x1: board.tasks.length - 0.5, y0: at - 0.5, y1: at + 0.5, line: outline });
    }
  });
  return layoutOf(layout);
}

// The groups of rows, by the task that their preferences weigh most, where there is room for a name.
function rowNames(series, named, panel) {
  const tickvals = [];
  const ticktext = [];
  let first = 0;
  let free = -Infinity;
  for (const [name, n] of series.grid?.groups ?? []) {
    const middle = first + (n - 1) / 2;
    if (middle >= free) {
      tickvals.push(middle);
      ticktext.push(escapeHtml(shortText(name, 11)));
      free = middle + (13 * series.points.length) / panel;
    }
    first += n;
  }
  return { tickvals: named ? tickvals : [], ticktext: named ? ticktext : [], tickfont: { size: 10 } };
}

// The better, the brighter; cividis is even for readers with and without deficiencies of colour vision.
function heatColours(board, drawnRows) {
  const values = drawnRows.flatMap(([, series]) => series.points.flat());
  const most = Math.max(...board.limits.map(([, end]) => end));
  const [low, high] = extremes(values.length ? values : [0, 1]);
  const ends = [low, Math.min(high, most)].map(shownValue).toSorted((a, b) => a - b);
  return {
    cmin: ends[0],
    cmax: ends[1],
    colorscale: "Cividis",
    reversescale: !front.accuracy,
    colorbar: { title: { text: escapeHtml(quantity().unit), side: "right" }, thickness: 12, outlinewidth: 0 },
  };
}

function shortText(text, letters) {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
