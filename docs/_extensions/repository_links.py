"""Links of Markdown pages to files of the repository.

The pages are also read on a code host, where `../examples/audit.py` is a file. On the site, a link
to a file that has a page goes to this page; a link to another file goes to the repository.
"""

import posixpath
import re
from typing import Any

from sphinx.application import Sphinx

REPOSITORY = "https://github.com/featkit/featkit"

PAGES = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "README.md": "project/readme.md",
    "SECURITY.md": "project/security.md",
    "benchmarks/README.md": "project/benchmark-details.md",
}
"""Files outside `docs` that have a page of the site, and this page in `docs`."""

LINK = re.compile(r"(?P<mark>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")


def site_target(file: str, anchor: str, page: str, *, image: bool) -> str:
    """Return the target on the site of a link to a file.

    Parameters
    ----------
    file : str
        The file, as a path in the repository.
    anchor : str
        ``"#heading"``, or "".
    page : str
        The page with the link, as a path in `docs`.
    image : bool
        If true, the file is shown as a picture, and is copied to the site.
    """
    here = posixpath.dirname(f"docs/{page}")
    if file in PAGES:
        return posixpath.relpath(f"docs/{PAGES[file]}", here) + anchor
    if file.startswith("docs/") or image:
        return posixpath.relpath(file, here) + anchor
    return f"{REPOSITORY}/blob/main/{file}{anchor}"


def site_links(text: str, source: str, page: str) -> str:
    """Return Markdown whose relative links are those of the site.

    Parameters
    ----------
    text : str
        The Markdown.
    source : str
        The file that contains it, as a path in the repository: links are relative to it.
    page : str
        The page of the site, as a path in `docs`.
    """

    def replace(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if re.match(r"[a-z]+:", target):
            return match[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        target = site_target(file, anchor, page, image=bool(match["mark"]))
        return f"{match['mark']}[{match['text']}]({target})"

    return LINK.sub(replace, text)


def read_page(app: Sphinx, name: str, text: list[str]) -> None:
    """Rewrite the links of a page of `docs`; generated pages have those of the site."""
    if name.partition("/")[0] not in ("project", "reference"):
        text[0] = site_links(text[0], f"docs/{name}.md", f"{name}.md")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the rewriting."""
    app.connect("source-read", read_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
