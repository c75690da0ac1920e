"""Turn a tutorial into a notebook or a script: ``python as_notebook.py get-started.md -o FOLDER``.

A tutorial is a Markdown page with blocks of ``{code-cell}``. The notebook can be opened in Jupyter,
and the script with ``ipython``; both need ``made_data.py`` beside them.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

CELL = re.compile(
    r"^```\{code-cell\} ipython3\n(?:---\n.*?\n---\n|(?::[^\n]*\n)*)(?P<code>.*?)^```\n",
    re.DOTALL | re.MULTILINE,
)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


class Cell(NamedTuple):
    """A part of a page: ``kind`` is ``"code"`` or ``"markdown"``."""

    kind: str
    text: str


def cells(page: str) -> list[Cell]:
    """Split the text of a page into its cells, in their order."""
    body = FRONT_MATTER.sub("", page)
    parts, end = [], 0
    for match in CELL.finditer(body):
        parts += [Cell("markdown", body[end : match.start()]), Cell("code", match["code"])]
        end = match.end()
    parts.append(Cell("markdown", body[end:]))
    return [Cell(kind, text.strip("\n")) for kind, text in parts if text.strip()]


def notebook(page: str) -> dict[str, Any]:
    """The notebook of a page, without outputs."""
    return {
        "cells": [_notebook_cell(place, cell) for place, cell in enumerate(cells(page))],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _notebook_cell(place: int, cell: Cell) -> dict[str, Any]:
    content = {
        "cell_type": cell.kind,
        "id": f"cell-{place}",
        "metadata": {},
        "source": cell.text.splitlines(keepends=True),
    }
    return content | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def script(page: str) -> str:
    """The code of a page for IPython, with its text as comments."""
    parts = []
    for cell in cells(page):
        if cell.kind == "code":
            parts.append(f"# %%\n{_ipython_code(cell.text)}")
        else:
            comment = "\n".join(f"# {line}".rstrip() for line in cell.text.splitlines())
            parts.append(f"# %% [markdown]\n{comment}")
    return "\n\n".join(parts) + "\n"


def _ipython_code(code: str) -> str:
    """The same code; in a script, a cell of shell commands is a call."""
    if not code.startswith("%%"):
        return code
    magic, _, body = code.partition("\n")
    name, _, line = magic.removeprefix("%%").partition(" ")
    return f"get_ipython().run_cell_magic({name!r}, {line!r}, {body!r})"


def main() -> None:
    """Write the notebook and the script of each page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path())
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for page in options.pages:
        text = page.read_text("utf-8")
        target = options.output / page.stem
        content = json.dumps(notebook(text), indent=1, ensure_ascii=False)
        target.with_suffix(".ipynb").write_text(content + "\n", "utf-8")
        target.with_suffix(".py").write_text(script(text), "utf-8")


if __name__ == "__main__":
    main()
