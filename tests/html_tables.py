"""Texts and tables of an HTML page, for tests."""

import re
from html import unescape
from html.parser import HTMLParser

VOID = {"wbr", "br", "img", "col", "meta", "link"}


class _Reader(HTMLParser):
    """Collects caption and cells of each table."""

    def __init__(self):
        super().__init__()
        self.tables, self.section, self.open = [], "", []

    def handle_starttag(self, tag, attributes):
        if tag in VOID:
            return
        self.open.append(tag)
        attributes = dict(attributes)
        if tag == "section":
            self.section = attributes["id"]
        elif tag == "table":
            self.tables.append({"section": self.section, "caption": "", "rows": []})
        elif tag == "tr":
            self.tables[-1]["rows"].append([])
        elif tag in ("td", "th"):
            self.tables[-1]["rows"][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "svg" in self.open or "table" not in self.open:
            return
        if "caption" in self.open:
            self.tables[-1]["caption"] += data
        elif {"td", "th"} & {*self.open}:
            self.tables[-1]["rows"][-1][-1] += data


def text_of(html):
    """The visible text of a page."""
    text = re.sub(r"<(script|style|title)\b.*?</\1>|<wbr>", "", html, flags=re.S)
    return squeezed(unescape(re.sub(r"<[^>]*>", " ", text)))


def tables_of(html):
    """Section, caption and rows of each table; every element must be closed in order."""
    reader = _Reader()
    reader.feed(re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.S))
    reader.close()
    assert reader.open == []
    return [
        {
            "section": table["section"],
            "caption": squeezed(table["caption"]),
            "rows": [[squeezed(cell) for cell in row] for row in table["rows"]],
        }
        for table in reader.tables
    ]


def squeezed(text):
    return " ".join(text.split())


def table_of(html, caption):
    """Rows of the first table whose caption starts like this, without the head."""
    matches = [table for table in tables_of(html) if table["caption"].startswith(caption)]
    assert matches, f"no table {caption!r}"
    return matches[0]["rows"][1:]
