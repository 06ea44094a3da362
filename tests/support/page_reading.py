"""What a visitor of the page sees and does, in words of the tests."""

from __future__ import annotations

import contextlib
import re
import time

DRIVER = re.compile(
    r"warning: \[\.WebGL-0x[0-9a-f]+\]GL Driver Message \(OpenGL, Performance, GL_CLOSE_PATH_NV, High\): "
    r"GPU stall due to ReadPixels( \(this message will no longer repeat\))?"
)
"""What the browser itself says of its WebGL when the mouse points at something drawn with it."""
LOCAL = ("file:", "data:", "blob:")


@contextlib.contextmanager
def opened(chromium, file, *, width=1280, dark=False, touch=False):
    """A page that must, by the end, have said nothing and asked for nothing."""
    messages, requests = [], []
    scheme = "dark" if dark else "light"
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", has_touch=touch
    )
    page = context.new_page()
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: request.url.startswith(LOCAL) or requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    said = [message for message in messages if not DRIVER.fullmatch(message)]
    assert (said, requests) == ([], [])


def wait_until(page, expression):
    """Until the expression is true; playwright's own way is to evaluate text, which the page forbids itself."""
    end = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(20)


def wait_for_plot(page, name):
    """Plots are drawn once they are near the window."""
    page.locator(f"#{name}").scroll_into_view_if_needed()
    wait_until(page, f"document.getElementById('{name}')?.dataset.drawn > 0")


def wait_for_drawing(page, name, act):
    """Until the plot has been drawn once more than before `act`."""
    wait_for_plot(page, name)
    before = page.evaluate(f"Number(document.getElementById('{name}').dataset.drawn)")
    act()
    page.locator(f"#{name}").scroll_into_view_if_needed()
    wait_until(page, f"Number(document.getElementById('{name}').dataset.drawn) > {before}")


def number(text):
    """The first one in a cell."""
    return float(re.search(r"[-\d.]+", text.replace("−", "-"))[0])


def column(page, name):
    """Texts of a column, top to bottom."""
    texts = page.locator(f".board > tbody > tr:not(.details) > .column-{name}").all_inner_texts()
    return [text.strip() for text in texts]


def means(page, name):
    return [number(text) for text in column(page, name) if text != "–"]


def learners(page):
    return page.locator(".board > tbody .unfold .name").all_inner_texts()


def learner_traces(page, plot="front-plot"):
    taken = (
        "{key: t.meta.learner, type: t.type, x: [...t.x], y: [...t.y], z: [...(t.z ?? [])],"
        " which: t.customdata, marker: t.marker}"
    )
    return page.evaluate(f"document.getElementById('{plot}').data.filter(t => t.meta?.learner).map(t => ({taken}))")


def drawn(page):
    """Keys of the learners that have a trace."""
    return [trace["key"] for trace in learner_traces(page)]


def choose_view(page, name):
    """By what is clicked: the input itself is hidden behind its label."""
    wait_for_drawing(page, "front-plot", page.locator("label", has_text=re.compile(f"^{name}$")).click)


def overlapping_texts(page):
    """How many texts the plots of the page and its triangle have, and pairs of them that cover each other."""
    return page.evaluate(
        """(() => {
          const found = [];
          for (const place of document.querySelectorAll("section:not([hidden]) .plot, .triangle")) {
            const texts = [...place.querySelectorAll("text, .names span")].filter((text) => text.textContent.trim());
            for (const text of texts) {
              const { left, top, right, bottom, width } = text.getBoundingClientRect();
              const seen = width > 0 && getComputedStyle(text).visibility !== "hidden" && !text.closest(".hoverlayer");
              if (seen) found.push({ place: place.id, text: text.textContent, left, top, right, bottom });
            }
          }
          const overlaps = [];
          found.forEach((one, i) => found.slice(i + 1).forEach((other) => {
            const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
            const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
            if (one.place === other.place && across > 1 && down > 2) overlaps.push([one.place, one.text, other.text]);
          }));
          return { count: found.length, overlaps };
        })()"""
    )
