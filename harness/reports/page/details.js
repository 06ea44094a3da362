// The details that a row unfolds to: why seeds are missing, values by seed with links to runs, options, environments.

// The address is kept for pages that were written with the same one.
const REMEMBERED = `mlflow ${INDEX.mlflow}`;
let mlflowAddress = memory.get(REMEMBERED) ?? INDEX.mlflow;

function runAddress([experiment, run]) {
  const base = mlflowAddress.trim().replace(/\/+$/, "");
  return `${base}/#/experiments/${encodeURIComponent(experiment)}/runs/${encodeURIComponent(run)}?workflowType=machine_learning`;
}

// Links lead to addresses of the web only: a reader may paste anything.
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

function definitions(entries) {
  return element(
    "dl",
    {},
    entries.map(([term, text]) => element("div", {}, element("dt", {}, term), element("dd", {}, String(text)))),
  );
}

function detailsOf(board, row) {
  const parts = [];
  if (row.warnings.length) {
    parts.push(
      element(
        "section",
        {},
        element("h3", {}, "Signs of collapse"),
        element("ul", { class: "reasons" }, row.warnings.map(([seeds, text]) => element("li", {}, `${seeds}: ${text}`))),
      ),
    );
  }
  if (row.reasons.length) {
    parts.push(
      element(
        "section",
        {},
        element("h3", {}, "Not finished"),
        element("ul", { class: "reasons" }, row.reasons.map(([seeds, why]) => element("li", {}, `${seeds}: ${why}`))),
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
  for (const [seeds, position] of row.ranIn) {
    parts.push(
      element(
        "section",
        {},
        element("h3", {}, seeds ? `Environment of ${seeds}` : "Environment"),
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
            measures.map((measure) => element("td", { class: "number" }, row.values[measure.name][i])),
          ),
        ),
      ),
    ),
  );
}
