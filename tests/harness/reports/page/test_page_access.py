"""Who can use the page: by keyboard, on a phone, in the dark, with names that are no markup, without a network."""

from __future__ import annotations

import re

from page_boards import HOSTILE
from page_reading import learners, wait_for_drawing, wait_for_plot, wait_until


def test_everything_is_reached_and_used_by_keyboard(page):
    focused = (
        "(() => { const e = document.activeElement; const d = e.dataset;"
        " const shown = getComputedStyle(e.type === 'radio' ? e.nextSibling : e).outlineStyle !== 'none';"
        " return [d.sort ?? d.unfold ?? d.method ?? d.task ?? (e.id || e.name || e.textContent), shown]; })()"
    )
    page.keyboard.press("Tab")
    assert page.evaluate(focused)[0] == "Skip to the leaderboard"
    page.keyboard.press("Enter")
    wait_until(page, "document.activeElement.id === 'main'")
    seen = []
    while "coefficients-of" not in seen and len(seen) < 120:
        page.keyboard.press("Tab")
        name, outlined = page.evaluate(focused)
        assert outlined, name
        if name not in seen:
            use_by_keyboard(page, name)
        seen.append(name)
    wanted = {"filter", "igd_plus", "key-0", "mlflow", "front-view", "front-x", "0", "quality", "cost", "logarithmic"}
    assert wanted <= set(seen)


def use_by_keyboard(page, name):
    """What has the focus does what it is for."""
    press = page.keyboard.press
    if name == "igd_plus":
        press("Space")
        assert page.locator("th.column-igd_plus").get_attribute("aria-sort") == "ascending"
        assert page.evaluate("document.activeElement.dataset.sort") == "igd_plus"
    elif name == "key-0":
        press("Enter")
        assert page.locator("#row-0").is_visible()
        press("Enter")
    elif name == "front-x":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowDown"))
        assert page.evaluate("document.getElementById('front-x').value") == "1"
    elif name == "front-view":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowRight"))
        assert page.locator("input[value=space]").is_checked()
    elif name == "0":
        wait_for_drawing(page, "front-plot", lambda: press("ArrowRight"))
        assert page.locator("#preference output").first.inner_text() == "0.34"


def test_a_phone_has_no_horizontal_page_scroll(visit, file):
    page = visit(file, width=390)
    page.locator(".unfold").first.click()
    page.locator(".chooser > summary").click()
    wait_for_plot(page, "front-plot")
    wait_for_plot(page, "cost-plot")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".column-learner .name").first.is_visible()


def luminance(colour):
    """Of `rgb(r, g, b)`, as WCAG 2 defines it."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_dark_follows_the_system_and_the_toggle_with_enough_contrast(visit, file):
    page = visit(file, dark=True)

    def ground():
        """The table's; text on it can be read."""
        behind, ink, quiet = (
            luminance(page.evaluate(f"getComputedStyle(document.querySelector('{where}')).{what}"))
            for where, what in (("#table", "backgroundColor"), ("#table", "color"), ("#table .caption", "color"))
        )
        for text in (ink, quiet):
            assert (max(behind, text) + 0.05) / (min(behind, text) + 0.05) > 4.5
        return behind

    page.wait_for_selector("#table .caption")
    assert ground() < 0.05
    font = "document.getElementById('front-plot').layout.font.color"
    wait_for_plot(page, "front-plot")
    assert luminance(page.evaluate(font)) > 0.7
    wait_for_drawing(page, "front-plot", page.get_by_role("button", name="Light theme").click)
    assert luminance(page.evaluate(font)) < 0.05
    assert ground() > 0.9
    page.reload()  # the choice is kept
    page.wait_for_selector("#table .caption")
    assert ground() > 0.9


def test_names_are_text_wherever_they_stand(plots, file):
    assert HOSTILE in learners(plots)
    assert plots.title() == f"Results of {HOSTILE}"
    assert plots.locator("h1").inner_text() == plots.title()
    assert plots.evaluate("window.hacked") is None
    assert plots.locator("main img, main b").count() == 0
    assert HOSTILE not in file.read_text(encoding="utf-8")
    hover = plots.evaluate(
        "document.getElementById('front-plot').data.find(t => t.meta?.learner === 'key-1').hovertext[0]"
    )
    assert hover.startswith("<b>&lt;/script&gt;&lt;img src=x")


def test_the_page_forbids_itself_the_network(file):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', file.read_text(encoding="utf-8"))[1]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    assert "*" not in policy
