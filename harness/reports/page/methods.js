// The choice of learners to draw: one list of checkboxes that all plots follow, and their legend.

const MANY = 12;

function methodsPanel() {
  const rows = rowsWithFronts();
  const boxes = new Map();
  const choose = (keys) => {
    state.shown = new Set(keys);
    for (const [key, box] of boxes) box.checked = state.shown.has(key);
    changed("shown");
    say(`${count(state.shown.size, "learner")} drawn`);
  };
  const items = rows.map((row) => {
    const item = checkbox(
      learnerName(row),
      state.shown.has(row.key),
      (shown) => {
        if (shown) state.shown.add(row.key);
        else state.shown.delete(row.key);
        changed("shown");
      },
      { "data-method": row.key },
    );
    boxes.set(row.key, item.querySelector("input"));
    return element("li", { "data-name": `${row.name}\n${row.method}`.toLowerCase() }, item);
  });
  const filter = element("input", {
    type: "search",
    "aria-label": "Filter the learners to draw",
    placeholder: "filter",
    input: () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const item of items) item.hidden = !item.dataset.name.includes(wanted);
    },
  });
  const button = (text, keys) => element("button", { type: "button", class: "small", click: () => choose(keys()) }, text);
  return element(
    "fieldset",
    { class: "methods" },
    element("legend", {}, "Learners drawn"),
    element(
      "div",
      { class: "tools" },
      button("All", () => rows.map((row) => row.key)),
      button("None", () => []),
      rows.length > TOP ? button(`Top ${TOP}`, topKeys) : null,
    ),
    rows.length > MANY ? filter : null,
    element("ul", {}, items),
  );
}
