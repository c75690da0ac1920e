"""Words that stand for a missing class or group, and names that look alike."""

import io
import unicodedata

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import ParameterError, TableError
from featkit.table.inspection import look_alikes
from featkit.table.missing_words import MISSING_WORDS

PANDAS = {
    word
    for word in (*MISSING_WORDS, "none", "?", "unknown", "Na", "nil", "NaT", "NIL", "missing")
    if pd.isna(pd.read_csv(io.StringIO(f'x,y\n"{word}",1\n'))["x"][0])
}


def table_with(word, column="label"):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    data["label"] = np.array(["jazz", "rock"])[np.arange(60) % 2]
    data["speaker"] = [f"s{k // 2}" for k in range(60)]
    data.loc[data.index % 3 == 0, column] = word
    return data


def train_as(folder, data, ending, **options):
    file = folder / f"t.{ending}"
    if ending == "frame":
        return featkit.train(data, model="logistic", folds=2, **options)
    data.to_csv(file, index=False) if ending == "csv" else data.to_parquet(file)
    return featkit.train(file, model="logistic", folds=2, **options)


def test_the_words_are_those_that_pandas_takes_for_missing():
    assert {*MISSING_WORDS} == PANDAS


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("word", ["nan", "None", "NA", "<NA>", " NaN "])
def test_words_for_missing_are_no_classes_and_a_warning_names_them(tmp_path, ending, word):
    result = train_as(tmp_path, table_with(word), ending)
    assert result.model.classes == ["jazz", "rock"]
    assert result.scores["rows"] == 40
    assert (
        f"20 of 60 rows have no 'label': left out; {word!r} (20) stands for a missing value: if it"
        f" is a name, write it otherwise, such as {word + '_'!r}"
    ) in result.warnings


def test_a_class_that_is_renamed_is_kept():
    assert featkit.train(table_with("NA_"), model="logistic").model.classes[0] == "NA_"


def test_a_column_of_such_words_alone_has_no_class():
    with pytest.raises(ParameterError, match=r"no row has a class; 'NA' \(60\) stands for a miss"):
        featkit.train(table_with("NA").assign(label="NA"))


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("word", ["nan", "NA", "NULL", "N/A"])
def test_words_for_missing_are_no_group(tmp_path, ending, word):
    with pytest.raises(TableError, match=rf"20 rows have no 'speaker'.*; {word!r} \(20\) stands"):
        train_as(tmp_path, table_with(word, "speaker"), ending, group="speaker")


def test_words_for_missing_are_no_part_of_a_published_split():
    data = table_with("None").assign(label=table_with("rock")["label"])
    data["fold"] = np.where(np.arange(60) % 3, np.arange(60) % 2, "nan")
    with pytest.raises(TableError, match=r"20 rows have no 'fold'.*; 'nan' \(20\) stands"):
        featkit.train(data, fold="fold", model="logistic")


@pytest.mark.parametrize("word", ["?", "unknown", "none", "Missing"])
def test_words_that_may_be_names_are_kept_with_a_warning(word):
    result = featkit.train(table_with(word), model="logistic")
    assert word in result.model.classes
    (warning,) = [text for text in result.warnings if text.startswith("label: ")]
    assert warning.startswith(f"label: {word!r} (20 rows): taken for a name like any other; if it")


def test_rows_of_such_a_class_are_explained_as_rows_without_one():
    data = table_with("nan")
    model = featkit.train(data, model="logistic").model
    explanation = featkit.explain(model, data)
    assert set(explanation.y.tolist()) == {"", "jazz", "rock"}
    assert not any("does not know" in note for note in explanation.notes)


# Names that look alike


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ("rock\u200b", r"'rock\u200b'"),
        ("rock\ufeff", r"'rock\ufeff'"),
        ("ro\u00adck", r"'ro\xadck'"),
        ("rock\u00a0", r"'rock\xa0'"),
        ("rock\u2060", r"'rock\u2060'"),
        ("rock\ufe0f", r"'rock\ufe0f'"),
        ("rock ", "'rock '"),
        ("rock\t", r"'rock\t'"),
        ("Rock", "'Rock'"),
        ("ｒock", r"'\uff52ock'"),
    ],
)
def test_names_that_differ_by_what_is_not_seen_are_shown_so_that_it_is(other, shown):
    (warning,) = look_alikes("label", ["rock", other, "rock"])
    assert warning == (
        f"label: 'rock', {shown} look alike, and are different values (in 2, 1 rows):"
        " write them alike if they mean the same"
    )


def test_forms_of_unicode_are_told_apart():
    composed, parts = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    (warning,) = look_alikes("label", [composed, parts])
    assert r"'caf\xe9', 'cafe\u0301' look alike" in warning
    (warning,) = look_alikes("label", ["日本", "日本 "])
    assert "'日本', '日本 ' look alike" in warning


def test_names_that_differ_visibly_do_not_look_alike():
    assert not list(look_alikes("label", ["rock", "rocks", "r ock", "", "日本", "日木"]))
