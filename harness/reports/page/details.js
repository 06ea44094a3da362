// What a row unfolds to: why seeds are missing, options, values by seed with links to their runs, environments.

// Kept for pages that were written with the same address.
const REMEMBERED = `mlflow ${INDEX.mlflow}`;
let mlflowAddress = memory.get(REMEMBERED) ?? INDEX.mlflow;

function runAddress([experiment, run]) {
  const base = mlflowAddress.trim().replace(/\/+$/, "");
  return `${base}/#/experiments/${encodeURIComponent(experiment)}/runs/${encodeURIComponent(run)}?workflowType=machine_learning`;
}

// Only the web's addresses: a reader may paste anything.
function runLink(run) {
  const link = element("a", { target: "_blank", rel: "noreferrer", title: run[1] }, run[1].slice(0, 8));
  link.run = run;
  pointLink(link);
  return link;
}

function pointLink(link) {
  if (/^https?:\/\//i.test(mlflowAddress.trim())) link.setAttribute("href", runAddress(link.run));
  else link.removeAttribute("href");
}

function mlflowField() {
  const input = element("input", {
    type: "url",
    id: "mlflow",
    value: mlflowAddress,
    spellcheck: "false",
    input: () => {
      mlflowAddress = input.value;
      memory.set(REMEMBERED, mlflowAddress);
      for (const link of document.querySelectorAll("a[target]")) if (link.run) pointLink(link);
    },
  });
  return element("label", { class: "field" }, element("span", {}, "Runs open in MLflow at"), input);
}

// Seeds that are missing for one reason stand together.
function reasonsOf(row) {
  const seeds = new Map();
  for (const [seed, why] of row.unfinished) seeds.set(why, [...(seeds.get(why) ?? []), seed]);
  return [...seeds].map(([why, found]) => [`seed${found.length > 1 ? "s" : ""} ${found.join(", ")}`, why]);
}

function definitions(entries) {
  return element(
    "dl",
    {},
    entries.map(([term, text]) => element("div", {}, element("dt", {}, term), element("dd", {}, String(text)))),
  );
}

function detailsOf(board, row) {
  const parts = [];
  if (row.unfinished.length) {
    parts.push(
      element(
        "section",
        {},
        element("h3", {}, "Not finished"),
        element("ul", { class: "reasons" }, reasonsOf(row).map(([seeds, why]) => element("li", {}, `${seeds}: ${why}`))),
      ),
    );
  }
  if (row.seeds.length) parts.push(element("section", { class: "wide" }, element("h3", {}, "By seed"), seedTable(row)));
  if (row.options && Object.keys(row.options).length) {
    const version = row.version === null ? "" : ` · ${row.method} v${row.version}`;
    parts.push(
      element("section", {}, element("h3", {}, `Options${version}`), definitions(Object.entries(row.options))),
    );
  }
  for (const position of [...new Set(row.environment)].sort((a, b) => a - b)) {
    const seeds = row.seeds.filter((_, i) => row.environment[i] === position);
    const of = seeds.length === row.seeds.length ? "" : ` of seed${seeds.length > 1 ? "s" : ""} ${seeds.join(", ")}`;
    parts.push(
      element(
        "section",
        {},
        element("h3", {}, `Environment${of}`),
        definitions(Object.entries(board.environments[position])),
      ),
    );
  }
  return element("div", { class: "unfolded" }, parts);
}

function seedTable(row) {
  const measures = INDEX.measures.filter(({ name }) => row.values[name]);
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `Values of ${row.name} by seed` },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, "seed"),
          element("th", { scope: "col" }, "run"),
          measures.map((measure) => element("th", { scope: "col", class: "number", title: measure.about }, measure.heading)),
        ),
      ),
      element(
        "tbody",
        {},
        row.seeds.map((seed, i) =>
          element(
            "tr",
            {},
            element("th", { scope: "row" }, String(seed)),
            element("td", {}, runLink(row.runs[i])),
            measures.map((measure) => element("td", { class: "number" }, asText(measure, row.values[measure.name][i]))),
          ),
        ),
      ),
    ),
  );
}
