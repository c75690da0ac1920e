"""Words that mark a missing class, group or fold."""

import io

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import ParameterError, TableError
from featkit.table.missing_values import MISSING_WORDS

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


def test_the_words_are_those_that_pandas_reads_as_missing():
    assert {*MISSING_WORDS} == PANDAS


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("word", ["nan", "None", "NA", "<NA>", " NaN "])
def test_missing_words_are_not_classes_and_a_warning_names_them(tmp_path, ending, word):
    result = train_as(tmp_path, table_with(word), ending)
    assert result.model.classes == ["jazz", "rock"]
    assert result.scores["rows"] == 40
    assert (
        f"20 of 60 rows have no 'label': excluded; {word!r} (20) marks a missing value: if it is"
        f" a name, write it in another way, such as {word + '_'!r}"
    ) in result.warnings


def test_a_class_that_is_renamed_is_kept():
    assert featkit.train(table_with("NA_"), model="logistic").model.classes[0] == "NA_"


def test_a_column_of_missing_words_has_no_class():
    with pytest.raises(ParameterError, match=r"no row has a class; 'NA' \(60\) marks a miss"):
        featkit.train(table_with("NA").assign(label="NA"))


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("word", ["nan", "NA", "NULL", "N/A"])
def test_missing_words_are_not_groups(tmp_path, ending, word):
    with pytest.raises(TableError, match=rf"20 rows have no 'speaker'.*; {word!r} \(20\) marks"):
        train_as(tmp_path, table_with(word, "speaker"), ending, group="speaker")


def test_missing_words_are_not_folds():
    data = table_with("None").assign(label=table_with("rock")["label"])
    data["fold"] = np.where(np.arange(60) % 3, np.arange(60) % 2, "nan")
    with pytest.raises(TableError, match=r"20 rows have no 'fold'.*; 'nan' \(20\) marks"):
        featkit.train(data, fold="fold", model="logistic")


@pytest.mark.parametrize("word", ["?", "unknown", "none", "Missing"])
def test_ambiguous_words_are_kept_with_a_warning(word):
    result = featkit.train(table_with(word), model="logistic")
    assert word in result.model.classes
    (warning,) = [text for text in result.warnings if text.startswith("label: ")]
    assert warning.startswith(f"label: {word!r} (20 rows): read as a name like any other; if it")


def test_rows_with_a_missing_word_are_explained_as_rows_without_class():
    data = table_with("nan")
    model = featkit.train(data, model="logistic").model
    explanation = featkit.explain(model, data)
    assert set(explanation.y.tolist()) == {"", "jazz", "rock"}
    assert not any("was not trained on" in note for note in explanation.notes)
