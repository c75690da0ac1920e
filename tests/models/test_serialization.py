"""Plain data become dataclasses only if every key and type is right."""

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from reporting import made

from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict, to_dict
from featkit.models.training_metadata import TrainingMetadata, TrainingSummary


@dataclass(frozen=True)
class Inner:
    value: float = field(metadata={"key": "class"})


@dataclass(frozen=True)
class Outer:
    inner: Inner
    count: int
    names: Sequence[str]
    by_name: Mapping[str, Inner]
    anything: Any
    maybe: Inner | None
    default: bool = False


DATA = {
    "inner": {"class": 1.5},
    "count": 3,
    "names": ["a", "b"],
    "by_name": {"x": {"class": 2}},
    "anything": [{"y": None}],
    "maybe": None,
    "default": True,
}


def test_plain_data_come_back():
    outer = from_dict(Outer, DATA)
    assert outer.inner == Inner(1.5)
    assert outer.names == ("a", "b")
    assert to_dict(outer) == DATA


def test_fields_with_a_default_may_be_missing():
    assert from_dict(Outer, {key: DATA[key] for key in DATA if key != "default"}).default is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inner": {"class": True}}, "data.inner.class: expected float, got bool"),
        ({"inner": {"value": 1.0}}, "data.inner: unknown key 'value'"),
        ({"inner": {}}, "data.inner: missing key 'class'"),
        ({"inner": None}, "data.inner: expected a dictionary, got NoneType"),
        ({"count": 3.0}, "data.count: expected int, got float"),
        ({"count": False}, "data.count: expected int, got bool"),
        ({"names": "ab"}, "data.names: expected a list, got str"),
        ({"names": ["a", 1]}, "data.names[1]: expected str, got int"),
        ({"by_name": {"x": {"class": "1"}}}, "data.by_name.x.class: expected float, got str"),
        ({"by_name": []}, "data.by_name: expected a dictionary, got list"),
        ({"maybe": []}, "data.maybe: expected a dictionary, got list"),
        ({"default": 1}, "data.default: expected bool, got int"),
        ({"more": 1}, "data: unknown key 'more'"),
    ],
)
def test_an_error_begins_with_the_path_of_the_value(change, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_dict(Outer, DATA | change)


def test_a_type_that_cannot_be_stored_is_an_error_of_the_program():
    with pytest.raises(TypeError, match="cannot be stored"):
        from_dict(dataclasses.make_dataclass("Wrong", [("x", set[int])]), {"x": [1]})


def test_scores_and_training_metadata_come_back_from_json():
    model = made()[0]
    for kind, plain in ((Evaluation, model.scores), (TrainingMetadata, model.training)):
        stored = json.loads(json.dumps(plain, sort_keys=True))
        assert to_dict(from_dict(kind, stored)) == plain


def test_the_plain_scores_have_the_keys_of_the_json_in_their_order():
    assert " ".join(made()[0].scores) == (
        "likely_groups by_group protocol unit rows groups columns judged datasets classes model"
        " models per_class confusion calibration recordings recording_confusion"
        " recording_calibration chosen by_row conditions warnings normalization uncalibrated"
        " calibrations prediction_sets recording_prediction_sets leave_one_group_out"
        " fold_classes unpredictable curves costs"
    )


def test_a_summary_has_the_fields_of_the_base_class_only():
    summary = to_dict(made()[0].trained, TrainingSummary)
    assert list(summary) == ["settings", "candidate", "rows", "digest", "versions"]
