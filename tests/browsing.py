"""A browser for tests of HTML pages: Chromium, driven by Playwright.

Chromium is on the path, or ``FEATKIT_CHROMIUM`` names it. ``FEATKIT_AXE`` names the ``axe.min.js``
of axe-core, for tests of accessibility.
"""

import contextlib
import os
import shutil
from pathlib import Path

CHROMIUM = os.environ.get("FEATKIT_CHROMIUM") or shutil.which("chromium")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

VIEWS = [(width, scheme) for width in (1280, 375) for scheme in ("light", "dark")]

OUTSIDE = """() => {
  const overflows = (e) => {
    if (e.closest('svg, .scroll, .visually-hidden, .skip, .tooltip, [hidden]')) return false;
    const [box, style] = [e.getBoundingClientRect(), getComputedStyle(e)];
    if (!box.width || !box.height || style.display === 'inline') return false;
    return box.right > innerWidth + 0.5 || box.left < -0.5 || e.scrollWidth > e.clientWidth + 1;
  };
  const wide = [...document.querySelectorAll('body *')].filter(overflows);
  return wide.filter((e) => !wide.some((other) => other !== e && e.contains(other)))
    .map((e) => [e.tagName, e.className, e.textContent.trim().slice(0, 60), e.scrollWidth]);
}"""
"""Elements that jut out of the page, or whose content overflows out of them."""

TEXTS = """() => [...document.querySelectorAll('svg text')].filter((e) => {
  const [own, box] = [e.getBoundingClientRect(), e.closest('svg').getBoundingClientRect()];
  return own.width && (own.left < box.left - 1 || own.right > box.right + 1
    || own.top < box.top - 1 || own.bottom > box.bottom + 1);
}).map((e) => e.textContent)"""


@contextlib.contextmanager
def launched(sync_api):
    """A browser without interface."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def opening(browser, files):
    """A function that opens a page; at the end, no message, dialog or request was seen."""
    contexts, noted = [], []

    def open_page(name="plain", width=1280, scheme="light", **how):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, **how
        )
        contexts.append(context)
        view = context.new_page()
        view.on("console", lambda message: noted.append(message.text))
        view.on("pageerror", lambda error: noted.append(str(error)))
        view.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
        address = files[name].as_uri()
        view.on("request", lambda r: r.url.startswith(("data:", address)) or noted.append(r.url))
        view.goto(address)
        return view

    yield open_page
    for context in contexts:
        context.close()
    assert noted == []


def open_all(view):
    """Unfold everything."""
    view.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")


def axe_script():
    """The script of axe-core; None if `FEATKIT_AXE` does not name it."""
    axe = os.environ.get("FEATKIT_AXE")
    return Path(axe).read_text("utf-8") if axe and Path(axe).is_file() else None


def violations(view, script):
    """Rules of accessibility that a page violates, with up to three places of each."""
    view.evaluate(script)
    return [
        (violation["id"], violation["impact"], node["html"], node.get("failureSummary"))
        for violation in view.evaluate("axe.run().then((found) => found.violations)")
        for node in violation["nodes"][:3]
    ]
