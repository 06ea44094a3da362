// Plotly as this page uses it: calm, in the page's colours, without its own buttons.

// Names are the user's, and plotly reads a little markup.
function escapeHtml(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function axis(title, more) {
  return {
    title: { text: escapeHtml(title), standoff: 8 },
    gridcolor: colourOf("line"),
    zerolinecolor: colourOf("line"),
    linecolor: colourOf("line-strong"),
    tickcolor: colourOf("line-strong"),
    automargin: true,
    ...more,
  };
}

// An axis of quality, whose ticks have no prefixes of units: plotly would write 7e-6 as 7µ.
function qualityAxis(title, more) {
  return axis(title, { exponentformat: "e", ...more });
}

function layoutOf(more) {
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: colourOf("ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { t: 16, r: 16, b: 48, l: 56 },
    hoverlabel: {
      align: "left",
      bgcolor: colourOf("surface"),
      bordercolor: colourOf("line-strong"),
      font: { color: colourOf("ink") },
    },
    hovermode: "closest",
    // A finger would draw a box to zoom into, and not scroll the page.
    dragmode: window.matchMedia("(pointer: coarse)").matches ? false : "zoom",
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, itemclick: false, itemdoubleclick: false },
    showlegend: false,
    ...(isPrinting() ? { width: PAPER.width, height: PAPER.height } : {}),
    ...more,
  };
}

// Plots are drawn one after the other, the nearest to the window first, until all are: a page that is printed or saved
// as a picture holds every one of them.
const waiting = new Map();
let drawing = false;

// `heard` are listeners by plotly's names of events; those of the first drawing stay.
function plot(place, traces, layout, heard = {}) {
  waiting.set(place, [traces, layout, heard]);
  if (isPrinting() && window.Plotly) drawNow(place);
  else if (!drawing) drawWaiting();
}

async function drawWaiting() {
  drawing = true;
  try {
    await loadPlotly();
    const place = nextWaiting();
    if (place) await drawNow(place);
  } catch (error) {
    tell(`A plot cannot be drawn (${error.message}).`);
  }
  if (waiting.size) setTimeout(drawWaiting); // the reader's clicks come first
  else drawing = false;
}

function nextWaiting() {
  const distance = (place) => {
    const { top, bottom } = place.getBoundingClientRect();
    return Math.max(top - window.innerHeight, -bottom, 0);
  };
  return [...waiting.keys()].toSorted((a, b) => distance(a) - distance(b))[0];
}

// Returns what to wait for; of a plot without WebGL nothing, which is drawn at once.
function drawNow(place) {
  const [traces, layout, heard] = waiting.get(place);
  waiting.delete(place);
  if (!place.isConnected) return null;
  const first = !place.dataset.drawn;
  place.classList.toggle("free", layout.height !== undefined); // else as high as the style has it
  // A wheel over a plot in space scrolls the page, as over all others.
  const done = window.Plotly.react(place, traces, layout, { displayModeBar: false, responsive: true, scrollZoom: false });
  if (first) for (const [name, listener] of Object.entries(heard)) place.on(name, listener);
  if (first && heard.plotly_afterplot) heard.plotly_afterplot();
  place.dataset.drawn = Number(place.dataset.drawn ?? 0) + 1;
  return done;
}

// A plot listens to the window until it is told to stop.
function forgetPlots() {
  for (const place of document.querySelectorAll(".plot")) {
    waiting.delete(place);
    if (place.dataset.drawn) window.Plotly.purge(place);
  }
}

// The room that a plot has, in pixels.
function widthOf(place) {
  return isPrinting() ? PAPER.width : place.clientWidth;
}

function plotPlace(id, label) {
  return element("div", { class: "plot", id, role: "img", "aria-label": label });
}

// The learner's marker as a little picture, for lists and tables.
const SHAPES = {
  circle: "M8 3a5 5 0 1 0 .01 0Z",
  square: "M3.5 3.5h9v9h-9Z",
  diamond: "M8 2l6 6-6 6-6-6Z",
  "triangle-up": "M8 2.5l6 10.5H2Z",
  "triangle-down": "M8 13.5L2 3h12Z",
  cross: "M6 2h4v4h4v4h-4v4H6v-4H2V6h4Z",
  x: "M4.5 2L8 5.5 11.5 2 14 4.5 10.5 8 14 11.5 11.5 14 8 10.5 4.5 14 2 11.5 5.5 8 2 4.5Z",
  star: "M8 1.5l1.9 4.3 4.6.4-3.5 3.1 1 4.6L8 11.5 4 13.9l1-4.6L1.5 6.2l4.6-.4Z",
  pentagon: "M8 2l6 4.400-2.3 7.1H4.3L2 6.400Z",
  "triangle-left": "M2.5 8L13 2v12Z",
  "triangle-right": "M13.5 8L3 2v12Z",
  "diamond-tall": "M8 1l4 7-4 7-4-7Z",
  hexagon: "M8 2l5.200 3v6L8 14l-5.200-3V5Z",
};

function swatch(key) {
  const { colour, symbol } = styleOf(key);
  return drawn(
    "svg",
    { viewBox: "0 0 16 16", class: "swatch", "aria-hidden": "true", "data-learner": key },
    drawn("path", { d: SHAPES[symbol] ?? SHAPES.circle, fill: colour }),
  );
}

function learnerName(row) {
  return element("span", { class: "learner" }, swatch(row.key), element("span", { class: "name" }, row.name));
}

function recolourSwatches() {
  for (const svg of document.querySelectorAll("svg.swatch")) {
    svg.firstChild.setAttribute("fill", styleOf(svg.dataset.learner).colour);
  }
}
