"""The catalogue agrees with the code, and every family has a cost."""

import itertools
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from progress_steps import into

from featkit.cli._main import main
from featkit.features import catalogue, costs
from featkit.features.costs import Costs, cost_text
from featkit.features.family import FAMILIES

UNMEASURED = [] if find_spec("onnx") and find_spec("onnxruntime") else ["embedding"]
"""Families whose optional packages are not installed."""

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


@pytest.fixture
def quick(monkeypatch):
    """Measure a short clip once."""
    monkeypatch.setattr(costs, "SECONDS", 1.0)
    monkeypatch.setattr(costs, "TURNS", 1)
    monkeypatch.setattr(costs, "BUDGET", 0)


def test_the_page_is_up_to_date():
    """Except for the measured costs and the machine."""
    text = PAGE.read_text("utf-8")
    costs = re.findall(r"^## (\w+)\n\nCost: ([\d.]+) ms;", text, flags=re.MULTILINE)
    shared = re.search(r"which cost ([\d.]+) ms", text)[1]
    machine = re.search(r"Measured on: (.+)\.$", text, flags=re.MULTILINE)[1]
    measured = Costs(shared=float(shared), families={name: float(ms) for name, ms in costs})
    assert list(measured.families) == list(FAMILIES), "run: featkit features --catalogue"
    assert text == catalogue.page(measured, machine), "run: featkit features --catalogue"


def test_the_page_lists_every_descriptor_once_with_its_documentation():
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    names = [d.name for family in FAMILIES.values() for d in family.default_descriptors]
    assert [name for name, _ in rows] == names
    for name, row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]
        assert len(cells) == len(catalogue.HEADER) - 1, name
        assert all(cells[1:]), name


def test_every_family_has_a_cost(quick):
    reports = []
    measured = costs.measure(into(reports))
    assert list(measured.families) == list(FAMILIES)
    assert measured.shared > 0
    assert all(cost >= 0 or name in UNMEASURED for name, cost in measured.families.items())
    assert [name for *_, name in reports] == [*FAMILIES, ""]
    assert reports[-1][0] == reports[-1][1] == len(FAMILIES)


def test_a_cost_is_the_median_over_disturbed_rounds(monkeypatch):
    """One of two times is longer, or the machine is slower for a while; most rounds agree."""
    normal, slower = [0.007, 0.009], [0.014, 0.016]
    rounds = [normal, [0.030, 0.009], slower, [0.007, 0.050], slower]
    seconds = itertools.chain.from_iterable(rounds)
    monkeypatch.setattr(costs, "FAMILIES", {"rms": FAMILIES["rms"]})
    monkeypatch.setattr(costs, "TURNS", 5)
    monkeypatch.setattr(costs, "BUDGET", 0)
    monkeypatch.setattr(costs, "_seconds", lambda y, features: next(seconds))
    measured = costs.measure()
    assert measured.families["rms"] == pytest.approx(2.0)
    assert measured.shared == pytest.approx(7.0)


def test_a_family_without_its_optional_package_has_no_cost(quick, monkeypatch):
    families = {name: FAMILIES[name] for name in ("constant_q", "rms")}
    monkeypatch.setitem(sys.modules, "librosa", None)
    monkeypatch.setattr(costs, "FAMILIES", families)
    measured = costs.measure()
    assert np.isnan(measured.families["constant_q"])
    assert measured.families["rms"] >= 0
    assert cost_text(measured.families["constant_q"]) == "?"


def test_the_command_lists_the_costs(quick):
    done = CliRunner().invoke(main, ["features", "--cost", "--quiet"])
    assert done.exit_code == 0
    assert done.stderr == ""
    header, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert header == ["family", "ms for 1 s"]
    assert [name for name, _ in rows] == ["(shared spectra)", *FAMILIES]
    assert all(name in UNMEASURED or float(cost) >= 0 for name, cost in rows)


def test_the_command_writes_the_page(monkeypatch):
    measured = Costs(shared=8.0, families=dict.fromkeys(FAMILIES, 1.5))
    monkeypatch.setattr(costs, "measure", lambda report: measured)
    done = CliRunner().invoke(main, ["features", "--catalogue"])
    assert done.stdout == catalogue.page(measured, catalogue.this_machine())


@pytest.mark.parametrize("words", [["genre75", "--cost"], ["--cost", "--catalogue"]])
def test_contradictory_options_are_refused(words):
    done = CliRunner().invoke(main, ["features", *words])
    assert done.exit_code == 2
    assert "give only one of" in done.stderr


def test_markup_in_a_definition_is_escaped():
    # No definition has all of these characters, so that the page itself cannot show it.
    assert catalogue._escaped("mean |c| < a*b") == r"mean \|c\| \< a\*b"
