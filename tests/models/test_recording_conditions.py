"""Recording conditions alone: scores, false alarms, and what is reported."""

import numpy as np
import pytest
from command_line import run
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import copies, tones
from reporting import plain_text
from sklearn import metrics as reference

import featkit
from featkit.models import pipeline
from featkit.models.recording_conditions import (
    CANDIDATE,
    CONDITIONS,
    MARGIN,
    RecordingConditions,
    condition_matrix,
    conditions_verdict,
    conditions_warnings,
    leading_conditions,
    recording_conditions,
    score_conditions,
)
from featkit.models.splits import GroupFolds
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable


def random_conditions(rows, seed=0, **columns):
    """Conditions as in a collection of mixed origin; `columns` replace some of them."""
    rng = np.random.default_rng(seed)
    values = {
        "sample_rate": rng.choice([22050.0, 44100.0, 48000.0], rows, p=[0.1, 0.6, 0.3]),
        "channels": rng.choice([1.0, 2.0], rows),
        "duration": rng.lognormal(1.5, 0.5, rows),
        "level": rng.normal(-20, 5, rows),
        "peak": np.minimum(rng.lognormal(-0.5, 0.5, rows), 1),
        "bandwidth": rng.normal(15000, 3000, rows),
        "clipped_share": np.where(rng.random(rows) < 0.2, rng.random(rows) / 1000, 0),
    } | columns
    formats = rng.choice(["WAV PCM_16", "MP3"], rows)
    return RecordingConditions(list(values), np.array(list(values.values())).T, formats)


def scored(conditions, y, groups=None, folds=5, seed=0):
    """Scores by folds of groups; by default each row is a group."""
    y = np.asarray(y, dtype=str)
    groups = np.arange(len(y)).astype(str) if groups is None else groups
    splits = list(GroupFolds(folds, seed=seed).split(None, y, groups))
    names = [str(k + 1) for k in range(folds)]
    classes = sorted(set(y.tolist()))
    return score_conditions(conditions, y, groups, classes, splits, names, "folds", seed=seed)


def with_quality(data, **columns):
    """The table of a DataFrame with some quality columns, which are constant unless given."""
    constant = {"sample_rate": 44100.0, "channels": 1, "duration": 5.0, "level": -20.0}
    values = {f"quality_{name}": value for name, value in (constant | columns).items()}
    return FeatureTable.of(data.assign(**values))


def loud_classes(rows=60):
    """Tones of three classes, which differ in pitch and in level."""
    noise = np.random.default_rng(1).normal(0, 1, rows)
    return with_quality(tones(rows), level=-20 + 5 * (np.arange(rows) % 3) + noise)


def test_scores_are_scikit_learns_on_the_same_predictions():
    y = np.repeat(["a", "b", "c"], [30, 40, 50])
    level = np.random.default_rng(2).normal(-20, 5, 120) + np.repeat([6, 0, 0], [30, 40, 50])
    conditions = random_conditions(120, level=level)
    scores = scored(conditions, y)
    X, _ = condition_matrix(conditions)
    answer = np.full(120, "?")
    splits = list(GroupFolds(5).split(None, y, np.arange(120).astype(str)))
    for train, test in splits:
        fitted = pipeline(CANDIDATE.name, **CANDIDATE.parameters).fit(X[train], y[train])
        answer[test] = fitted.predict(X[test])
    assert scores.accuracy.value == pytest.approx(reference.accuracy_score(y, answer))
    balanced = reference.balanced_accuracy_score(y, answer)
    assert scores.balanced_accuracy.value == pytest.approx(balanced)
    for name, (_, test) in zip("12345", splits, strict=True):
        expected = reference.balanced_accuracy_score(y[test], answer[test])
        assert scores.balanced_accuracy.folds[name] == pytest.approx(expected)
    assert (scores.rows, scores.chance, scores.majority) == (120, 1 / 3, 50 / 120)
    assert next(iter(scores.columns)) == "level"
    assert set(scores.columns) == {*CONDITIONS, "format"}


@pytest.mark.parametrize(("classes", "rows", "seeds"), [(2, 40, 20), (4, 80, 8)])
def test_conditions_without_relation_to_the_label_are_rarely_flagged(classes, rows, seeds):
    y = np.arange(rows) % classes
    flags = [scored(random_conditions(rows, seed), y, folds=3) for seed in range(seeds)]
    assert np.mean([scores.give_label_away for scores in flags]) <= 0.05


def test_conditions_of_groups_without_relation_to_the_label_are_rarely_flagged():
    """Each of 20 speakers has one label and one microphone."""
    speakers = np.repeat(np.arange(20), 6)
    flags = []
    for seed in range(20):
        conditions = random_conditions(20, seed)
        rows = RecordingConditions(
            conditions.names, conditions.X[speakers], conditions.formats[speakers]
        )
        scores = scored(rows, speakers % 2, speakers.astype(str), folds=3)
        flags.append(scores.give_label_away)
    assert np.mean(flags) <= 0.05


@pytest.mark.parametrize("name", CONDITIONS)
def test_any_one_condition_that_differs_between_classes_is_flagged(name):
    label = np.arange(40) % 2
    own = 1 + label + np.random.default_rng(3).uniform(0, 0.5, 40)
    scores = scored(random_conditions(40, **{name: own}), label)
    assert scores.give_label_away
    assert leading_conditions(scores) == [name]


def test_a_format_for_each_class_is_flagged():
    label = np.arange(40) % 2
    conditions = random_conditions(40)
    scores = scored(conditions._replace(formats=np.array(["WAV", "MP3"])[label]), label)
    assert scores.balanced_accuracy.value == 1
    assert leading_conditions(scores) == ["format"]
    assert conditions_verdict(scores) == "the dataset gives the label away"


def test_few_groups_of_two_classes_are_not_flagged():
    label = np.repeat([0, 1], 60)
    for n_groups, flagged in ((6, False), (8, True)):
        groups = np.array([f"{one}-{k % (n_groups // 2)}" for k, one in enumerate(label.tolist())])
        conditions = random_conditions(120, level=label * 10.0)
        scores = scored(conditions, label, groups, folds=3)
        assert scores.balanced_accuracy.value == 1
        assert scores.give_label_away == flagged


@settings(max_examples=10, deadline=None)
@given(
    rows=st.integers(12, 40),
    classes=st.integers(2, 4),
    missing=st.sampled_from([0.0, 0.05, 1.0]),
    seed=st.integers(0, 99),
)
def test_scores_of_any_conditions_are_in_range(rows, classes, missing, seed):
    conditions = random_conditions(rows, seed)
    X = np.where(np.random.default_rng(seed).random(conditions.X.shape) < missing, np.nan, 1.0)
    scores = scored(conditions._replace(X=conditions.X * X), np.arange(rows) % classes, folds=3)
    assert scores.chance == 1 / classes
    assert sum(scores.columns.values()) == pytest.approx(1)
    assert list(scores.columns.values()) == sorted(scores.columns.values(), reverse=True)
    score = scores.balanced_accuracy
    assert 0 <= score.low <= score.value <= score.high <= 1
    assert scores.give_label_away == (score.low > scores.chance + MARGIN * (1 - scores.chance))


def test_conditions_that_are_unknown_in_some_of_several_tables_are_not_used():
    label = np.repeat([0, 1], 20)
    level = np.where(label == 0, np.nan, np.random.default_rng(0).normal(-20, 3, 40))
    formats = np.where(label == 0, "", np.random.default_rng(0).choice(["WAV", "MP3"], 40))
    conditions = random_conditions(40, level=level)._replace(formats=formats)
    scores = scored(conditions, label)
    assert scores.columns["level"] == scores.columns["format"] == 0
    assert not scores.give_label_away


def test_conditions_that_never_vary_predict_nothing():
    conditions = RecordingConditions(["channels", "level"], np.ones((30, 2)), None)
    scores = scored(conditions, np.arange(30) % 3)
    assert scores.columns == {"channels": 0.0, "level": 0.0}
    assert not scores.give_label_away
    assert leading_conditions(scores) == []


def test_large_tables_are_sampled_evenly_from_the_classes(monkeypatch):
    monkeypatch.setattr("featkit.models.recording_conditions.MAX_TRAINING_ROWS", 60)
    monkeypatch.setattr("featkit.models.recording_conditions.MAX_EXPLAINED_ROWS", 20)
    label = np.where(np.arange(1000) % 25, "common", "rare")
    level = np.where(label == "rare", -10.0, -20.0)
    scores = scored(random_conditions(1000, level=level), label)
    assert scores.balanced_accuracy.value == 1
    assert leading_conditions(scores) == ["level"]


def test_conditions_are_read_from_quality_columns_and_paths():
    data = tones(9).assign(path=[f"{k}.{end}" for k in range(3) for end in ("WAV", "wav", "ogg")])
    conditions = recording_conditions(with_quality(data, level=-np.inf, silence_share=0.5))
    assert conditions.names == ["sample_rate", "channels", "duration", "level"]
    assert conditions.X[0, :3].tolist() == [44100, 1, 5]
    assert np.isnan(conditions.X[:, 3]).all()
    assert conditions.formats.tolist() == ["wav", "wav", "ogg"] * 3
    stated = recording_conditions(with_quality(data, format=["MP3"] * 8 + [""]))
    assert stated.formats.tolist() == ["MP3"] * 8 + [""]
    assert recording_conditions(with_quality(data.drop(columns="path"))).formats is None
    numbered = data.assign(path=[f"anna.{k:04d}" for k in range(9)])
    assert recording_conditions(with_quality(numbered)).formats is None
    assert recording_conditions(FeatureTable.of(data)) is None


@pytest.mark.parametrize("how", [{"folds": 3}, {"fold": "fold"}, {"shares": (70, 30)}])
def test_training_scores_conditions_by_its_own_split(how):
    table = loud_classes()
    table.keys["fold"] = [f"f{k % 4}" for k in range(len(table))]
    result = featkit.train(table, model="logistic", **how)
    conditions, kept = result.evaluation.conditions, result.evaluation.kept
    assert conditions.protocol == result.evaluation.protocol
    assert conditions.rows == result.evaluation.scored_rows
    assert conditions.accuracy.folds.keys() == kept.accuracy.folds.keys()
    assert conditions.give_label_away
    assert result.warnings[0] == conditions_warnings(conditions)[0]
    assert result.scores["conditions"]["columns"].keys() == conditions.columns.keys()


def test_segments_of_a_recording_are_kept_together():
    """The level identifies the song, but not its genre."""
    data = copies(recordings=40, segments=6)
    song = np.random.default_rng(0).permutation(40).repeat(6)
    table = with_quality(data, level=-40 + song / 2)
    grouped = featkit.train(table, model="logistic").evaluation
    by_row = featkit.train(table, model="logistic", split_by_row=True).evaluation
    assert not grouped.conditions.give_label_away
    assert by_row.conditions.accuracy.value > grouped.conditions.accuracy.value + 0.1


def test_conditions_are_deterministic_and_change_no_other_score():
    table = loud_classes()
    one, two = (featkit.train(table, model="logistic") for _ in range(2))
    assert one.scores == two.scores
    plain = featkit.train(tones(60), model="logistic")
    assert plain.scores == one.scores | {"conditions": None, "warnings": one.warnings[1:]}


def test_progress_counts_the_conditions():
    for table in (loud_classes(), tones(60)):
        seen = []
        featkit.train(table, model="logistic", progress=seen.append)
        assert [own.done for own in seen] == list(range(1, seen[0].total + 1))


def test_a_table_without_quality_columns_has_no_word_about_conditions(tmp_path):
    tones(60).to_csv(tmp_path / "t.csv", index=False)
    words = ("train", tmp_path / "t.csv", "--model", "logistic", "-o", tmp_path / "m.fk")
    output = run(*words).output
    assert "conditions" not in output
    model = featkit.load_model(tmp_path / "m.fk")
    assert model.evaluation.conditions is None
    assert "ecording conditions" not in page(model=model)


def test_the_first_lines_name_the_conditions_that_predict_the_label(tmp_path):
    loud_classes().write(tmp_path / "t.parquet")
    words = ("train", tmp_path / "t.parquet", "--model", "logistic", "-o", tmp_path / "m.fk")
    output = run(*words).output
    lines = output.splitlines()
    assert sum("may give the label away" in line for line in lines[:3]) == 2
    model = featkit.load_model(tmp_path / "m.fk")
    conditions = model.evaluation.conditions
    value = f"{conditions.balanced_accuracy.value:.3f}"
    assert f"a balanced accuracy of {value} (chance: 0.333), mostly by level" in output
    text = plain_text(page(model=model)).split("Caveats")[1]
    assert "the dataset may give the label away" in text[:60]
    assert "Recording conditions alone" in text


def test_a_dataset_that_does_not_give_the_label_away_has_no_warning(tmp_path):
    with_quality(tones(60), level=np.random.default_rng(0).normal(-20, 3, 60)).write(
        tmp_path / "t.parquet"
    )
    output = run("train", tmp_path / "t.parquet", "--model", "logistic").output
    assert "label away" not in output
    assert "recording conditions alone give a balanced accuracy of" in output


def test_the_warning_distinguishes_equipment_from_content():
    label = np.arange(40) % 2
    rate, level = 44100 - 22050.0 * label, 10.0 * label
    (technical,) = conditions_warnings(scored(random_conditions(40, sample_rate=rate), label))
    assert technical.startswith("the dataset gives the label away")
    assert "mostly by sample rate. To make sure, convert all files to one sample rate" in technical
    (sound,) = conditions_warnings(scored(random_conditions(40, level=level), label))
    assert sound.startswith("the dataset may give the label away")
    assert "Level can depend on the sounds themselves" in sound
    assert conditions_warnings(None) == []
