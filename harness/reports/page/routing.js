// Merge coefficients, part by part of the model: at the picked preference, or at every corner side by side.

const routing = { learner: null, at: "picked" };

function showRouting() {
  const rows = state.board.rows.filter((row) => row.routing);
  const section = byId("routing");
  section.hidden = !rows.length;
  if (section.hidden) return;
  if (!rows.some((row) => row.key === routing.learner)) routing.learner = rows[0].key;
  content("routing").replaceChildren(
    element(
      "div",
      { class: "tools" },
      choice("learner", rows.map((row) => [row.key, row.name]), routing.learner, (key) => {
        routing.learner = key;
        drawRouting();
      }, { id: "routed" }),
      segments("At", "routing-at", [["picked", "Picked preference"], ["corners", "Every corner"]], routing.at, (at) => {
        routing.at = at;
        drawRouting();
      }),
    ),
    plotPlace("routing-plot", "Merge coefficients by part of the model and task"),
    element("p", { class: "muted", id: "routing-note" }),
  );
  drawRouting();
}

function drawRouting() {
  const place = byId("routing-plot");
  if (!place || byId("routing").hidden) return;
  const board = state.board;
  const row = board.rows.find(({ key }) => key === routing.learner);
  const { parts, preferences, coefficients, seed } = row.routing;
  const recorded = rowsOfColumns(preferences);
  const corners = board.tasks.map((_, t) => board.tasks.map((_, s) => Number(s === t)));
  const chosen = (routing.at === "corners" ? corners : [state.preference]).map((wanted) => nearest(recorded, wanted));
  const values = coefficients.flat(2);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const height = 1 / chosen.length;
  const layout = { coloraxis: { ...colourScale(least, most), colorbar: { title: { text: "" }, thickness: 12, outlinewidth: 0 } } };
  const traces = chosen.map((position, i) => {
    const id = i ? String(i + 1) : "";
    const top = 1 - i * height;
    const last = i === chosen.length - 1;
    layout[`xaxis${id}`] = axis(last ? "depth, from the input" : "", { anchor: `y${id}`, showticklabels: last, showgrid: false, zeroline: false });
    layout[`yaxis${id}`] = axis("", {
      anchor: `x${id}`,
      domain: [top - height + (chosen.length > 1 ? 0.12 * height : 0), top - (chosen.length > 1 ? 0.16 * height : 0)],
      autorange: "reversed",
      showgrid: false,
    });
    return {
      type: "heatmap",
      coloraxis: "coloraxis",
      xaxis: `x${id}`,
      yaxis: `y${id}`,
      x: parts.map((_, depth) => depth),
      y: board.tasks.map(plain),
      z: coefficients[position],
      customdata: board.tasks.map(() => parts.map(plain)),
      hovertemplate: "%{customdata}<br>%{y}: %{z:.3f}<extra></extra>",
      xgap: parts.length > 60 ? 0 : 1,
      ygap: 1,
    };
  });
  if (chosen.length > 1) {
    layout.annotations = chosen.map((position, i) => ({
      text: `preference ${asWeights(recorded[position])}`,
      xref: "paper",
      yref: "paper",
      x: 0,
      xanchor: "left",
      y: 1 - i * height,
      yanchor: "top",
      showarrow: false,
      font: { size: 12, color: colourOf("muted") },
    }));
  }
  layout.height = Math.max(220, (60 + 26 * board.tasks.length) * chosen.length + 70);
  byId("routing-note").textContent = [
    chosen.length === 1 ? `Recorded at ${asWeights(recorded[chosen[0]])}, the nearest to the picked preference.` : "",
    `Seed ${seed}; ${count(parts.length, "part")} of the model, the colours are the same at every preference.`,
  ].filter(Boolean).join(" ");
  plot(place, traces, layoutOf(layout));
}

// From the ground upwards; where coefficients take away from a model, zero is in the middle.
function colourScale(least, most) {
  const ground = colourOf("surface");
  const up = isDark() ? "#7DB7F5" : "#0B4F94";
  if (least >= -1e-9) return { cmin: 0, cmax: most || 1, colorscale: [[0, ground], [1, up]] };
  const end = Math.max(-least, most);
  return { cmin: -end, cmax: end, colorscale: [[0, isDark() ? "#F0A05A" : "#A8480A"], [0.5, ground], [1, up]] };
}
