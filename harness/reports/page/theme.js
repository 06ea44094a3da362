// Light or dark: the system's, until a reader chooses.

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
// On dark ground black is lost and blue and wine nearly so.
const ON_DARK = {
  "#0072B2": "#4496D6",
  "#D55E00": "#F07B3A",
  "#009E73": "#2DBD90",
  "#CC79A7": "#E39AC4",
  "#E69F00": "#F2B632",
  "#56B4E9": "#9AD4F7",
  "#000000": "#F4F4F4",
  "#882255": "#C2517F",
  "#7F7F7F": "#A0A0A0",
};

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemIsDark.matches;
}

// The colour of a style variable as it is now; plotly knows no variables.
function colourOf(variable) {
  const probe = element("span", { style: `color: var(--${variable})`, hidden: true });
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function startTheme(changed) {
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
    changed();
  });
  systemIsDark.addEventListener("change", () => {
    show();
    changed();
  });
}
