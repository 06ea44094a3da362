// Fronts as plotly's traces: learners, landmarks, the reference front, and the answers at the picked preference.

// Points that are no learner's.
function landmarks(board, drawnRows) {
  if (!front.landmarks) return [];
  const anchors = drawnRows.map(([, series]) => series.anchors).find(Boolean);
  return [
    { name: INDEX.referencePoint, values: board.referencePoint, symbol: "x-thin", symbolInSpace: "cross" },
    { name: "experts, each on its own task", values: anchors?.expert, symbol: "star-open", symbolInSpace: "diamond-open" },
    { name: "1-nearest-neighbour (no model)", values: anchors?.neighbour, symbol: "hourglass-open", symbolInSpace: "square" },
    { name: "pre-trained model", values: anchors?.pretrained, symbol: "circle-x-open", symbolInSpace: "square-open" },
  ].filter(({ values }) => values);
}

function hoverText(board, row, series, i) {
  const said = [`<b>${escapeHtml(row.name)}</b>`];
  if (series.labels?.[i]) said.push(escapeHtml(series.labels[i]));
  said.push(series.preferences ? `preference: ${series.texts[i]}` : "stands for no preference");
  board.tasks.forEach((task, t) => said.push(`${escapeHtml(task)} ${quantity().unit}: ${hoverValue(series.points[i][t])}`));
  if (!series.best[i]) said.push(INDEX.dominated);
  return said.join("<br>");
}

function hoverValue(value) {
  return front.accuracy ? shownValue(value).toFixed(1) : asError(value);
}

// Returns points as a plot of these axes wants them.
function along(points, axes) {
  return Object.fromEntries(axes.map((t, i) => ["xyz"[i], points.map((point) => shownValue(point[t]))]));
}

function learnerTrace(row, series, chosen, more) {
  return {
    name: escapeHtml(row.name),
    meta: { learner: row.key, preferences: series.preferences },
    showlegend: false,
    hovertemplate: "%{hovertext}<extra></extra>",
    hovertext: chosen.map((i) => hoverText(state.board, row, series, i)),
    customdata: chosen,
    ...more,
  };
}

function sizeOf(series) {
  return series.points.length > 1 ? 8 : 13;
}

function referenceMarks() {
  const marker = { color: colourOf("muted"), size: 5, symbol: "circle-open" };
  return { name: "reference front", mode: "markers", marker, hoverinfo: "skip" };
}

function landmark(name) {
  return { name, mode: "markers", hovertemplate: `${name}<extra></extra>` };
}

function landmarkMarker(symbol, size) {
  return { symbol, size, color: colourOf("ink"), line: { color: colourOf("ink"), width: 1.5 } };
}

function pickedMarks() {
  const marker = { symbol: "circle-open", size: 18, color: colourOf("ink"), line: { width: 2 } };
  return { name: "at the picked preference", mode: "markers", marker, hoverinfo: "skip" };
}

function planeTraces(board, drawnRows) {
  const axes = front.axes.slice(0, 2);
  const traces = [];
  if (front.reference) traces.push({ ...referenceMarks(), ...along(rowsOfColumns(board.reference), axes) });
  for (const [row, series] of drawnRows) {
    const { colour, symbol } = styleOf(row.key);
    const marker = { color: colour, symbol, size: sizeOf(series) };
    const all = series.points.map((_, i) => i).toSorted((a, b) => series.points[a][axes[0]] - series.points[b][axes[0]]);
    const opacity = all.map((i) => (series.best[i] ? 0.95 : 0.3));
    const points = all.map((i) => series.points[i]);
    traces.push(learnerTrace(row, series, all, { mode: "markers", marker: { ...marker, opacity }, ...along(points, axes) }));
    // With two objectives the staircase is the front.
    const best = points.filter((_, k) => series.best[all[k]]);
    if (board.tasks.length === 2 && best.length > 1) {
      const line = { color: colour, width: 1, shape: axes[0] === axes[1] ? "linear" : "hv" };
      traces.push({ mode: "lines", line, hoverinfo: "skip", showlegend: false, meta: { staircase: row.key }, ...along(best, axes) });
    }
  }
  for (const { name, values, symbol } of landmarks(board, drawnRows)) {
    traces.push({ ...landmark(name), marker: landmarkMarker(symbol, 11), ...along([values], axes) });
  }
  const picked = pickedPoints(drawnRows);
  if (picked.length) traces.push({ ...pickedMarks(), ...along(picked, axes) });
  return traces;
}

// Returns a line a point over all tasks; a null ends each line.
function lines(board, points) {
  return {
    x: points.flatMap(() => [...board.tasks.map(escapeHtml), null]),
    y: points.flatMap((point) => [...point.map(shownValue), null]),
  };
}

function parallelTraces(board, drawnRows) {
  const n = board.tasks.length;
  const traces = [];
  if (front.reference) {
    const line = { color: colourOf("muted"), width: 0.5 };
    traces.push({ name: "reference front", mode: "lines", line, hoverinfo: "skip", ...lines(board, rowsOfColumns(board.reference)) });
  }
  for (const [row, series] of drawnRows) {
    const { colour, symbol } = styleOf(row.key);
    const vertices = series.points.flatMap((_, i) => Array(n + 1).fill(i));
    traces.push(
      learnerTrace(row, series, vertices, {
        mode: "lines+markers",
        line: { color: colour, width: 1 },
        marker: { color: colour, symbol, size: 6 },
        opacity: 0.75,
        ...lines(board, series.points),
      }),
    );
  }
  for (const { name, values, symbol } of landmarks(board, drawnRows)) {
    traces.push({
      ...landmark(name),
      mode: "lines+markers",
      line: { color: colourOf("ink"), width: 1, dash: "dot" },
      marker: landmarkMarker(symbol, 9),
      ...lines(board, [values]),
    });
  }
  const picked = pickedPoints(drawnRows);
  if (picked.length) {
    const line = { color: colourOf("ink"), width: 2.5 };
    traces.push({ name: "at the picked preference", mode: "lines", line, hoverinfo: "skip", ...lines(board, picked) });
  }
  return traces;
}

function pickedPoints(drawnRows) {
  return drawnRows
    .filter(([, series]) => series.preferences)
    .map(([, series]) => series.points[nearest(series.preferences, state.preference)]);
}
