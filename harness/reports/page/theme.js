// The theme, light or dark: the system's, until a reader chooses.

const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

function isDark() {
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
}
