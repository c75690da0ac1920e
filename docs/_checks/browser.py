"""Open pages of each kind in Chromium: accessibility, width, requests, search.

``FEATKIT_AXE`` names the ``axe.min.js`` of axe-core, ``FEATKIT_CHROMIUM`` the browser if it is not
on the path. ``python docs/_checks/browser.py [FOLDER]`` also writes a screenshot of each view to
the folder. The exit status is 1 if a page has a fault. Without browser or axe-core, no page is
opened: this is an error where the variable ``CI`` is set.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HTML = Path(__file__).parent.parent / "_build" / "html"

KINDS = {
    "index.html": "start",
    "train.html": "guide",
    "comparison.html": "guide with tables",
    "faq.html": "guide with many headings",
    "tutorials/*.html": "tutorial",
    "gallery.html": "gallery",
    "features.html": "list of descriptors",
    "reference/descriptors/*.html": "descriptor",
    "reference/api/index.html": "index of the API",
    "reference/api/functions/train.html": "function",
    "reference/api/classes/Model.html": "class",
    "reference/api/modules/featkit.testing.html": "module",
    "reference/commands.html": "command line",
    "project/contributing.html": "document of the repository",
    "search.html?q=mfcc": "search",
}
"""Pages, or patterns of which the first and the last file count, and their kind."""

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

SCROLLS = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return [];
  const out = [...document.querySelectorAll('body *')].filter(
    (e) => e.getBoundingClientRect().right > innerWidth + 1);
  return [`the page is ${wide} px too wide, at: ` +
    out.slice(0, 3).map((e) => e.outerHTML.slice(0, 100)).join(' | ')];
}"""

AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'], preload: false });
  return violations.map((v) => `${v.id}: ${v.help}, at: ` +
    v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + (n.failureSummary || '')).join(' | '));
}"""


def sample() -> list[str]:
    """Return the pages that are opened, as paths below the site.

    Raises
    ------
    SystemExit
        If the site has no page of a kind.
    """
    pages = []
    for pattern, kind in KINDS.items():
        name, _, query = pattern.partition("?")
        files = sorted(HTML.glob(name))
        if not files:
            raise SystemExit(f"the site has no page of the kind {kind!r}: {pattern}")
        for file in dict.fromkeys((files[0], files[-1])):
            page = file.relative_to(HTML).as_posix()
            pages.append(f"{page}?{query}" if query else page)
    return pages


def faults_of(view: Page, page: str, axe: str) -> Iterator[str]:
    """Open a page, and yield its faults."""
    noted: list[str] = []
    view.on(
        "console", lambda message: noted.append(message.text) if message.type == "error" else None
    )
    view.on("pageerror", lambda error: noted.append(str(error)))
    view.on(
        "request", lambda r: None if r.url.startswith(("data:", "file:")) else noted.append(r.url)
    )
    view.goto(f"{HTML.as_uri()}/{page}")
    view.wait_for_load_state("load")
    if page.startswith("search.html"):
        view.wait_for_selector("#search-results ul.search li", timeout=20_000)
    yield from view.evaluate(SCROLLS)
    view.evaluate(axe)
    yield from view.evaluate(AXE)
    yield from noted


def check(browser: Browser, axe: str, pictures: Path | None) -> int:
    """Check all pages in all views; print the faults, and return their number."""
    n_faults = 0
    for page, width, scheme in product(sample(), WIDTHS, SCHEMES):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        view = context.new_page()
        for fault in faults_of(view, page, axe):
            n_faults += 1
            print(f"{page}, {width} px, {scheme}: {fault}")
        if pictures is not None:
            name = f"{page.partition('?')[0].replace('/', '-')}-{width}-{scheme}.png"
            view.screenshot(path=pictures / name)
        context.close()
    return n_faults


def main() -> int:
    """Open the browser; return the exit status."""
    chromium = os.environ.get("FEATKIT_CHROMIUM") or shutil.which("chromium")
    script = os.environ.get("FEATKIT_AXE")
    if not chromium or not script:
        lacking = "FEATKIT_AXE, the axe.min.js of axe-core" if chromium else "chromium on the path"
        print(f"NOT CHECKED: no page was opened in a browser, for lack of {lacking}")
        return int(bool(os.environ.get("CI")))
    pictures = Path(sys.argv[1]) if sys.argv[1:] else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        n_faults = check(browser, Path(script).read_text("utf-8"), pictures)
        browser.close()
    n_views = len(sample()) * len(WIDTHS) * len(SCHEMES)
    print(f"{n_views} views of {len(sample())} pages opened, {n_faults} faults")
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main())
