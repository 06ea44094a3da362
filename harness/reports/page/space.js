// Three objectives in space, projected here onto the plane: what a reader sees needs no graphics card, is drawn with
// the same markers as everywhere, and turns with keys as well as by dragging.

const START = { azimuth: -0.6, elevation: 0.45 };
const STEP = Math.PI / 12;
const space = { ...START };

// Of a point of the box [-1, 1]^3: right, up, and away from the reader.
function projected([x, y, z]) {
  const [right, behind] = [
    x * Math.cos(space.azimuth) - y * Math.sin(space.azimuth),
    x * Math.sin(space.azimuth) + y * Math.cos(space.azimuth),
  ];
  return [
    right,
    z * Math.cos(space.elevation) + behind * Math.sin(space.elevation),
    behind * Math.cos(space.elevation) - z * Math.sin(space.elevation),
  ];
}

// Round numbers that cover all of the values.
function ticksFor(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const rough = (most - least || Math.abs(most) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.floor(least / step + 1e-9);
  const last = Math.max(Math.ceil(most / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)));
}

// The box around values of three axes: its ticks, and how a point stands in it. Without a point it goes from 0 to 1.
function boxAround(seen) {
  const points = seen.length ? seen : [[0, 0, 0], [1, 1, 1]];
  const ticks = [0, 1, 2].map((k) => ticksFor(points.map((point) => point[k])));
  const inBox = (value, k) => (2 * (value - ticks[k][0])) / (ticks[k].at(-1) - ticks[k][0]) - 1;
  return { ticks, place: (point) => projected(point.map(inBox)), inBox };
}

// The three far walls with their grid, and along the near edges the ticks and titles.
function boxTraces({ ticks, inBox }, titles) {
  const far = [0, 1, 2].map((k) => (projected([0, 1, 2].map((axis) => Number(axis === k)))[2] >= 0 ? 1 : -1));
  const grid = { x: [], y: [] };
  const texts = { x: [], y: [], text: [], sizes: [] };
  const draw = (...corners) => {
    for (const corner of corners) {
      const [x, y] = projected(corner);
      grid.x.push(x);
      grid.y.push(y);
    }
    grid.x.push(null);
    grid.y.push(null);
  };
  const write = (text, corner, outward, size) => {
    const [x, y] = projected(corner);
    const [centreX, centreY] = projected(outward.from);
    const length = Math.hypot(x - centreX, y - centreY) || 1;
    texts.x.push(x + (outward.by * (x - centreX)) / length);
    texts.y.push(y + (outward.by * (y - centreY)) / length);
    texts.text.push(text);
    texts.sizes.push(size);
  };
  for (const k of [0, 1, 2]) {
    const others = [0, 1, 2].filter((axis) => axis !== k);
    for (const tick of ticks[k]) {
      for (const wall of others) {
        const along = others.find((axis) => axis !== wall);
        draw(
          ...[-1, 1].map((end) => {
            const corner = [];
            corner[k] = inBox(tick, k);
            corner[wall] = far[wall];
            corner[along] = end;
            return corner;
          }),
        );
      }
    }
    const edge = edgeFor(k, far);
    const on = (at) => {
      const corner = [...edge];
      corner[k] = at;
      return corner;
    };
    const middle = [0, 0, 0];
    for (const tick of ticks[k]) {
      const from = [...middle];
      from[k] = inBox(tick, k);
      write(String(tick), on(inBox(tick, k)), { from, by: 0.14 }, 11);
    }
    // The upright title stands on top, where its length is not in the way.
    if (k === 2) write(plain(titles[k]), on(1.12), { from: on(1.12), by: 0 }, 13);
    else write(plain(titles[k]), on(0), { from: middle, by: 0.42 }, 13);
  }
  const quiet = { hoverinfo: "skip", showlegend: false };
  return [
    { ...quiet, mode: "lines", line: { color: colourOf("line"), width: 1 }, ...grid },
    { ...quiet, mode: "text", x: texts.x, y: texts.y, text: texts.text, textfont: { size: texts.sizes, color: colourOf("muted") } },
  ];
}

// Where the ticks of an axis stand: on the near edge of the floor; upright ones on the left.
function edgeFor(k, far) {
  if (k < 2) {
    const edge = [-far[0], -far[1], far[2]];
    edge[k] = 0;
    return edge;
  }
  const sides = [[far[0], -far[1], 0], [-far[0], far[1], 0]];
  return sides.sort((a, b) => projected(a)[0] - projected(b)[0])[0];
}

function spaceLayout(common) {
  const hidden = { visible: false, fixedrange: true };
  return layoutOf({
    ...common,
    margin: { t: 8, r: 8, b: 8, l: 8 },
    dragmode: false,
    xaxis: { ...hidden, range: [-1.95, 1.95], scaleanchor: "y" },
    yaxis: { ...hidden, range: [-1.75, 1.75] },
  });
}

function turn(right, up) {
  space.azimuth += right;
  space.elevation = Math.min(Math.PI / 2, Math.max(0, space.elevation + up));
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

function turnByDragging(place) {
  place.addEventListener("pointermove", (event) => {
    if (front.view !== "space" || !event.buttons) return;
    turn(event.movementX / 150, event.pointerType === "touch" ? 0 : event.movementY / 200);
  });
}
