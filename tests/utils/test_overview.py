"""Short `repr` of results, and their cards in notebooks."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit import FeatureTable
from featkit._utils.overview import MAX_BARS, MAX_FACT, Bar, Chart, Overview
from featkit.batch.outcomes import Extraction
from featkit.schema import Failure

EVIL = 'a<script>alert("1")</script>\x1b[31m&'


def data():
    X = np.random.default_rng(0).normal(size=(24, 3)) + (np.arange(24) % 2)[:, None]
    table = pd.DataFrame(X, columns=["a", "b", EVIL])
    paths = [f"{k}{EVIL}.wav" for k in range(24)]
    return table.assign(label=[EVIL, "other"] * 12, path=paths)


@pytest.fixture(scope="module")
def objects():
    result = featkit.train(data(), model="logistic", folds=2)
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    table = FeatureTable({"path": [EVIL, "b"], "label": ["x", ""]}, ["a", "b"], values)
    failures = [Failure(EVIL, "decode", "Error", f"{EVIL} is no sound")]
    extraction = Extraction(failures, 3, 0, 2, 2, 1.0, 0.1, [], {".txt": 2}, lambda: 1 / 0)
    changed = data().assign(a=0.0)
    return {
        "FeatureTable": table,
        "Extraction": extraction,
        "Result": result,
        "Model": result.model,
        "Predictions": result.model.predict(data()),
        "Explanation": featkit.explain(result.model, data()),
        "EvaluationResult": featkit.evaluate(result.model, data()),
        "Audit": featkit.audit(data(), checks=["exact_copies"]),
        "Inspection": featkit.inspect(data()),
        "Difference": featkit.diff(data(), changed),
        "FeatureSet": featkit.feature_set("genre75"),
        "SequenceSet": featkit.sequence_set(["mel"]),
    }


KINDS = [
    "FeatureTable",
    "Extraction",
    "Result",
    "Model",
    "Predictions",
    "Explanation",
    "EvaluationResult",
    "Audit",
    "Inspection",
    "Difference",
    "FeatureSet",
    "SequenceSet",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_repr_is_short_and_names_what_comes_next(objects, kind):
    text = repr(objects[kind])
    lines = text.splitlines()
    assert lines[0].startswith(kind)
    assert lines[-1].startswith("  next: ")
    assert len(lines) <= 12
    assert max(map(len, lines)) <= MAX_FACT + 2
    assert text.replace("\n", "").isprintable()


class Balanced(HTMLParser):
    """Collects tags, and checks that each is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_small_and_safe_html(objects, kind):
    html = objects[kind]._repr_html_()
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert "script" not in parser.tags
    assert "\x1b" not in html
    assert "url(" not in html
    assert len(html) < 20_000
    assert html == objects[kind]._repr_html_()


def test_texts_state_the_numbers(objects):
    table = repr(objects["FeatureTable"])
    assert table.startswith("FeatureTable: 2 rows × 2 features\n")
    assert "missing values: 1 in 1 feature, most in b (1)" in table
    extraction = repr(objects["Extraction"])
    assert extraction.startswith("Extraction: 2 rows × 2 columns of 3 recordings, 1 failed\n")
    result = objects["Result"]
    own = result.evaluation.kept["balanced_accuracy"]
    assert f"balanced accuracy {own.value:.3f} (95 % interval {own.low:.3f}" in repr(result)
    assert "baseline 0.500" in repr(result)
    means = np.abs(objects["Explanation"].values).sum(axis=2).mean(axis=0)
    top = objects["Explanation"].columns[int(np.argmax(means))][:10]
    assert top.split("<")[0] in repr(objects["Explanation"]).split("most important: ")[1]


def test_figures_have_bars_of_the_right_length():
    bars = [Bar("one", 1.0, "1"), Bar("two", 4.0, "4", (2.0, 4.0))]
    html = Overview("x", charts=[Chart("counts", bars)]).html()
    assert re.findall(r'<rect[^>]* width="([\d.]+)"', html) == ["40.0", "160.0"]
    assert 'd="M80.0 6H160.0"' in html
    zoomed = Overview("x", charts=[Chart("scores", bars, is_zoomed=True)]).html()
    x = [float(number) for number in re.findall(r'cx="([\d.]+)"', zoomed)]
    assert 0 < x[0] < x[1] < 160


def test_long_lists_state_the_rest():
    bars = [Bar(f"n{k}", k, str(k)) for k in range(MAX_BARS + 3)]
    assert "and 3 others" in Overview("x", charts=[Chart("counts", bars)]).html()
    empty = Overview("x", charts=[Chart("none", []), Chart("zero", [Bar("a", 0.0, "0")])]).html()
    assert "none" not in empty.split("</style>")[1]
    assert 'width="0.0"' in empty


def test_an_overview_reads_no_file_and_imports_no_plots(tmp_path):
    code = """
import sys, numpy as np
from featkit import FeatureTable, feature_set
table = FeatureTable({"path": ["a"]}, ["x"], np.ones((1, 1)))
assert table._repr_html_() and feature_set("genre75")._repr_html_()
assert not {"matplotlib", "pandas", "sklearn", "shap", "pyarrow"} & {*sys.modules}
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    predictions = featkit.Predictions(10**6, [], [], lambda: 1 / 0)
    assert "1,000,000 rows" in repr(predictions)
