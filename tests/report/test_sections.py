"""The data and texts of single sections."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from learning import tones
from reporting import made, plain_text

import featkit
from featkit.errors import ParameterError
from featkit.explanation import explain
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict
from featkit.report._context import Context
from featkit.report.page import page
from featkit.report.sections import recordings
from featkit.schema import QUALITY_COLUMNS
from featkit.table.feature_table import FeatureTable


def test_columns_without_descriptions_have_no_groupings():
    data = tones(rows=60)
    model = featkit.train(data, model="logistic", folds=3).model
    text = page(model=model, explanation=explain(model, data), table=FeatureTable.of(data))
    assert "value of the clip" not in text
    assert "Importance of families" not in text
    assert ">Columns</h3>" not in text
    assert 'class="term"' not in text


def test_few_rows_make_no_ranking():
    model = featkit.train(tones(rows=60), model="logistic", folds=3).model
    for rows, lead in ((1, "1 row is too few"), (6, "6 rows are too few")):
        few = FeatureTable.of(tones(rows=rows, seed=5))
        text = plain_text(page(model=model, explanation=explain(model, few), table=few))
        assert f"{lead} for a ranking of columns" in text
    assert "Importance over all classes" not in text
    assert "The least confident predictions" in text


def test_single_recordings_are_different_recordings():
    model, explanation, _ = made(rows=40)
    paths = np.array([f"{k // 4}.wav" for k in range(40)])
    explanation = replace(explanation, keys={**explanation.keys, "path": paths})
    groups = recordings.build(Context(model, explanation)).groups
    shown = [scored.name.split(",")[0] for _, rows in groups for scored in rows]
    assert len(shown) == len(set(shown)) > 6


@pytest.mark.parametrize(("columns", "shown"), [(29, False), (30, True)])
def test_the_agreement_of_folds_is_shown_for_many_columns(columns, shown):
    model, explanation, table = made(number=columns)
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert ("Of the 10 most important columns" in text) == shown
    assert ("on average over 5 folds" in text) == shown


def test_the_most_confident_rows_are_of_different_classes():
    model, explanation, _ = made(rows=40)
    confidence = 0.9 - 0.01 * np.argsort(np.argsort(explanation.y, kind="stable"), kind="stable")
    P = np.where(explanation.y[:, None] == np.array(list("abc")), confidence[:, None], 0.0)
    explanation = replace(explanation, probabilities=P)
    explanation = replace(explanation, y=np.array(list("abc"))[P.argmax(axis=1)])
    (_, right), (_, least) = recordings.build(Context(model, explanation)).groups
    assert [row.prediction.predicted for row in right] == ["a", "b", "c"]
    assert [row.prediction.predicted for row in least] == ["c", "c", "c"]
    none = replace(explanation, y=None)
    assert [
        row.prediction.predicted for row in recordings.build(Context(model, none)).groups[0][1]
    ] == ["a", "b", "c"]


def test_undefined_scores_are_dashes():
    model, _, _ = made()
    scores = json.loads(json.dumps(model.scores))
    scores["per_class"][0] |= {"recall": None, "precision": float("nan"), "f1": None}
    for scored in (*scores["models"].values(), scores["recordings"]):
        scored["accuracy"]["std"] = None
    scores["confusion"][1] = [1, 298, 1]
    text = page(model=replace(model, evaluation=from_dict(Evaluation, scores)))
    assert text.count('<td class="number">–</td>') == 3
    accuracy, rest = text.split("<caption>Balanced accuracy")
    assert "folds ±" not in accuracy
    assert "folds ±" in rest
    shares = text.split('id="shares"')[1]
    assert ">&lt;1</td>" in shares
    assert ">&gt;99</td>" in shares


def test_commands_contain_the_options_of_the_extraction():
    model, explanation, table = made()
    provenance = {
        "feature_set": {"name": "mine", "version": 0, "sample_rate": "native"},
        "corpus": {
            "labels": "folder",
            "name_pattern": "{a}-{b}",
            "manifest": None,
            "where": {"subset": ["small", "it's"]},
        },
        "excerpt": {"offset": 0.0, "segment": 3.0, "segment_tail": "drop"},
        "columns": model.provenance["columns"],
    }
    text = page(model=replace(model, provenance=provenance), explanation=explanation, table=table)
    command = re.search(r"featkit extract.*", text)[0].replace("&#39;", "'")
    assert command == (
        "featkit extract RECORDINGS --features FEATURES.json --labels folder"
        " --name-pattern '{a}-{b}' --where 'subset=small,it'\"'\"'s' --segment 3.0 -o TABLE.parquet"
    ).replace('"', "&#34;")
    assert "is the feature set below" in text


def test_the_feature_set_of_a_page_can_be_read(tmp_path):
    chosen = featkit.feature_set({"features": [{"family": "tempo"}], "name": "mine"})
    (tmp_path / "FEATURES.json").write_text(json.dumps(chosen.as_dict(), indent=2))
    assert featkit.feature_set(tmp_path / "FEATURES.json").fingerprint == chosen.fingerprint
    for text in ("[1]", "{", "3"):
        (tmp_path / "wrong.json").write_text(text)
        with pytest.raises(ParameterError, match=r"wrong\.json"):
            featkit.feature_set(tmp_path / "wrong.json")


def test_quality_flags_are_counted():
    model, explanation, table = made(rows=40)
    values = {"float64": 0.0, "int64": 1, "bool": False, "str": "MP3"}
    quality = {column.name: np.full(40, values[column.dtype]) for column in QUALITY_COLUMNS}
    table = replace(table, quality=quality)
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "no flags (silent, clipped, short" in text
    quality["quality_clipped"][:3] = True
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "clipped in 3 rows" in text


def test_recording_conditions_are_summarised():
    model, explanation, table = made(rows=40)
    quality = {
        "quality_level": np.array([-30.06, np.nan, *[-12.5] * 38]),
        "quality_bandwidth": np.array([8000.0, np.nan, *[8000.0] * 38]),
        "quality_format": np.array(["MP3", "", *["FLAC PCM_16"] * 38], dtype=object),
    }
    text = plain_text(
        page(model=model, explanation=explanation, table=replace(table, quality=quality))
    )
    assert "<dt>Level</dt><dd>−30.1 to −12.5 dBFS</dd>" in text
    assert "<dt>Bandwidth</dt><dd>8.0 kHz</dd>" in text
    assert "<dd>FLAC PCM_16: 38 rows, MP3: 1 row; missing in 1 row</dd>" in text
    assert "<dt>Quality</dt>" not in text
    unknown = {name: np.full(40, "" if name.endswith("format") else np.nan) for name in quality}
    for known in ({}, unknown):
        lacking = replace(table, quality={"quality_silent": np.full(40, False), **known})
        text = plain_text(page(model=model, explanation=explanation, table=lacking))
        assert "dBFS" not in text
