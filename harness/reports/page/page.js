// Starts the page: its heading, the choice of a board, and what follows from each choice.

const SEARCHED = 8;

function showHeading() {
  byId("title").textContent = INDEX.title;
  const written = new Date(INDEX.generated);
  const learners = Object.keys(INDEX.learners).length;
  const runs = INDEX.boards.reduce((sum, board) => sum + board.runs, 0);
  byId("about").textContent = [
    `${count(INDEX.boards.length, "board")}, ${count(learners, "learner")}, ${count(runs, "finished run")}`,
    `written ${written.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`,
    `frontrunner ${INDEX.version}`,
  ].join(" · ");
}

function showBoards() {
  const options = INDEX.boards.map((board, i) => [i, board.name]);
  if (options.length < 2) {
    byId("choose").replaceChildren(element("p", { class: "board-name" }, options[0]?.[1] ?? "Nothing is recorded."));
    return;
  }
  const field = choice("Board", options, 0, (i) => openAt(Number(i)), { id: "board" });
  const select = field.querySelector("select");
  const search = element("input", {
    type: "search",
    placeholder: "find a board",
    "aria-label": "Find a board",
    input: () => {
      const wanted = search.value.trim().toLowerCase();
      const found = options.filter(([, name]) => name.toLowerCase().includes(wanted));
      const current = Number(select.value);
      const kept = found.some(([i]) => i === current) || !found.length ? options.filter(([i]) => i === current) : [];
      const listed = found.length ? found : kept;
      select.replaceChildren(...listed.map(([i, name]) => element("option", { value: i }, name)));
      select.value = kept.length ? current : listed[0][0];
      if (Number(select.value) !== current) openAt(Number(select.value));
      say(`${count(found.length, "board")} found`);
    },
  });
  byId("choose").replaceChildren(field, ...(options.length > SEARCHED ? [search] : []));
}

// The last choice counts, whichever board is unpacked first.
let wanted = null;

async function openAt(position) {
  wanted = position;
  try {
    const board = await loadBoard(position);
    if (wanted !== position) return;
    openBoard(board);
    say(`${board.name} shown`);
  } catch (error) {
    tell(`This board cannot be shown (${error.message}); a browser of 2024 or later is needed.`);
  }
}

function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = false;
}

function showSections() {
  const sections = [...document.querySelectorAll("main > section")].filter((section) => !section.hidden);
  byId("sections").replaceChildren(
    ...sections.map((section) => element("a", { href: `#${section.id}` }, section.querySelector("h2").textContent)),
  );
}

function drawAll() {
  drawFronts();
  drawCosts();
  drawBudgets();
  drawProgress();
  drawCoefficients();
}

on(["board"], forgetPlots);
on(["board"], showTable);
on(["board"], showFronts);
on(["board"], showPicker);
on(["board"], showCosts);
on(["board"], showBudgets);
on(["board"], showProgress);
on(["board"], showCoefficients);
on(["board"], showSections);
on(["shown", "seed"], () => {
  drawFronts();
  fillPicker();
});
on(["shown"], drawProgress);
on(["preference"], () => {
  drawFronts();
  fillPicker();
  if (heatMap.at === "picked") drawCoefficients();
});
on(["theme"], () => {
  recolourSwatches();
  drawAll();
});

// Panels and the names beside points follow the room they have; plotly itself follows with all else.
let resizeWaits = 0;
window.addEventListener("resize", () => {
  clearTimeout(resizeWaits);
  resizeWaits = setTimeout(() => {
    if (state.board && (front.view === "heat" || front.view === "weight")) drawFronts();
  }, 150);
});

showHeading();
showBoards();
showRanking();
startTheme(() => changed("theme"));
if (INDEX.boards.length) openAt(0);
