// The fronts: two objectives in the plane, three in space, or all of them side by side.

const front = { view: "plane", axes: [0, 1, 2], accuracy: false, reference: false, landmarks: true };
const VIEWS = { plane: "2-D", space: "3-D", parallel: "Parallel" };

function showFronts() {
  const board = state.board;
  const section = byId("fronts");
  section.hidden = !rowsWithFronts().length;
  if (section.hidden) return;
  const n = board.tasks.length;
  front.view = n === 1 || n > 3 ? "parallel" : "plane";
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
  turnByDragging(place);
  drawFronts();
}

function fillFrontTools(tools) {
  const board = state.board;
  const n = board.tasks.length;
  const views = Object.entries(VIEWS).filter(([view]) => (view === "plane" ? n > 1 : view === "space" ? n > 2 : true));
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
    areShares(board)
      ? segments("Show", "front-quantity", [["error", "Error"], ["accuracy", "Accuracy"]], front.accuracy ? "accuracy" : "error", (quantity) => {
          front.accuracy = quantity === "accuracy";
          drawFronts();
        })
      : null,
    board.reference
      ? checkbox("Reference front", front.reference, (shown) => {
          front.reference = shown;
          drawFronts();
        }, { id: "reference-front" })
      : null,
    checkbox("Landmarks", front.landmarks, (shown) => {
      front.landmarks = shown;
      drawFronts();
    }, { id: "landmarks", title: "reference point, specialists, pre-trained model" }),
    front.view === "space" ? turnButtons() : null,
  ];
  tools.replaceChildren(...parts.filter(Boolean));
}

function shownValue(value) {
  return front.accuracy ? 100 * (1 - value) : value;
}

function quantity() {
  return front.accuracy ? "accuracy (%)" : "error";
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
  const absent = rows.filter((row) => !seriesOf(row, state.seed)).map((row) => row.name);
  byId("front-note").textContent = [
    absent.length ? `No front of seed ${state.seed}: ${absent.join(", ")}.` : "",
    INDEX.keptSeeds === null ? "" : `To keep the page small it holds the fronts of the first ${count(INDEX.keptSeeds, "seed")} of each learner.`,
  ].join(" ").trim();
  const kinds = { plane: planeTraces, space: spaceTraces, parallel: parallelTraces };
  const drawnRows = rows.map((row) => [row, seriesOf(row, state.seed)]).filter(([, series]) => series);
  const traces = kinds[front.view](board, drawnRows);
  plot(place, traces, frontLayout(board), pickClicked);
}

function pickClicked({ points }) {
  const preference = points[0].data.meta?.preferences?.[points[0].customdata];
  if (preference) pickPreference(preference);
}

function frontLayout(board) {
  const titles = board.tasks.map((task) => `${task} ${quantity()}`);
  const [x, y, z] = front.axes;
  const common = { showlegend: true, uirevision: `${board.name} ${front.view} ${front.axes} ${front.accuracy}` };
  if (front.view === "plane") return layoutOf({ ...common, xaxis: axis(titles[x]), yaxis: axis(titles[y]) });
  if (front.view === "space") return spaceLayout(common);
  const better = front.accuracy ? "higher is better" : "lower is better";
  return layoutOf({ ...common, xaxis: axis("", { type: "category" }), yaxis: axis(`${quantity()}, ${better}`) });
}
