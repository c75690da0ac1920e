"""The catalogue of checks and defects agrees with the code."""

import re
from pathlib import Path

from click.testing import CliRunner

from featkit.auditing import catalogue
from featkit.auditing.check import CHECKS
from featkit.auditing.defect import DEFECTS
from featkit.auditing.issue_table import COLUMNS
from featkit.cli._main import main

DOCS = Path(__file__).parents[2] / "docs"


def rows(title):
    """The rows of a table of the page, by the name in the first column."""
    section = (DOCS / "audit-checks.md").read_text("utf-8").split(f"## {title}\n")[1]
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", section.split("\n## ")[0], flags=re.MULTILINE)
    return {name: [cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for name, row in lines}


def test_the_page_is_up_to_date():
    text = (DOCS / "audit-checks.md").read_text("utf-8")
    assert text == catalogue.page(), "run: featkit audit --catalogue > docs/audit-checks.md"


def test_the_page_describes_every_check_defect_and_column():
    assert list(rows("Checks")) == sorted(CHECKS, key=lambda name: (CHECKS[name].order, name))
    assert set(rows("Defects")) == set(DEFECTS)
    assert list(rows("Columns")) == list(COLUMNS)
    assert all(all(row) for title in ("Checks", "Defects") for row in rows(title).values())
    assert {len(row) for row in rows("Defects").values()} == {4}


def test_the_command_prints_the_page_without_an_input():
    result = CliRunner().invoke(main, ["audit", "--catalogue"])
    assert (result.exit_code, result.stdout) == (0, catalogue.page())


def test_the_guide_describes_every_check_and_defect():
    text = (DOCS / "audit.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert set(CHECKS) <= named
    assert set(DEFECTS) <= named
