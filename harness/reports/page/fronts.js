// The fronts: two objectives in the plane, three in space, or all of them side by side; of many tasks as heat maps.

const front = { view: "plane", axes: [0, 1, 2], accuracy: false, reference: false, landmarks: true };
const VIEWS = { heat: "Heat maps", weight: "By weight", plane: "2-D", space: "3-D", parallel: "Parallel" };

// Returns the views that n tasks are shown in, the usual one first.
function viewsOf(n) {
  if (n > INDEX.mostLines) return ["heat", "weight", "plane", "space"];
  if (n > 3) return ["parallel", "plane", "space"];
  return n === 1 ? ["parallel"] : ["plane", ...(n > 2 ? ["space"] : []), "parallel"];
}

function showFronts() {
  const board = state.board;
  const section = byId("fronts");
  section.hidden = !rowsWithFronts().length;
  if (section.hidden) return;
  const n = board.tasks.length;
  [front.view] = viewsOf(n);
  front.axes = [0, Math.min(1, n - 1), Math.min(2, n - 1)];
  front.accuracy = false;
  front.reference = false;
  const tools = element("div", { class: "tools" });
  const place = plotPlace("front-plot", "Fronts of the chosen learners; the table under “Pick a preference” holds their values");
  const note = element("p", { class: "muted", id: "front-note" });
  content("fronts").replaceChildren(
    element("div", { class: "beside" }, methodsPanel(), element("div", { class: "drawing" }, tools, place, note)),
  );
  fillFrontTools(tools);
  turnByFinger(place);
  drawFronts();
}

function fillFrontTools(tools) {
  const board = state.board;
  const n = board.tasks.length;
  const views = viewsOf(n).map((view) => [view, VIEWS[view]]);
  const again = () => {
    fillFrontTools(tools);
    drawFronts();
  };
  const tasks = board.tasks.map((task, t) => [t, task]);
  const axes = front.view === "plane" ? ["x", "y"] : front.view === "space" ? ["x", "y", "z"] : [];
  const seeds = boardSeeds();
  const parts = [
    views.length > 1
      ? segments("View", "front-view", views, front.view, (view) => {
          front.view = view;
          again();
          tools.querySelector(`input[value="${view}"]`)?.focus();
        })
      : null,
    ...axes.map((name, i) =>
      choice(name, tasks, front.axes[i], (task) => {
        front.axes[i] = Number(task);
        drawFronts();
      }, { id: `front-${name}` }),
    ),
    seeds.length > 1
      ? choice("seed", seeds.map((seed) => [seed, seed]), state.seed, (seed) => {
          state.seed = seed;
          changed("seed");
        }, { id: "seed" })
      : null,
    board.shares
      ? segments("Show", "front-quantity", [["error", "Error"], ["accuracy", "Accuracy"]], front.accuracy ? "accuracy" : "error", (chosen) => {
          front.accuracy = chosen === "accuracy";
          drawFronts();
        })
      : null,
    board.reference && front.view !== "heat" && front.view !== "weight"
      ? checkbox("Reference front", front.reference, (shown) => {
          front.reference = shown;
          drawFronts();
        }, { id: "reference-front" })
      : null,
    front.view === "heat" || front.view === "weight"
      ? null
      : checkbox("Landmarks", front.landmarks, (shown) => {
          front.landmarks = shown;
          drawFronts();
        }, { id: "landmarks", title: "reference point, experts, pre-trained model" }),
    front.view === "space" ? turnButtons() : null,
  ];
  tools.replaceChildren(...parts.filter(Boolean));
}

function shownValue(value) {
  return front.accuracy ? 100 * (1 - value) : value;
}

function quantity() {
  return INDEX.quantities[front.accuracy ? "accuracy" : "error"];
}

function axisTitles() {
  return state.board.tasks.map((task) => `${task} ${quantity().unit}`);
}

let drawingWaits = false;

function drawFrontsSoon() {
  if (drawingWaits) return;
  drawingWaits = true;
  requestAnimationFrame(() => {
    drawingWaits = false;
    drawFronts();
  });
}

function drawFronts() {
  const place = byId("front-plot");
  if (!place) return;
  const board = state.board;
  const rows = shownRows();
  const impossible = front.view === "space" && !canDrawSpace();
  place.hidden = impossible;
  const drawnRows = rows.map((row) => [row, seriesOf(row, state.seed)]).filter(([, series]) => series);
  byId("front-note").textContent = [
    impossible ? "This browser offers no WebGL, which the 3-D view needs. The 2-D view shows any two objectives." : "",
    ...frontNotes(board, rows, drawnRows),
  ].filter(Boolean).join(" ");
  if (impossible) return;
  const kinds = { plane: planeTraces, space: spaceTraces, parallel: parallelTraces, heat: heatTraces, weight: weightTraces };
  const traces = kinds[front.view](board, drawnRows);
  plot(place, traces, frontLayout(board, drawnRows, widthOf(place)), {
    plotly_click: pickClicked,
    plotly_relayout: keepCamera,
    plotly_relayouting: keepCamera,
  });
}

const READ = {
  heat: "A row is the answer to one preference, in the order of the task that it weighs most; the same row answers the same preference in every panel. The picked preference is outlined.",
  weight: "Error on a task over the task’s weight in the preference; what stands for no preference is left of 0.",
};

function frontNotes(board, rows, drawnRows) {
  const absent = rows.filter((row) => !seriesOf(row, state.seed)).map((row) => row.name);
  const { heat, weight, parallel } = VIEWS;
  const axes = [heat, weight, parallel].includes(VIEWS[front.view]) ? board.tasks.map((_, t) => t) : shownAxes();
  return [
    READ[front.view] ?? "",
    outsideText(board, drawnRows, axes, front.view === "heat" ? "the end of the colours" : "the end of an axis"),
    absent.length ? `No front of seed ${state.seed}: ${absent.join(", ")}.` : "",
    INDEX.keptSeeds === null ? "" : `To keep the page small it holds the fronts of the first ${count(INDEX.keptSeeds, "seed")} of each learner.`,
  ];
}

function shownAxes() {
  return front.view === "space" ? front.axes : front.axes.slice(0, 2);
}

function pickClicked({ points }) {
  const preference = points[0].data.meta?.preferences?.[points[0].customdata];
  if (preference) pickPreference(preference);
}

function frontLayout(board, drawnRows, width) {
  if (front.view === "heat") return heatLayout(board, drawnRows, width);
  if (front.view === "weight") return weightLayout(board, drawnRows, width);
  const titles = axisTitles();
  const ranges = board.tasks.map((_, t) => axisRange(board, t, drawnRows));
  const shown = [front.view, front.axes, front.accuracy, front.landmarks, isPrinting()];
  const common = { showlegend: true, uirevision: `${board.name} ${shown}` };
  const [x, y] = front.axes;
  if (front.view === "plane") {
    return layoutOf({ ...common, xaxis: axis(titles[x], { range: ranges[x] }), yaxis: axis(titles[y], { range: ranges[y] }) });
  }
  if (front.view === "space") return spaceLayout(common, ranges);
  const { unit, better } = quantity();
  const range = extremes(ranges.flat());
  return layoutOf({ ...common, xaxis: axis("", { type: "category" }), yaxis: axis(`${unit}, ${better}`, { range }) });
}
