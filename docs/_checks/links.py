"""Check the links of the built site: files, anchors, and the form of addresses elsewhere.

Sphinx checks the links of Markdown; this also checks those in generated pages, in navigation and in
images. Nothing is fetched. The exit status is 1 if a link is broken.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HTML = Path(__file__).parent.parent / "_build" / "html"


class Links(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the targets and the identifiers of an element."""
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.links.add(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


def parsed(file: Path) -> Links:
    """Return the links and anchors of a page."""
    links = Links()
    links.feed(file.read_text("utf-8"))
    return links


def fault_of(link: str, file: Path, pages: dict[Path, Links]) -> str | None:
    """Return what is wrong with a link of a page, or None."""
    parts = urlsplit(link)
    if parts.scheme in ("http", "https"):
        return None if "." in parts.netloc and " " not in link else "no address"
    if parts.scheme in ("data", "mailto", "javascript"):
        return None
    if parts.scheme:
        return f"unknown protocol {parts.scheme!r}"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.exists():
        return "no such file"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "no such anchor"
    return None


def main() -> int:
    """Check all pages; return the exit status."""
    files = sorted(path.resolve() for path in HTML.rglob("*.html"))
    pages = {file: parsed(file) for file in files if "_static" not in file.parts}
    n_links, outside, n_faults = 0, set(), 0
    for file, page in pages.items():
        for link in sorted(page.links):
            n_links += 1
            if link.startswith(("http:", "https:")):
                outside.add(link)
            if (fault := fault_of(link, file, pages)) is not None:
                n_faults += 1
                print(f"{file.relative_to(HTML.resolve())}: {link}: {fault}")
    print(f"{n_links} links of {len(pages)} pages, {n_faults} broken;", end=" ")
    print(f"{len(outside)} addresses elsewhere have the right form, and were not fetched")
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main())
