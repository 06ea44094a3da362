// Three objectives in space, which plotly draws with WebGL: dragging turns it, and so do buttons.

const STEP = Math.PI / 12;
const HIGHEST = 0.49 * Math.PI;
const space = { camera: firstCamera(), possible: null };

// A phone looks from farther away, so that the titles of the axes have room.
function firstCamera() {
  const { eye, ...more } = INDEX.camera;
  const farther = window.matchMedia("(max-width: 48rem)").matches ? 1.15 : 1;
  return { ...more, eye: { x: farther * eye.x, y: farther * eye.y, z: farther * eye.z } };
}

// The browser is asked once: it gives a page few WebGL contexts.
function canDrawSpace() {
  space.possible ??= document.createElement("canvas").getContext("webgl") !== null;
  return space.possible;
}

function inSpace(points) {
  return { type: "scatter3d", mode: "markers", ...along(points, front.axes) };
}

function spaceTraces(board, drawnRows) {
  const traces = [];
  if (front.reference) {
    const { marker, ...more } = referenceMarks();
    traces.push({ ...more, marker: { ...marker, size: 8 }, ...inSpace(rowsOfColumns(board.reference)) });
  }
  for (const [row, series] of drawnRows) {
    const { colour, symbolInSpace } = styleOf(row.key);
    const thin = symbolInSpace === "cross";
    const line = { color: colour, width: thin ? 2 : 0 };
    const marker = { color: colour, symbol: symbolInSpace, size: (thin ? 1.1 : 0.7) * sizeOf(series), line };
    // What lies beyond the axes would be drawn all the same.
    const all = series.points.map((_, i) => i).filter((i) => !isOutside(board, series.points[i], front.axes));
    // A trace has one opacity in space.
    for (const best of [true, false]) {
      const chosen = all.filter((i) => series.best[i] === best);
      if (!chosen.length) continue;
      const points = inSpace(chosen.map((i) => series.points[i]));
      traces.push(learnerTrace(row, series, chosen, { marker, opacity: best ? 0.95 : 0.3, ...points }));
    }
  }
  for (const { name, values, symbolInSpace } of landmarks(board, drawnRows)) {
    if (isOutside(board, values, front.axes)) continue;
    traces.push({ ...landmark(name), marker: landmarkMarker(symbolInSpace, 7), ...inSpace([values]) });
  }
  const picked = pickedPoints(drawnRows).filter((point) => !isOutside(board, point, front.axes));
  if (picked.length) {
    const { marker, ...more } = pickedMarks();
    traces.push({ ...more, marker: { ...marker, size: 11 }, ...inSpace(picked) });
  }
  return traces;
}

function spaceLayout(common, ranges) {
  const titles = axisTitles();
  const spaceAxis = (t) => ({
    title: { text: escapeHtml(titles[t]), font: { size: 13 } },
    color: colourOf("muted"),
    gridcolor: colourOf("line-strong"),
    zeroline: false,
    showbackground: false,
    showspikes: false,
    nticks: 6,
    range: ranges[t],
    tickfont: { size: 11 },
  });
  const [x, y, z] = front.axes;
  return layoutOf({
    ...common,
    margin: { t: 8, r: 0, b: 0, l: 0 },
    scene: {
      xaxis: spaceAxis(x),
      yaxis: spaceAxis(y),
      zaxis: spaceAxis(z),
      aspectmode: "cube",
      dragmode: "turntable",
      camera: space.camera,
      uirevision: false, // the camera is always the one given here
    },
  });
}

// Turns the picture to the right by an angle and lifts the reader's eye by another; the eye keeps its distance.
function turn(right, up) {
  const { x, y, z } = space.camera.eye;
  const distance = Math.hypot(x, y, z);
  const azimuth = Math.atan2(y, x) - right;
  const elevation = Math.min(HIGHEST, Math.max(-HIGHEST, Math.asin(z / distance) + up));
  const across = distance * Math.cos(elevation);
  const eye = { x: across * Math.cos(azimuth), y: across * Math.sin(azimuth), z: distance * Math.sin(elevation) };
  space.camera = { ...space.camera, eye };
  drawFrontsSoon();
}

function turnButtons() {
  const button = (text, label, right, up) =>
    element("button", { type: "button", class: "small", "aria-label": label, click: () => turn(right, up) }, text);
  return element(
    "span",
    { class: "field" },
    element("span", {}, "turn"),
    button("←", "Turn left", -STEP, 0),
    button("→", "Turn right", STEP, 0),
    button("↑", "Look from higher", 0, STEP / 2),
    button("↓", "Look from lower", 0, -STEP / 2),
  );
}

// A mouse turns the picture as plotly has it. A finger that plotly sees no longer scrolls the page, so plotly does not
// see it: across it turns the picture, up and down it scrolls.
function turnByFinger(place) {
  const hide = (event) => {
    if (front.view === "space") event.stopPropagation();
  };
  for (const name of ["touchstart", "touchmove", "touchend"]) place.addEventListener(name, hide, { capture: true, passive: true });
  place.addEventListener("pointermove", (event) => {
    if (front.view === "space" && event.pointerType === "touch" && event.buttons) turn(event.movementX / 150, 0);
  });
}

// Keeps what the mouse has turned for when the plot is drawn again.
function keepCamera(change) {
  if (change["scene.camera"]) space.camera = change["scene.camera"];
}
