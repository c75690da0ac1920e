"""The catalogue says what the code says, and the costs are of all families."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from featkit.cli._main import main
from featkit.features import catalogue, costs
from featkit.features.costs import Costs, cost_text
from featkit.features.family import families

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


@pytest.fixture
def quick(monkeypatch):
    """Measures a short clip once."""
    monkeypatch.setattr(costs, "SECONDS", 1.0)
    monkeypatch.setattr(costs, "TURNS", 1)
    monkeypatch.setattr(costs, "BUDGET", 0)


def test_the_page_is_the_one_that_the_code_gives():
    """All but the numbers that were measured, and on what."""
    text = PAGE.read_text("utf-8")
    found = re.findall(r"^## (\w+)\n\nCost: ([\d.]+) ms;", text, flags=re.MULTILINE)
    shared = re.search(r"which costs ([\d.]+) ms", text)[1]
    machine = re.search(r"Measured on: (.+)\.$", text, flags=re.MULTILINE)[1]
    measured = Costs(shared=float(shared), families={name: float(ms) for name, ms in found})
    assert list(measured.families) == list(families()), "run: featkit features --catalogue"
    assert text == catalogue.page(measured, machine), "run: featkit features --catalogue"


def test_every_descriptor_stands_on_the_page_once_with_all_that_is_known_of_it():
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    known = [d for each in families().values() for d in each.descriptors(each.parameters())]
    assert [name for name, _ in rows] == [d.name for d in known]
    for name, row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]
        assert len(cells) == len(catalogue.HEADER) - 1, name
        assert all(cells[1:]), name


def test_every_family_has_a_cost(quick):
    told = []
    measured = costs.measure(lambda done, total, name: told.append((done, total, name)))
    assert list(measured.families) == list(families())
    assert measured.shared > 0
    assert all(cost >= 0 for cost in measured.families.values())
    assert [name for *_, name in told] == [*families(), ""]
    assert told[-1][0] == told[-1][1] == len(families())


def test_a_cost_is_told_by_rounds_that_nothing_disturbed(monkeypatch):
    """A spike in one of two times, a machine that is slower for a while: the most rounds agree."""
    calm, slower = [0.007, 0.009], [0.014, 0.016]
    rounds = iter([calm, [0.030, 0.009], slower, [0.007, 0.050], slower])
    seconds = (each for pair in rounds for each in pair)
    monkeypatch.setattr(costs, "families", lambda: {"rms": families()["rms"]})
    monkeypatch.setattr(costs, "TURNS", 5)
    monkeypatch.setattr(costs, "BUDGET", 0)
    monkeypatch.setattr(costs, "_seconds", lambda y, features: next(seconds))
    measured = costs.measure()
    assert measured.families["rms"] == pytest.approx(2.0)
    assert measured.shared == pytest.approx(7.0)


def test_a_family_that_needs_what_is_not_there_has_no_cost(quick, monkeypatch):
    chosen = {name: families()[name] for name in ("constant_q", "rms")}
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setattr(costs, "families", lambda: chosen)
    measured = costs.measure()
    assert np.isnan(measured.families["constant_q"])
    assert measured.families["rms"] >= 0
    assert cost_text(measured.families["constant_q"]) == "?"


def test_the_command_measures_and_lists_them(quick):
    done = CliRunner().invoke(main, ["features", "--cost", "--quiet"])
    assert done.exit_code == 0
    assert done.stderr == ""
    header, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert header == ["family", "ms for 1 s"]
    assert [name for name, _ in rows] == ["(what spectra share)", *families()]
    assert all(float(cost) >= 0 for _, cost in rows)


def test_the_command_writes_the_page(monkeypatch):
    measured = Costs(shared=8.0, families=dict.fromkeys(families(), 1.5))
    monkeypatch.setattr(costs, "measure", lambda report: measured)
    done = CliRunner().invoke(main, ["features", "--catalogue"])
    assert done.stdout == catalogue.page(measured, catalogue.this_machine())


@pytest.mark.parametrize("words", [["genre75", "--cost"], ["--cost", "--catalogue"]])
def test_one_thing_is_asked_at_a_time(words):
    done = CliRunner().invoke(main, ["features", *words])
    assert done.exit_code == 2
    assert "one of them" in done.stderr


def test_markdown_sees_no_markup_in_a_definition():
    assert catalogue._escaped("mean |c| < a*b") == r"mean \|c\| \< a\*b"
