// The picked preference, by sliders or on a triangle, and the answer of every drawn learner there.

function showPicker() {
  const board = state.board;
  const section = byId("preference");
  const n = board.tasks.length;
  section.hidden = n < 2 || !board.grids.length;
  if (section.hidden) return;
  const sliders = board.tasks.map((task, t) => {
    const input = element("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 1,
      "aria-label": `weight of ${task}, percent`,
      "data-task": t,
      input: () => setWeight(t, Number(input.value) / 100),
    });
    return element(
      "div",
      { class: "slider" },
      element("span", { class: "name", "aria-hidden": "true" }, task),
      input,
      element("output", {}, ""),
    );
  });
  const corner = (text, preference) =>
    element("button", { type: "button", class: "small", click: () => pickPreference(preference) }, text);
  content("preference").replaceChildren(
    element(
      "div",
      { class: "picker" },
      element(
        "div",
        { class: "weights" },
        sliders,
        element(
          "div",
          { class: "tools" },
          corner("Equal", board.tasks.map(() => 1 / n)),
          n <= 8 ? board.tasks.map((task, t) => corner(`Only ${task}`, board.tasks.map((_, s) => Number(s === t)))) : null,
        ),
      ),
      n === 3 ? triangle(board) : null,
    ),
    element("p", { class: "muted", id: "nearest" }),
    element("div", { class: "scroll", id: "answers", tabindex: "0", role: "region", "aria-label": "Answers at the picked preference" }),
  );
  fillPicker();
}

// The others keep their proportions.
function setWeight(task, weight) {
  const rest = state.preference.reduce((sum, value, t) => (t === task ? sum : sum + value), 0);
  const n = state.preference.length;
  pickPreference(
    state.preference.map((value, t) =>
      t === task ? weight : rest > 1e-9 ? (value * (1 - weight)) / rest : (1 - weight) / (n - 1),
    ),
  );
}

let pickWaiting = false;

// Sliders move faster than plots are drawn: once a frame is enough.
function pickPreference(preference) {
  state.preference = preference;
  if (pickWaiting) return;
  pickWaiting = true;
  requestAnimationFrame(() => {
    pickWaiting = false;
    changed("preference");
  });
}

function fillPicker() {
  if (byId("preference").hidden) return;
  const board = state.board;
  for (const slider of document.querySelectorAll("#preference .slider")) {
    const input = slider.querySelector("input");
    const weight = state.preference[Number(input.dataset.task)];
    if (Math.abs(Number(input.value) - 100 * weight) > 0.5) input.value = Math.round(100 * weight);
    slider.querySelector("output").textContent = weight.toFixed(2);
  }
  placeOnTriangle();
  byId("nearest").textContent = nearestText(board);
  const answers = shownRows().map((row) => answerOf(row));
  const costs = answers.flatMap((answer) => answer.cost ?? []);
  const least = Math.min(...costs);
  answers.sort((a, b) => (a.cost ?? Infinity) - (b.cost ?? Infinity));
  const { shares } = board;
  const head = ["learner", "answers for", ...board.tasks, "weighted error ↓"];
  byId("answers").replaceChildren(
    answers.length
      ? element(
          "table",
          { class: "answers" },
          element("thead", {}, element("tr", {}, head.map((text, i) => element("th", { scope: "col", class: i ? "number" : "" }, text)))),
          element("tbody", {}, answers.map((answer) => answerRow(board, answer, answer.cost === least, shares))),
        )
      : element("p", { class: "muted" }, "No learner is drawn: choose some beside the fronts."),
  );
}

// Says what the answers are for where the picked preference itself was not evaluated.
function nearestText(board) {
  const grids = new Set(shownRows().map((row) => seriesOf(row, state.seed)?.grid).filter(Boolean));
  const n = board.tasks.length;
  const equal = state.preference.every((weight) => Math.abs(weight - 1 / n) < SAME);
  const said = [...grids].flatMap((grid) => {
    const preferences = rowsOfColumns(grid.columns);
    const { at, ties, exact } = nearestOnes(preferences, state.preference);
    if (exact) return [];
    const others = ties > 1 ? `, the first of ${ties} equally near ones` : "";
    return [`the nearest of ${count(preferences.length, "evaluated preference")} answers: ${grid.texts[at]}${others}`];
  });
  if (!said.length) return "";
  return `${equal ? "Equal weights were" : "This preference was"} not evaluated; ${said.join("; ")}.`;
}

function answerOf(row) {
  const series = seriesOf(row, state.seed);
  if (!series) return { row, why: `no front of seed ${state.seed}` };
  if (!series.preferences) {
    const n = series.points.length;
    return { row, why: `its set stands for no preferences (${count(n, "fixed model")})` };
  }
  const i = nearest(series.preferences, state.preference);
  const cost = series.points[i].reduce((sum, value, t) => sum + value * state.preference[t], 0);
  return { row, preference: series.texts[i], errors: series.points[i], cost };
}

function answerRow(board, answer, best, shares) {
  const name = element("th", { scope: "row" }, learnerName(answer.row));
  if (answer.why) return element("tr", {}, name, element("td", { class: "muted", colspan: board.tasks.length + 2 }, answer.why));
  return element(
    "tr",
    { class: best ? "best" : "", "data-learner": answer.row.key },
    name,
    element("td", { class: "number" }, answer.preference),
    answer.errors.map((error) =>
      element("td", { class: "number" }, element("span", { class: "mean" }, asError(error)), shares ? element("span", { class: "ends" }, `acc. ${asPercent(1 - error)}`) : null),
    ),
    element("td", { class: "number" }, asError(answer.cost), best ? element("span", { class: "chip good" }, "best") : null),
  );
}

// The corners of the triangle are the tasks; it repeats the sliders for the pointer.
const CORNERS = [[110, 22], [14, 186], [206, 186]];

function onTriangle(preference) {
  return [0, 1].map((k) => preference.reduce((sum, weight, t) => sum + weight * CORNERS[t][k], 0));
}

function fromTriangle(x, y) {
  const [[ax, ay], [bx, by], [cx, cy]] = CORNERS;
  const area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy);
  const first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area;
  const second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area;
  const inside = [first, second, 1 - first - second].map((weight) => Math.max(0, weight));
  const sum = inside.reduce((total, weight) => total + weight, 0);
  return inside.map((weight) => weight / sum);
}

function triangle(board) {
  const grid = rowsOfColumns(board.grids.map(({ columns }) => columns).reduce((most, other) => (other[0].length > most[0].length ? other : most)));
  const pick = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = svg.getBoundingClientRect();
    pickPreference(fromTriangle(((event.clientX - box.left) / box.width) * 220, ((event.clientY - box.top) / box.height) * 208));
    if (event.type === "pointerdown") svg.setPointerCapture(event.pointerId);
  };
  const svg = drawn(
    "svg",
    { viewBox: "0 0 220 208", class: "triangle", "aria-hidden": "true", pointerdown: pick, pointermove: pick },
    drawn("polygon", { points: CORNERS.map((corner) => corner.join(",")).join(" ") }),
    grid.map((preference) => {
      const [cx, cy] = onTriangle(preference);
      return drawn("circle", { cx, cy, r: 2.2, class: "evaluated" });
    }),
    board.tasks.map((task, t) => {
      const [x, y] = CORNERS[t];
      const anchor = ["middle", "start", "end"][t];
      const name = drawn("text", { x: [x, 0, 220][t], y: t ? y + 18 : y - 8, "text-anchor": anchor }, shortText(task, t ? 14 : 28));
      name.append(drawn("title", {}, task));
      return name;
    }),
    drawn("circle", { r: 7, class: "picked" }),
  );
  return svg;
}

function placeOnTriangle() {
  const picked = document.querySelector("#preference .picked");
  if (!picked) return;
  const [x, y] = onTriangle(state.preference);
  picked.setAttribute("cx", x);
  picked.setAttribute("cy", y);
}
