"""Mistakes of users of `featkit.evaluate`: each message names what, where, and what to do."""

import pandas as pd
import pytest
from learning import tones, trained

import featkit


@pytest.fixture(scope="module")
def model():
    return trained(tones(60), "logistic")[0].model


def test_a_missing_column_lists_only_columns_that_may_hold_labels(model):
    data = tones(12, seed=1).rename(columns={"label": "genre"})
    with pytest.raises(featkit.ParameterError) as caught:
        featkit.evaluate(model, {"far": data}, label="gendre")
    message = str(caught.value)
    assert message.startswith("far: unknown column 'gendre': did you mean 'genre'?")
    assert "pitch" not in message
    assert "--labels folder" in message


def test_a_wrong_training_table_is_named(model, tmp_path):
    tones(12, seed=1).to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(featkit.ParameterError, match=r"other\.csv: is not the training table"):
        featkit.evaluate(model, tones(12, seed=2), training_table=[tmp_path / "other.csv"])


def test_an_incomplete_training_table_causes_a_warning(model):
    warnings = featkit.evaluate(model, tones(30, seed=1), training_table=tones(60)[:40]).warnings
    (text,) = [one for one in warnings if "lacks rows" in one]
    assert text.startswith("the training table lacks rows that the model 'logistic' was trained on")
    whole = featkit.evaluate(model, tones(30, seed=1), training_table=tones(60))
    assert not any("lacks rows" in one for one in whole.warnings)


def test_rules_for_other_datasets_cause_a_warning_and_misspelled_ones_an_error(model):
    rules = {"labels": {"high": ["treble"]}}
    label_map = {"unmapped": "keep", "datasets": {"home": rules, "logistic": rules}}
    data = tones(12, seed=1)
    result = featkit.evaluate(model, {"far": data}, label_map=label_map)
    assert [text for text in result.warnings if text.startswith("label map")] == [
        "label map: its rules for 'home' are not used: no dataset or model has this name"
    ]
    with pytest.raises(featkit.ParameterError, match="did you mean 'homes'"):
        featkit.evaluate(model, {"homes": data}, label_map=label_map)


def test_a_separator_that_no_cell_contains_causes_a_warning(model):
    data = tones(12, seed=1)
    result = featkit.evaluate(model, data, label_separator="|")
    assert "no cell of the label column contains the separator '|'" in result.warnings
    data.loc[0, "label"] = "high|low"
    assert not any("separator" in text for text in featkit.evaluate(model, data).warnings)
    result = featkit.evaluate(model, data, label_separator="|")
    assert not any("separator" in text for text in result.warnings)


def test_the_warning_of_recording_conditions_does_not_advise_what_was_done(model):
    data = tones(90, seed=1).assign(quality_level=[-10.0, -30.0, -50.0] * 30)
    (text,) = [one for one in featkit.evaluate(model, data).warnings if "label away" in one]
    assert text.endswith("or test the model on recordings of other origin, too")


def test_groups_whose_name_ends_in_s_or_x_have_a_plural(model):
    data = tones(12, seed=1).assign(sex=["f", "m"] * 6)
    assert "only 2 sexes: the intervals are too narrow" in (
        featkit.evaluate(model, pd.DataFrame(data), group="sex").warnings
    )
