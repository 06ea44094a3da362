// The data that the page was written with: an index, and of every board its numbers, unpacked when first shown.

const INDEX = JSON.parse(byId("index").textContent);
const MEASURES = new Map(INDEX.measures.map((measure) => [measure.name, measure]));
const unpackedBoards = new Map();

async function unpacked(id) {
  const text = atob(byId(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function loadBoard(position) {
  if (!unpackedBoards.has(position)) {
    const board = JSON.parse(await unpacked(`board-${position}`));
    board.rows.forEach((row, i) => {
      row.name = INDEX.learners[row.key]?.name ?? row.label;
      row.fronts = board.fronts[i];
      row.curves = board.curves[i];
      row.coefficients = board.coefficients[i];
    });
    unpackedBoards.set(position, board);
  }
  return unpackedBoards.get(position);
}

let plotlyLoading = null;

// In space, plotly draws letters and markers on canvases and reads them back. Browsers that are told so beforehand keep
// the canvases in memory and do not warn.
const contextOf = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function getContext(kind, options) {
  return contextOf.call(this, kind, kind === "2d" ? { ...options, willReadFrequently: true } : options);
};

// Plotly runs when the first plot is drawn; the table needs none of it.
function loadPlotly() {
  plotlyLoading ??= unpacked("plotly").then((source) => {
    document.head.append(element("script", {}, source));
    return window.Plotly;
  });
  return plotlyLoading;
}

// Keeps what readers chose before, where the browser lets a file do so.
const memory = {
  get(name) {
    try {
      return localStorage.getItem(`frontrunner.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`frontrunner.${name}`, value);
    } catch {
      // it is asked for again next time
    }
  },
};
