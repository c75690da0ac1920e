"""Pages of something else than a model and its own table: one recording, another table, scores."""

import json
import os
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from learning import copies, tones
from reporting import hostile, made

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.datasets.files import as_text
from featkit.errors import ParameterError, TableError
from featkit.explanation import explain
from featkit.report._held_out import held_out
from featkit.report._recording_page import as_one
from featkit.report._sounds import hear
from featkit.report.page import page, read_scores, recording_page, write_recording, write_report
from featkit.report.sections.recordings import singles
from featkit.schema import COLUMNS
from featkit.table.feature_table import FeatureTable


def plain_text(html):
    """What a reader reads."""
    text = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<wbr>|</?span[^>]*>", "", text).replace("\u00a0", " "))


@pytest.fixture(scope="module")
def cut():
    """A model of segments, and an explanation of three segments of a new recording."""
    data = copies(recordings=20, segments=3)
    data["x0"] += np.where(data["label"] == "jazz", 3.0, -3.0)
    model = featkit.train(data, model="logistic", folds=4).model
    new = data[data["path"] == "song000.wav"].assign(path="new.wav", x0=[1.0, 2.0, 9.0])
    table = FeatureTable.of(new.drop(columns="label"))
    return model, table, explain(model, table)


# One recording


def test_a_recording_is_one_row(cut):
    model, table, explanation = cut
    one = as_one(explanation)
    said = model.predict_table(table)
    assert len(one) == len(said) == 1
    np.testing.assert_allclose(one.probabilities[0], said[["p_jazz", "p_rock"]].to_numpy()[0])
    np.testing.assert_allclose(one.values[0], explanation.values.mean(axis=0))
    assert (float(one.keys["start"][0]), float(one.keys["end"][0])) == (0.0, 9.0)


def test_the_page_of_a_recording(cut):
    model, table, explanation = cut
    said = model.predict_table(table).iloc[0]
    text = plain_text(recording_page(model=model, explanation=explanation))
    assert f"takes it for <strong>{said['predicted']}</strong>" in text
    assert f"probability of {100 * said['probability']:.1f} %" in text
    assert "<h1>new.wav</h1>" in text
    assert "What each part is taken for" in text
    assert "3.0 to 6.0 s" in text
    assert "its 3 parts were put together by their geometric mean" in text
    assert "What weighs most" not in text
    assert "mean |SHAP|" not in text
    first = explanation.mean().values[0, :, model.classes.index("jazz")]
    assert "usual" in text
    assert len(re.findall(r"; usual −?[0-9]", text)) == 8
    assert f"{model.columns[int(np.argmax(np.abs(first)))]}" in text


def test_the_page_of_a_recording_does_as_it_is_told(cut):
    model, _, explanation = cut
    text = plain_text(recording_page(model=model, explanation=explanation, of_class="rock", top=3))
    assert "What spoke for and against rock" in text
    assert "What spoke for and against jazz" not in text
    assert len(re.findall(r"; usual −?[0-9]", text)) == 3
    with pytest.raises(ParameterError, match="blues"):
        recording_page(model=model, explanation=explanation, of_class="blues")


def test_the_page_of_a_recording_can_be_heard(cut, tmp_path):
    model, _, explanation = cut
    soundfile.write(tmp_path / "new.wav", signals.sine(440.0, 22050, 9.0), 22050)
    write_recording(tmp_path / "p.html", model=model, explanation=explanation, sound=tmp_path)
    text = (tmp_path / "p.html").read_text("utf-8")
    assert 'src="data:audio/flac;base64,' in text
    assert 'src="data:image/png;base64,' in text
    (tmp_path / "new.wav").unlink()
    text = recording_page(model=model, explanation=explanation, sound=tmp_path)
    assert "there is no such file below" in text


def test_a_recording_with_a_name_that_would_do_harm(tmp_path):
    model, explanation, _ = hostile(rows=1)
    text = recording_page(model=model, explanation=explanation)
    assert "<script>alert" not in text
    assert "onload=" not in text.replace("&#34; onload=", "")


# A table that the model was not trained on


def test_another_table_has_scores_of_its_own():
    model = featkit.train(tones(rows=60, spread=2.0), model="logistic", folds=3).model
    other = FeatureTable.of(tones(rows=30, seed=5, spread=2.0))
    explanation = explain(model, other)
    scores = held_out(model, explanation)
    right = np.mean(model.predict_table(other)["predicted"] == other.labels)
    assert scores["models"]["logistic"]["accuracy"]["value"] == pytest.approx(right)
    assert scores["models"]["baseline"]["accuracy"]["value"] == pytest.approx(1 / 3)
    assert scores["judged"] == 30
    text = plain_text(page(model=model, explanation=explanation, table=other))
    assert "The table that is explained here" in text
    assert text.count("On the table that it was trained on") == 2
    assert text.count("On rows that it was not trained on") == 2
    assert f"Of 30 recordings, {round(30 * right)} (" in text
    assert "Of 60 recordings," in text


def test_the_files_tell_of_both_tables(tmp_path):
    model = featkit.train(tones(rows=60, spread=2.0), model="logistic", folds=3).model
    other = FeatureTable.of(tones(rows=30, seed=5, spread=2.0))
    explanation = explain(model, other)
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    rows = [pd.read_csv(tmp_path / f"confusion{of}.csv", index_col=0).to_numpy().sum()
            for of in ("", "_here")]  # fmt: skip
    assert rows == [60, 30]
    scores = pd.read_csv(tmp_path / "scores.csv").set_index(["model", "score"])["value"]
    value = model.scores["models"]["logistic"]["accuracy"]["value"]
    assert scores["logistic", "accuracy"] == pytest.approx(value)
    assert len(pd.read_csv(tmp_path / "scores_here.csv")) == 8


def test_a_table_of_both_is_told_apart():
    whole = tones(rows=60, spread=2.0)
    model = featkit.train(whole, model="logistic", folds=3).model
    both = pd.concat([whole, tones(rows=10, seed=5).assign(path="x" + whole["path"][:10])])
    explanation = explain(model, both)
    text = plain_text(page(model=model, explanation=explanation, table=FeatureTable.of(both)))
    assert "60 rows of the one that the model was trained on and 10 others are explained" in text
    assert "Each tick is the mean of a round." in text
    part = whole[:30]
    explanation = explain(model, part)
    text = plain_text(page(model=model, explanation=explanation, table=FeatureTable.of(part)))
    assert "30 rows of the one that the model was trained on and 0 others are explained" in text


def test_what_is_not_known_of_columns_is_not_made_up():
    data = tones(rows=60)
    model = featkit.train(data, model="logistic", folds=3).model
    text = page(model=model, explanation=explain(model, data), table=FeatureTable.of(data))
    assert "value of the clip" not in text
    assert "By family" not in text
    assert "The columns" not in text
    assert 'class="term"' not in text


def test_its_own_table_has_one_score_only():
    data = tones(rows=60)
    model = featkit.train(data, model="logistic", folds=3).model
    explanation = explain(model, data)
    assert held_out(model, explanation) is None
    text = page(model=model, explanation=explanation, table=FeatureTable.of(data))
    assert "On the table that" not in text


def test_segments_of_another_table_are_put_together_and_drawn_by_recording():
    data = copies(recordings=20, segments=3)
    model = featkit.train(data, model="logistic", folds=4).model
    other = copies(recordings=12, segments=3, seed=9)
    scores = held_out(model, explain(model, FeatureTable.of(other)))
    assert scores["groups"] == 12
    assert scores["judged"] == 36
    said = model.predict_table(FeatureTable.of(other)).set_index("path")["predicted"]
    true = other.groupby("path")["label"].first()
    value = scores["recordings"]["accuracy"]["value"]
    assert value == pytest.approx((said[true.index] == true).mean())


def test_rows_of_unknown_class_are_not_judged():
    model = featkit.train(tones(rows=60), model="logistic", folds=3).model
    other = tones(rows=30, seed=5)
    other.loc[0, "label"] = "new"
    scores = held_out(model, explain(model, other))
    assert scores["judged"] == 29
    assert held_out(model, explain(model, other.drop(columns="label"))) is None


def test_few_rows_make_no_ranking():
    model = featkit.train(tones(rows=60), model="logistic", folds=3).model
    for rows, lead in ((1, "1 row tells little"), (6, "6 rows tell little")):
        few = FeatureTable.of(tones(rows=rows, seed=5))
        text = plain_text(page(model=model, explanation=explain(model, few), table=few))
        assert f"{lead} of columns in general" in text
    assert "What weighs most" not in text
    assert "The least confident" in text


def test_single_recordings_are_different_recordings():
    _, explanation, _ = made(rows=40)
    paths = np.array([f"{k // 4}.wav" for k in range(40)])
    explanation = replace(explanation, keys={**explanation.keys, "path": paths})
    groups = singles(explanation, None, None).groups
    shown = [of.name.split(",")[0] for _, rows in groups for of in rows]
    assert len(shown) == len(set(shown)) > 6


@pytest.mark.parametrize(("columns", "said"), [(29, False), (30, True)])
def test_how_far_rounds_agree_is_said_where_leading_is_something(columns, said):
    model, explanation, table = made(number=columns)
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert ("Of the 10 columns that lead overall" in text) == said
    assert ("in each of the 5 rounds" in text) == said


def test_the_surest_are_of_different_classes():
    _, explanation, _ = made(rows=40)
    sure = 0.9 - 0.01 * np.argsort(np.argsort(explanation.y, kind="stable"), kind="stable")
    P = np.where(explanation.y[:, None] == np.array(list("abc")), sure[:, None], 0.0)
    explanation = replace(explanation, probabilities=P)
    explanation = replace(explanation, y=np.array(list("abc"))[P.argmax(axis=1)])
    (_, right), (_, least) = singles(explanation, None, None).groups
    assert [of.said for of in right] == ["a", "b", "c"]
    assert [of.said for of in least] == ["c", "c", "c"]
    none = replace(explanation, y=None)
    assert [of.said for of in singles(none, None, None).groups[0][1]] == ["a", "b", "c"]


def test_scores_that_there_are_none_of_are_no_numbers():
    model, _, _ = made()
    scores = json.loads(json.dumps(model.scores))
    scores["per_class"][0] |= {"recall": None, "precision": float("nan"), "f1": None}
    for of in (*scores["models"].values(), scores["recordings"]):
        of["accuracy"]["std"] = None
    scores["confusion"][1] = [1, 298, 1]
    text = page(model=replace(model, scores=scores))
    assert text.count('<td class="number">–</td>') == 3
    accuracy, rest = text.split("<caption>Balanced accuracy")
    assert "folds ±" not in accuracy
    assert "folds ±" in rest
    shares = text.split('id="shares"')[1]
    assert ">&lt;1</td>" in shares
    assert ">&gt;99</td>" in shares


# Scores alone


@pytest.fixture(scope="module")
def result():
    return featkit.train(tones(rows=60), model="logistic", folds=3)


def test_a_result_is_its_model(result, tmp_path):
    write_report(tmp_path / "r.html", model=result)
    assert (tmp_path / "r.html").read_text("utf-8") == page(model=result.model)


def test_a_page_of_scores_alone(result, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(result.scores), "utf-8")
    words = [str(tmp_path / name) for name in ("s.json", "s.html")]
    told = CliRunner().invoke(main, ["report", words[0], "-o", words[1]])
    assert told.exit_code == 0, told.output
    text = plain_text((tmp_path / "s.html").read_text("utf-8"))
    right = np.trace(result.scores["confusion"])
    assert f"Of 60 recordings, {right} (" in text
    assert "name the table as well" in text
    assert "column “" not in text
    assert "featkit train" not in text.split("How to reproduce this")[-1]
    refused = CliRunner().invoke(main, ["report", words[0], "-o", words[1], "--rows", "3"])
    assert refused.exit_code == 2


def test_scores_as_the_command_writes_them(tmp_path):
    tones(rows=60).rename(columns={"label": "kind"}).to_csv(tmp_path / "t.csv", index=False)
    names = {name: str(tmp_path / name) for name in ("t.csv", "s.json", "s.html")}
    words = ["train", names["t.csv"], "--label", "kind", "--folds", "3", "--model", "logistic"]
    told = CliRunner().invoke(main, [*words, "--jobs", "1", "--scores", names["s.json"]])
    assert told.exit_code == 0, told.output
    told = CliRunner().invoke(main, ["report", names["s.json"], "-o", names["s.html"]])
    assert told.exit_code == 0, told.output
    text = plain_text((tmp_path / "s.html").read_text("utf-8"))
    assert "column “kind”" in text
    assert "featkit train TABLE.parquet --label kind --folds 3 --model logistic" in text


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"model": "logistic", "classes": ["a", "b"]}', "\x00", "null"]
)
def test_what_are_no_scores(tmp_path, text):
    (tmp_path / "s.json").write_text(text, "utf-8")
    with pytest.raises(TableError, match=r"s\.json: holds no scores"):
        read_scores(tmp_path / "s.json")
    with pytest.raises(TableError, match="cannot read"):
        read_scores(tmp_path / "nowhere.json")


@pytest.mark.parametrize("missing", ["confusion", "calibration", "per_class", "models", "protocol"])
def test_scores_that_lack_something(result, tmp_path, missing):
    scores = {name: of for name, of in result.scores.items() if name != missing}
    (tmp_path / "s.json").write_text(json.dumps(scores), "utf-8")
    with pytest.raises(TableError, match="holds no scores"):
        read_scores(tmp_path / "s.json")


# How to reproduce this


def test_the_commands_name_how_the_corpus_was_made():
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


def test_a_feature_set_that_a_page_shows_can_be_read(tmp_path):
    chosen = featkit.feature_set({"features": [{"family": "tempo"}], "name": "mine"})
    (tmp_path / "FEATURES.json").write_text(json.dumps(chosen.as_dict(), indent=2))
    assert featkit.feature_set(tmp_path / "FEATURES.json").fingerprint == chosen.fingerprint
    for text in ("[1]", "{", "3"):
        (tmp_path / "wrong.json").write_text(text)
        with pytest.raises(ParameterError, match=r"wrong\.json"):
            featkit.feature_set(tmp_path / "wrong.json")


# Files beside the page


def test_files_of_an_earlier_report_are_replaced(tmp_path):
    model, explanation, _ = made()
    mine = ["importance_.csv", "importance_1.csv", "notes.csv"]
    for name in ["importance_009_old.csv", *mine]:
        (tmp_path / name).touch()
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    there = {path.name for path in tmp_path.iterdir()}
    assert "importance_009_old.csv" not in there
    assert {*mine, "importance_001_a.csv"} <= there
    ways = pd.read_csv(tmp_path / "direction.csv")
    assert list(ways) == ["feature", "a", "b", "c"]
    assert pd.read_csv(tmp_path / "family_by_statistic.csv").shape == (3, 2)
    assert list(pd.read_csv(tmp_path / "correlated.csv")) == ["group", "feature"]
    bins = pd.read_csv(tmp_path / "reliability.csv")
    assert bins["rows"].sum() == 40


def test_files_of_a_model_file_are_in_order(tmp_path):
    """Which keeps names in alphabetical order."""
    model, _, _ = made()
    held = replace(model, scores=json.loads(json.dumps(model.scores, sort_keys=True)))
    for name, of in (("trained", model), ("held", held)):
        write_report(tmp_path / "r.html", model=of, csv=tmp_path / name)
    trained, held = (
        {
            of: (tmp_path / name / of).read_text("utf-8")
            for of in ("per_class.csv", "reliability.csv")
        }
        for name in ("trained", "held")
    )
    assert held == trained
    assert held["per_class.csv"].startswith("class,precision,recall,f1,support,predicted\n")
    assert held["reliability.csv"].startswith("from,to,rows,confidence,accuracy\n")
    edges = pd.read_csv(tmp_path / "held" / "reliability.csv", dtype=str)[["from", "to"]]
    assert (edges.map(len) == 3).all(axis=None)


def test_formulas_are_none_in_the_files(tmp_path):
    model, explanation, _ = made(classes=("=1+1", "b"))
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    assert "\n=1+1," not in (tmp_path / "per_class.csv").read_text("utf-8")
    assert "\n'=1+1," in (tmp_path / "per_class.csv").read_text("utf-8")


# What the table knows


def test_quality_is_told():
    model, explanation, table = made(rows=40)
    dtypes = {"float64": np.zeros(40), "int64": np.ones(40, int), "bool": np.full(40, False)}
    quality = {column.name: dtypes[column.dtype].copy() for column in COLUMNS}
    table = replace(table, quality=quality)
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "no row is silent or clipped or short" in text
    quality["quality_clipped"][:3] = True
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "clipped in 3 rows" in text


def test_sound_is_found_by_the_name_that_the_table_has(tmp_path):
    name = os.fsdecode(b"caf\xe9 \\x41.wav")
    try:
        soundfile.write(os.fsencode(tmp_path / name), signals.sine(440.0, 22050), 22050)
    except OSError:
        pytest.skip("this file system knows no such names")
    assert hear(tmp_path, as_text(name)).sound


def test_links_within_the_folder_of_sound_are_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "corpus").mkdir()
    soundfile.write(tmp_path / "disk" / "a.wav", signals.sine(440.0, 22050), 22050)
    (tmp_path / "corpus" / "b.wav").symlink_to(tmp_path / "disk" / "a.wav")
    assert hear(tmp_path / "corpus", "b.wav").sound
    assert "outside" in hear(tmp_path / "corpus", "../disk/a.wav").wrong
