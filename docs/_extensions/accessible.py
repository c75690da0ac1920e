"""What the theme lacks for keyboards and screen readers, added to the finished pages."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ADDITIONS = {
    'role="heading">': 'role="heading" aria-level="2">',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    '<aside class="toc-drawer no-toc">': '<aside class="toc-drawer no-toc" aria-label="Contents">',
    # Wide content scrolls; without a mouse it can only be scrolled if it takes the focus.
    '<div class="highlight"><pre>': '<div class="highlight"><pre tabindex="0">',
    '<div class="table-wrapper ': '<div tabindex="0" class="table-wrapper ',
    '<div class="cell_output ': '<div tabindex="0" class="cell_output ',
    '<div id="search-results"></div>': '<h1>Search</h1><div id="search-results"></div>',
    # An empty corner of a table is no header.
    "<th></th>": "<td></td>",
    '<th class="head"><p></p></th>': "<td></td>",
}
"""Parts of pages, and the parts that replace them."""


def finish(app: Sphinx, error: Exception | None) -> None:
    """Add the attributes to all pages, and copy the sounds that pages play."""
    if error is not None or app.builder.format != "html":
        return
    for file in Path(app.outdir).rglob("*.html"):
        text = file.read_text("utf-8")
        finished = text.replace("<h1>Search</h1>", "")
        for part, addition in ADDITIONS.items():
            finished = finished.replace(part, addition)
        if finished != text:
            file.write_text(finished, "utf-8")
    for sound in Path(app.srcdir, "reference").rglob("*.flac"):
        target = Path(app.outdir) / sound.relative_to(app.srcdir)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sound, target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Finish the pages when they are written."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
