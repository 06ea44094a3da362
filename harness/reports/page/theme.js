// The theme, light or dark: the system's, until a reader chooses.

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

// Paper is light, and so large are plots on it, in pixels.
const PAPER = { width: 690, height: 380 };

function isPrinting() {
  return "printing" in document.documentElement.dataset;
}

function isDark() {
  if (isPrinting()) return false;
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemIsDark.matches;
}

// Returns the colour of a style variable as it is now; plotly knows no variables.
function colourOf(variable) {
  const probe = element("span", { style: `color: var(--${variable})`, hidden: true });
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function startTheme(recolour) {
  const button = byId("theme");
  const show = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  const chosen = memory.get("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  show();
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    memory.set("theme", document.documentElement.dataset.theme);
    show();
    recolour();
  });
  systemIsDark.addEventListener("change", () => {
    show();
    recolour();
  });
  startPrinting(recolour);
}

// Plots are drawn again for the paper, and for the window afterwards. Some browsers tell of printing by the one event,
// some by the other.
function startPrinting(redraw) {
  const become = (printing) => {
    if (printing === isPrinting()) return;
    if (printing) document.documentElement.dataset.printing = "";
    else delete document.documentElement.dataset.printing;
    redraw();
  };
  window.addEventListener("beforeprint", () => become(true));
  window.addEventListener("afterprint", () => become(false));
  window.matchMedia("print").addEventListener("change", ({ matches }) => become(matches));
}
