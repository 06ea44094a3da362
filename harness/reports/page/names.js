// Names beside the points of a plot. A name stands where it covers no other name and no point; where there is no such
// place, hovering over its point shows it.

const POINT = 7;
const AWAY = 9;

// Puts names over a plot that plotly has drawn, and again whenever it has drawn it.
function placeNames(place) {
  const { _fullLayout: drawnLayout } = place;
  if (!drawnLayout?.xaxis || !place.isConnected) return;
  const [across, up] = [drawnLayout.xaxis, drawnLayout.yaxis].map(({ _offset: start, _length: size, d2p: to }) => ({ start, size, to }));
  let over = place.querySelector(":scope > .names");
  if (!over) {
    over = element("div", { class: "names", "aria-hidden": "true" });
    place.append(over);
  }
  const points = named.rows.map((row) => {
    const [x, y] = named.at(row);
    return [across.start + across.to(x), up.start + up.to(y)];
  });
  const covered = points.map(([x, y]) => boxOf(x - POINT, y - POINT, 2 * POINT, 2 * POINT));
  const labels = named.rows.map((row) => element("span", {}, shortText(row.name, 28)));
  over.replaceChildren(...labels);
  const sizes = labels.map((label) => [label.offsetWidth, label.offsetHeight]);
  const room = boxOf(across.start, up.start - 20, across.size + 16, up.size + 20);
  const taken = [];
  labels.forEach((label, i) => {
    const found = placesBeside(points[i], sizes[i]).find(
      (box) => isWithin(box, room) && !taken.some((other) => overlap(box, other)) && !covered.some((mark) => overlap(box, mark)),
    );
    if (!found) {
      label.remove();
      return;
    }
    taken.push(found);
    Object.assign(label.style, { left: `${found.left}px`, top: `${found.top}px` });
  });
}

// The places beside a point, the best first: above and below it to either side, straight beside, over and under it.
function placesBeside([x, y], [width, height]) {
  const [right, left, middle] = [x + AWAY, x - AWAY - width, x - width / 2];
  const [higher, lower, level] = [y - AWAY - height + 4, y + AWAY - 4, y - height / 2];
  return [
    [right, level], [left, level], [right, higher], [left, higher], [right, lower], [left, lower], [middle, higher - 4], [middle, lower + 4],
  ].map(([at, top]) => boxOf(at, top, width, height));
}

function boxOf(left, top, width, height) {
  return { left, top, right: left + width, bottom: top + height };
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function isWithin(box, room) {
  return box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
}
