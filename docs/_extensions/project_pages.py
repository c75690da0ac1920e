"""Pages of documents outside `docs`: the changelog, the guide for contributors, benchmarks."""

from pathlib import Path
from typing import Any

from generated import write
from repository_links import PAGES, site_links
from sphinx.application import Sphinx


def write_project_pages(app: Sphinx) -> None:
    """Write a page for each document, with the links of the site."""
    docs = Path(app.srcdir)
    for source, page in PAGES.items():
        text = (docs.parent / source).read_text("utf-8")
        write(docs / page, site_links(text, source, page))


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before the build looks for them."""
    app.connect("builder-inited", write_project_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
