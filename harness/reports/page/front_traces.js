// What is drawn of fronts: learners, landmarks, the reference front, and the answers at the picked preference.

// Points that are no learner's: [name, values, symbol].
function landmarks(board, drawnRows) {
  if (!front.landmarks) return [];
  const anchors = drawnRows.map(([, series]) => series.anchors).find(Boolean);
  return [
    ["reference point", board.referencePoint, "x-thin"],
    ["specialists, each on its own task", anchors?.specialist, "star-open"],
    ["pre-trained model", anchors?.pretrained, "circle-x-open"],
  ].filter(([, values]) => values);
}

function hoverText(board, row, series, i) {
  const lines = [`<b>${plain(row.name)}</b>`];
  if (series.labels?.[i]) lines.push(plain(series.labels[i]));
  lines.push(series.preferences ? `preference ${asWeights(series.preferences[i])}` : "stands for no preference");
  board.tasks.forEach((task, t) => lines.push(`${plain(task)} ${quantity()}: ${hoverValue(series.points[i][t])}`));
  if (!series.best[i]) lines.push("beaten by another of its own points");
  return lines.join("<br>");
}

function hoverValue(value) {
  return front.accuracy ? shownValue(value).toFixed(1) : asQuality(value);
}

// Points as a plot of these axes wants them.
function along(points, axes) {
  return Object.fromEntries(axes.map((t, i) => ["xyz"[i], points.map((point) => shownValue(point[t]))]));
}

function learnerTrace(row, series, chosen, more) {
  return {
    name: plain(row.name),
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

function landmark(name, symbol) {
  const marker = { symbol, size: 11, color: colourOf("ink"), line: { color: colourOf("ink"), width: 1.5 } };
  return { name, mode: "markers", marker, hovertemplate: `${name}<extra></extra>` };
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
    const all = series.points.map((_, i) => i).sort((a, b) => series.points[a][axes[0]] - series.points[b][axes[0]]);
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
  for (const [name, values, symbol] of landmarks(board, drawnRows)) traces.push({ ...landmark(name, symbol), ...along([values], axes) });
  const picked = pickedPoints(drawnRows);
  if (picked.length) traces.push({ ...pickedMarks(), ...along(picked, axes) });
  return traces;
}

function spaceTraces(board, drawnRows) {
  const seen = (point) => front.axes.map((t) => shownValue(point[t]));
  const marks = landmarks(board, drawnRows).map(([name, values, symbol]) => [name, seen(values), symbol]);
  const learners = drawnRows.map(([row, series]) => [row, series, series.points.map(seen)]);
  const reference = front.reference ? rowsOfColumns(board.reference).map(seen) : [];
  const box = boxAround([...marks.map(([, values]) => values), ...learners.flatMap(([, , points]) => points), ...reference]);
  const at = (points) => {
    const places = points.map(box.place);
    return { x: places.map(([x]) => x), y: places.map(([, y]) => y) };
  };
  const traces = boxTraces(box, front.axes.map((t) => `${board.tasks[t]} ${quantity()}`));
  if (front.reference) traces.push({ ...referenceMarks(), ...at(reference) });
  for (const [row, series, points] of learners) {
    const { colour, symbol } = styleOf(row.key);
    // What is nearer is drawn later and stronger.
    const depths = points.map((point) => box.place(point)[2]);
    const all = points.map((_, i) => i).sort((a, b) => depths[b] - depths[a]);
    const opacity = all.map((i) => 0.85 - 0.2 * depths[i]).map((value) => Math.min(1, Math.max(0.4, value)));
    const marker = { color: colour, symbol, size: sizeOf(series), opacity };
    traces.push(learnerTrace(row, series, all, { mode: "markers", marker, ...at(all.map((i) => points[i])) }));
  }
  for (const [name, values, symbol] of marks) traces.push({ ...landmark(name, symbol), ...at([values]) });
  const picked = pickedPoints(drawnRows);
  if (picked.length) traces.push({ ...pickedMarks(), ...at(picked.map(seen)) });
  return traces;
}

// A line a point over all tasks; a null ends each line.
function lines(board, points) {
  return {
    x: points.flatMap(() => [...board.tasks.map(plain), null]),
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
  for (const [name, values, symbol] of landmarks(board, drawnRows)) {
    const colour = colourOf("ink");
    traces.push({
      name,
      mode: "lines+markers",
      line: { color: colour, width: 1, dash: "dot" },
      marker: { symbol, size: 9, color: colour, line: { color: colour, width: 1.5 } },
      hovertemplate: `${name}<extra></extra>`,
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
