// Merge coefficients, part by part of the model: at the picked preference, or at every corner side by side.

const heatMap = { learner: null, at: "picked" };

function showCoefficients() {
  const rows = state.board.rows.filter((row) => row.coefficients);
  const section = byId("coefficients");
  section.hidden = !rows.length;
  if (section.hidden) return;
  if (!rows.some((row) => row.key === heatMap.learner)) heatMap.learner = rows[0].key;
  content("coefficients").replaceChildren(
    element(
      "div",
      { class: "tools" },
      choice("learner", rows.map((row) => [row.key, row.name]), heatMap.learner, (key) => {
        heatMap.learner = key;
        drawCoefficients();
      }, { id: "coefficients-of" }),
      segments("At", "coefficients-at", [["picked", "Picked preference"], ["corners", "Every corner"]], heatMap.at, (at) => {
        heatMap.at = at;
        drawCoefficients();
      }),
    ),
    plotPlace("coefficients-plot", "Merge coefficients by part of the model and task"),
    element("p", { class: "muted", id: "coefficients-note" }),
  );
  drawCoefficients();
}

function drawCoefficients() {
  const place = byId("coefficients-plot");
  if (!place || byId("coefficients").hidden) return;
  const board = state.board;
  const row = board.rows.find(({ key }) => key === heatMap.learner);
  const { parts, preferences, texts, corners, limits, values, seed } = row.coefficients;
  const chosen = heatMap.at === "corners" ? corners : [nearest(rowsOfColumns(preferences), state.preference)];
  const height = 1 / chosen.length;
  const layout = { coloraxis: { ...colourScale(limits), colorbar: { title: { text: "" }, thickness: 12, outlinewidth: 0 } } };
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
      y: board.tasks.map(escapeHtml),
      z: values[position],
      customdata: board.tasks.map(() => parts.map(escapeHtml)),
      hovertemplate: "%{customdata}<br>%{y}: %{z:.3f}<extra></extra>",
      xgap: parts.length > 60 ? 0 : 1,
      ygap: 1,
    };
  });
  if (chosen.length > 1) {
    layout.annotations = chosen.map((position, i) => ({
      text: escapeHtml(shortText(`preference: ${texts[position]}`, 60)),
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
  byId("coefficients-note").textContent = [
    chosen.length === 1 ? `Recorded at ${texts[chosen[0]]}, the nearest to the picked preference.` : "",
    `Seed ${seed}; ${count(parts.length, "part")} of the model, one colour scale for all preferences.`,
  ].filter(Boolean).join(" ");
  plot(place, traces, layoutOf(layout));
}

// From the ground upwards; where coefficients take away from a model, zero is in the middle.
function colourScale([cmin, cmax]) {
  const ground = colourOf("surface");
  const up = isDark() ? "#7DB7F5" : "#0B4F94";
  if (cmin === 0) return { cmin, cmax, colorscale: [[0, ground], [1, up]] };
  return { cmin, cmax, colorscale: [[0, isDark() ? "#F0A05A" : "#A8480A"], [0.5, ground], [1, up]] };
}
