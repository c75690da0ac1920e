"""Doubtful data is a warning, and training goes on."""

import numpy as np
import pytest
from learning import copies, tones

import featkit


def test_copies_under_two_names_are_a_warning():
    data = tones()
    data.loc[9, ["pitch", "a", "b", "c"]] = data.loc[0, ["pitch", "a", "b", "c"]]
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "as a row of another recording: 000.wav = 009.wav; copies of one" in warning


def test_copies_are_named_once_and_silent_rows_are_no_copies():
    data = copies(recordings=20, segments=3)
    data["quality_silent"] = False
    features = [f"x{k}" for k in range(20)]
    data.loc[6:8, features] = data.loc[0:2, features].to_numpy()
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "another recording: song000.wav = song002.wav; copies" in warning
    assert featkit.train(data.assign(quality_silent=True), model="logistic").warnings == []


def test_leaking_columns_and_columns_of_text_are_warnings():
    data = tones().drop(columns="path")
    data["label_id"] = data["label"].map({"high": 7, "low": 8, "mid": 9})
    data["mood"] = "good"
    result = featkit.train(data, model="logistic", group=None)
    assert "columns of text are not used as features: mood" in result.warnings
    assert any("'label_id' is the class under another name" in text for text in result.warnings)


def test_a_column_that_numbers_the_rows_is_a_warning():
    data = tones().sort_values("label").assign(take=np.arange(60)[::-1] * 3)
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "column 'take' numbers the rows, from 0 to 177 in their order, and reveals" in warning
    for column in (np.arange(60) % 7, np.arange(60) ** 1.5, np.full(60, 3)):
        assert not featkit.train(data.assign(take=column), model="logistic").warnings


def test_lookalike_labels_are_a_warning_and_blank_labels_are_missing():
    data = tones()
    data.loc[data.index % 6 == 0, "label"] = "High "
    data.loc[[1, 7], "label"] = "  "
    result = featkit.train(data, model="logistic")
    assert result.warnings == [
        "2 of 60 rows have no 'label': excluded",
        "label: 'High ', 'high' look alike but are different values (in 10, 10 rows): spell them"
        " in the same way if they mean the same",
    ]
    grouped = tones().assign(artist=["ann", "Ann", "bob", "cid", "dee"] * 12)
    (warning,) = featkit.train(grouped, group="artist", folds=2, model="logistic").warnings
    assert warning.startswith("artist: 'ann', 'Ann' look alike")


@pytest.mark.parametrize(
    ("column", "values", "hint"),
    [
        ("artist", np.arange(60) // 2, "column 'artist' may identify groups"),
        ("Speaker_ID", np.arange(60) % 8, "column 'Speaker_ID' may identify groups"),
        ("take", [f"t{k // 6}-{k % 3}" for k in range(60)], "column 'take' may identify groups"),
        ("fold", np.arange(60) % 5, "column 'fold' is not used: if it is a published split"),
        ("split", ["train", "test", "train"] * 20, "column 'split' is not used"),
        ("mood", [f"m{k % 4}" for k in range(60)], None),
        ("title", [f"t{k}" for k in range(60)], None),
        ("split", ["train"] * 60, None),
        ("group", ["x"] * 60, None),
    ],
)
def test_unused_groups_and_published_splits_are_warnings(column, values, hint):
    data = tones().assign(**{column: values})
    warnings = featkit.train(data, model="logistic", folds=3).warnings
    hints = [text for text in warnings if "identify groups" in text or "is not used" in text]
    assert len(hints) == (hint is not None)
    assert hint is None or hints[0].startswith(hint)
    quiet = featkit.train(data, model="logistic", exclude=[column]).warnings
    assert not any("identify groups" in text or "is not used" in text for text in quiet)


def test_columns_of_numbers_that_are_not_featkits_are_a_warning():
    data = copies(segments=1).rename(columns={"x0": "mfcc_1_mean", "x1": "mfcc_2_mean"})
    data = data[["path", "start", "end", "label", "mfcc_1_mean", "mfcc_2_mean"]]
    data = data.assign(other=np.arange(40.0) % 7, note="x")
    result = featkit.train(data, model="logistic")
    assert result.model.columns == ["mfcc_1_mean", "mfcc_2_mean"]
    (warning,) = result.warnings
    assert "numbers that featkit does not compute are not used as features: other;" in warning
    advised = featkit.train(data.drop(columns=["start", "end"]), model="logistic")
    assert "other" in advised.model.columns


def test_a_recording_of_two_classes_is_a_warning():
    data = copies(segments=2)
    data.loc[[0, 4], "label"] = "rock"
    result = featkit.train(data, model="logistic")
    assert (
        "recordings whose rows have different classes: 2 (song000.wav, song002"
        in (result.warnings[0])
    )
    assert result.scores["recordings"] is not None
