"""The parameter `progress` of public functions: callbacks, bars in notebooks, and lines."""

import importlib
import inspect
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit._utils import progress_display
from featkit._utils.progress import Activity, in_notebook, reporting
from featkit.errors import ParameterError

MODULES = ["featkit", "featkit.explanation"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves forward."""
    own = SimpleNamespace(now=100.0)
    monkeypatch.setattr("time.monotonic", lambda: own.now)
    return own


@pytest.fixture
def outputs(monkeypatch):
    """The successive contents of the outputs that a notebook shows."""
    shown = []

    def display(data, raw, display_id):
        assert raw
        assert display_id
        shown.append([data])
        return SimpleNamespace(update=lambda new, raw: shown[-1].append(new))

    shell = SimpleNamespace(kernel=object())
    ipython = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    return shown


def run(progress, clock, steps=4, seconds=1.0):
    with reporting(progress) as report:
        work = Activity("training <b>", "fits", report)
        for done in range(steps + 1):
            work.report(done, steps, "step")
            clock.now += seconds


def test_a_notebook_shows_a_bar_after_a_second_and_empties_it(outputs, clock):
    assert in_notebook()
    run(None, clock)
    (output,) = outputs
    assert output[-1] == {"text/html": "", "text/plain": ""}
    *_, last = output[:-1]
    assert 'value="4" max="4"' in last["text/html"]
    assert "training &lt;b&gt;" in last["text/html"]
    assert "<b>" not in last["text/html"]
    assert last["text/plain"] == "training <b>: 4 of 4 fits, step"


def test_a_short_call_shows_nothing_unless_a_bar_is_wanted(outputs, clock):
    run(None, clock, seconds=0.1)
    assert outputs == []
    run(True, clock, seconds=0.1)
    assert len(outputs) == 1


def test_false_and_calls_within_other_calls_show_nothing(outputs, clock):
    run(False, clock)
    with reporting(False):
        run(None, clock)
    seen = []
    with reporting(seen.append):
        run(None, clock)
    assert outputs == seen == []


def test_updates_are_not_sent_more_often_than_a_person_sees(outputs, clock):
    run(True, clock, steps=100, seconds=0.01)
    assert len(outputs[0]) <= 1 / progress_display.SECONDS_BETWEEN_FRAMES + 3


def test_without_a_terminal_true_prints_lines(clock, capsys):
    run(True, clock, steps=12)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "training <b>: 5 of 12 fits, step, about 7 s left"
    assert lines[-1] == "training <b>: 12 of 12 fits, step"


def test_outside_of_a_notebook_nothing_is_shown_by_default(clock, capsys):
    run(None, clock, steps=12)
    assert capsys.readouterr() == ("", "")


def test_other_values_are_refused():
    with pytest.raises(ParameterError, match="progress must be a function"), reporting("bar"):
        pass


def public_functions():
    for name in MODULES:
        module = importlib.import_module(name)
        for own in dir(module):
            value = getattr(module, own)
            if inspect.isfunction(value):
                yield f"{name}.{own}", inspect.signature(value)
    for own in ("predict", "extract"):
        yield f"Model.{own}", inspect.signature(getattr(featkit.Model, own))


def test_all_public_functions_have_one_default_of_workers_and_of_progress():
    functions = dict(public_functions())
    workers = {n: s.parameters["n_jobs"] for n, s in functions.items() if "n_jobs" in s.parameters}
    bars = {n: s.parameters["progress"] for n, s in functions.items() if "progress" in s.parameters}
    assert {"featkit.extract", "featkit.train", "featkit.explain", "Model.predict"} <= {*workers}
    assert {"featkit.merge", "featkit.audit", "featkit.evaluate"} <= {*bars}
    assert {parameter.default for parameter in workers.values()} == {1}
    assert {parameter.default for parameter in bars.values()} == {None}
    assert not [n for n, s in functions.items() if {*s.parameters} & {"file_progress", "report"}]


def test_every_function_reports_the_same_type(tmp_path):
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(24, 2)), columns=["a", "b"])
    data = data.assign(label=["x", "y"] * 12)
    seen = []
    model = featkit.train(data, model="logistic", folds=2, progress=seen.append).model
    featkit.explain(model, data, progress=seen.append)
    featkit.evaluate(model, data, progress=seen.append)
    featkit.audit(data, checks=["exact_copies"], progress=seen.append)
    featkit.write_report(tmp_path / "r.html", model=model, progress=seen.append)
    assert {type(own) for own in seen} == {featkit.Progress}
    names = {"training", "fitting", "explaining", "evaluating", "checking"} | {"writing the report"}
    assert {own.activity for own in seen} == names
    assert all(0 <= own.done <= own.total and own.elapsed >= 0 for own in seen)
