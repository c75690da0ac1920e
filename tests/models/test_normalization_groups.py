"""Training, storing and predicting with normalisation within groups."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from learning import accuracy, speakers
from model_files import pack, unpacked

import featkit
from featkit.errors import ModelError, ParameterError, TableError
from featkit.explanation import explain
from featkit.models import pipeline
from featkit.models.model_file import METADATA

FEATURES = ["pitch", "a", "b", "c"]


def standardised(data, method="standard"):
    """The features, each within its speaker, computed by pandas."""
    groups = data.groupby("speaker")[FEATURES]
    if method == "standard":
        return groups.transform(lambda x: (x - x.mean()) / x.std(ddof=0)).to_numpy()
    return groups.transform(
        lambda x: (x - x.median()) / ((x.quantile(0.75) - x.quantile(0.25)) / 1.349)
    ).to_numpy()


def train(data, **options):
    how = {"model": "logistic", "group": "speaker", "folds": 5, "normalize_by": "speaker"}
    return featkit.train(data, **how | options)


@pytest.fixture(scope="module")
def result():
    return train(speakers())


@pytest.fixture(scope="module")
def loaded(result, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "m.fk"
    result.model.save(file)
    return featkit.load_model(file)


def test_a_row_wise_split_normalises_whole_groups(result):
    # If the few test rows of a speaker were normalised alone, the score would fall for that reason.
    data = speakers()
    by_hand = data.assign(**dict(zip(FEATURES, standardised(data, "standard").T, strict=True)))
    expected = featkit.train(by_hand, model="logistic", group="speaker", folds=5)
    row_wise, by_hand = (asdict(one.evaluation.by_row.row_wise) for one in (result, expected))
    assert row_wise == pytest.approx(by_hand, rel=1e-9)  # means of groups are added in other orders


@pytest.mark.parametrize("method", ["standard", "robust"])
def test_test_rows_are_predicted_as_by_hand(method):
    data = speakers()
    result = train(data, normalization=method)
    Z, y, speaker = standardised(data, method), data["label"], data["speaker"]
    expected = np.empty(len(data))
    for name in speaker.unique():
        test = (speaker == name).to_numpy()
        fitted = pipeline("logistic").fit(Z[~test], y[~test])
        expected[test] = fitted.predict_proba(Z[test])[:, 1]
    np.testing.assert_allclose(result.predictions["p_loud"], expected, atol=1e-9)
    by_hand = pipeline("logistic").fit(Z, y).predict_proba(Z)[:, 1]
    predicted = result.model.predict(data).data
    np.testing.assert_allclose(predicted["p_loud"], by_hand, atol=1e-9)


def test_normalisation_helps_where_groups_hide_the_classes(result):
    plain = featkit.train(speakers(), model="logistic", group="speaker", folds=5)
    assert accuracy(plain, "logistic") < 0.8
    assert accuracy(result, "logistic") > 0.9


def test_scores_say_that_unlabelled_test_rows_are_used(result):
    normalization = result.scores["normalization"]
    assert normalization["by"] == "speaker"
    assert (normalization["groups"], normalization["small_groups"]) == (5, 0)
    assert "unlabelled rows of its speaker that are predicted with it" in normalization["note"]
    assert featkit.train(speakers(), model="logistic").scores["normalization"] is None


def test_any_number_of_workers_gives_the_same_bits(result, in_workers):
    assert (train(speakers(), n_jobs=2).predictions == result.predictions).all().all()


def test_the_labels_of_test_rows_have_no_influence():
    data = speakers()
    half = np.arange(len(data)) % 24 < 12
    data["part"] = np.where(half, "train", "test")
    other = data.copy()
    swapped = {"calm": "loud", "loud": "calm"}
    other.loc[~half, "label"] = data.loc[~half, "label"].map(swapped)
    how = {"group": None, "folds": None, "split": "part"}
    one, two = (train(own, **how).predictions for own in (data, other))
    np.testing.assert_array_equal(one["p_loud"], two["p_loud"])


def test_test_rows_do_not_influence_the_model():
    data = speakers()
    half = np.arange(len(data)) % 24 < 12
    data["part"] = np.where(half, "train", "test")
    other = data.copy()
    other.loc[~half, FEATURES] *= -3
    how = {"group": None, "folds": None, "split": "part"}
    one, two = (train(own, **how).model for own in (data, other))
    assert one.normalization == two.normalization
    np.testing.assert_array_equal(one.pipeline[-1].coef_, two.pipeline[-1].coef_)


def test_a_model_file_holds_the_statistics_of_the_training_rows(result, loaded):
    data = speakers()
    normalization = loaded.normalization
    assert normalization == result.model.normalization.__class__(
        by="speaker",
        method="standard",
        min_rows=10,
        median_rows=24.0,
        centre=normalization.centre,
        scale=normalization.scale,
    )
    np.testing.assert_allclose(normalization.centre, data[FEATURES].mean())
    np.testing.assert_allclose(normalization.scale, data[FEATURES].std(ddof=0))
    assert loaded.scores == result.scores
    assert (loaded.predict(data).data == result.model.predict(data).data).all().all()


@pytest.mark.parametrize(
    "change", [{"scale": [1, 1, 1, 0]}, {"centre": [0]}, {"by": "other"}, None], ids=str
)
def test_a_changed_normalisation_is_refused(loaded, tmp_path, change):
    loaded.save(tmp_path / "m.fk")
    parts = unpacked(tmp_path / "m.fk")
    metadata = json.loads(parts[METADATA])
    own = metadata["normalization"]
    metadata["normalization"] = None if change is None else own | change
    pack(tmp_path / "crafted.fk", parts | {METADATA: json.dumps(metadata).encode()})
    with pytest.raises(ModelError, match="normalisation"):
        featkit.load_model(tmp_path / "crafted.fk")


def test_inputs_are_what_the_pipeline_sees(loaded):
    data = speakers()
    inputs = loaded.inputs(loaded.read(data))
    np.testing.assert_allclose(inputs, standardised(data), atol=1e-9)


def test_a_model_refuses_rows_of_unknown_groups(loaded):
    data = speakers().drop(columns="speaker")
    for predict in (loaded.predict, lambda table: loaded.probabilities(loaded.read(table))):
        with pytest.raises(ModelError, match="no column 'speaker': say it with --group-from"):
            predict(data)


def test_rows_are_normalised_by_the_groups_that_are_named(loaded):
    data = speakers()
    expected = loaded.predict(data)
    assert expected.remarks[-1].endswith("5 speakers by column 'speaker'")
    other = data.rename(columns={"speaker": "person"})
    for group_from in ("person", "folder", "folder(path)", "stem(path, 3-4)", "{s}/{_}_{take}"):
        if group_from == "{s}/{_}_{take}":
            with pytest.raises(ParameterError, match="unclear"):
                loaded.predict(other, group_from=group_from)
            group_from = "{speaker}/{_}_{take}"
        predictions = loaded.predict(other, group_from=group_from)
        assert (predictions.data == expected.data).all().all()
        assert group_from in predictions.remarks[-1]


def test_numbers_may_name_groups(loaded, tmp_path):
    data = speakers()
    data["number"] = data["speaker"].str[1:].astype(int)
    expected = loaded.predict(data).data
    data.drop(columns="speaker").to_parquet(tmp_path / "t.parquet")
    predictions = loaded.predict(tmp_path / "t.parquet", group_from="number")
    assert (predictions.data == expected).all().all()


def test_the_order_of_rows_changes_no_input(loaded):
    data = speakers()
    order = np.random.default_rng(0).permutation(len(data))
    inputs = loaded.inputs(loaded.read(data))
    shuffled = loaded.inputs(loaded.read(data.iloc[order].reset_index(drop=True)))
    np.testing.assert_array_equal(shuffled, inputs[order])


def test_a_row_without_a_group_is_a_failure_and_the_others_are_predicted(loaded):
    data = speakers()
    data.loc[3, "speaker"] = ""
    predictions = loaded.predict(data)
    assert predictions.rows == len(data) - 1
    (failure,) = predictions.failures
    assert failure.path == data["path"][3]
    assert "its group is missing (column 'speaker')" in failure.message
    with pytest.raises(TableError, match="every row must be in a group"):
        loaded.probabilities(loaded.read(data))


def test_few_rows_of_a_group_give_a_warning(loaded):
    data = speakers()
    few = data[(data["speaker"] != "s0") | (np.arange(len(data)) < 4)].reset_index(drop=True)
    (warning,) = loaded.predict(few).warnings
    assert warning.startswith("1 of 5 speakers has fewer than 10 rows")


def test_a_model_without_normalisation_takes_no_groups():
    model = featkit.train(speakers(), model="logistic", group="speaker").model
    assert model.normalization is None
    with pytest.raises(ParameterError, match="does not normalise columns within groups"):
        model.predict(speakers(), group_from="speaker")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalize_by": "label"}, "is what is predicted"),
        ({"normalize_by": "copy"}, "the class under another name"),
        ({"normalize_by": "nothing"}, "unknown column 'nothing'"),
        ({"normalize_by": None, "normalization": "robust"}, "need the groups"),
        ({"normalize_by": None, "normalize_min_rows": 4}, "need the groups"),
        ({"normalize_min_rows": 1}, "at least 2"),
        ({"normalization": "z"}, "unknown normalization 'z'"),
        ({"normalize_by": "stem(path, 3-1)"}, "must not come after"),
    ],
    ids=str,
)
def test_wrong_settings_are_errors(options, message):
    data = speakers()
    data["copy"] = data["label"].str[0]
    with pytest.raises(ParameterError, match=message):
        train(data, **options)


def test_a_missing_group_in_training_is_an_error():
    data = speakers()
    data.loc[7, "speaker"] = ""
    with pytest.raises(TableError, match=r"no 'speaker', the first is row 8: every row must be"):
        train(data, group=None)


def test_doubtful_groups_give_warnings():
    data = speakers()
    data["half"] = data["speaker"] + "_" + data["label"]
    data.loc[:3, "half"] = "tiny"
    warnings = "\n".join(train(data, normalize_by="half").warnings)
    assert "1 of 11 halfs has fewer than 10 rows" in warnings
    assert "10 of 11 halfs have rows of one class only" in warnings
    all_small = "\n".join(train(data, normalize_by="half", normalize_min_rows=1000).warnings)
    assert "11 of 11 halfs have fewer than 1000 rows: these are normalised" in all_small
    assert "one class only" not in all_small  # they are not normalised within groups


def test_a_split_that_divides_the_groups_gives_a_warning(result):
    assert not any("part normalised by its own rows" in text for text in result.warnings)
    divided = train(speakers(), group=None)
    assert any("each part normalised by its own rows" in text for text in divided.warnings)


def test_the_numbers_of_a_speaker_are_no_feature():
    data = speakers()
    data["speaker"] = data["speaker"].str[1:].astype(int)
    assert train(data, group=None, normalize_by="speaker").model.columns == FEATURES


def test_feature_selection_and_calibration_see_normalised_rows():
    data = speakers(count=6, takes=12)
    result = train(data, model="sgd", select=2, calibrate="sigmoid", folds=3)
    assert accuracy(result, "sgd") > 0.85


def test_numbers_are_predicted_from_normalised_rows():
    data = speakers()
    Z = standardised(data)
    data["valence"] = Z[:, 0] + 0.1 * np.random.default_rng(0).normal(size=len(data))
    how = {"target": "valence", "group": "speaker", "folds": 5, "model": "ridge"}
    data = data.drop(columns="label")
    normal = featkit.train(data, normalize_by="speaker", **how)
    plain = featkit.train(data, **how)
    ridge = [own.scores["models"]["ridge"]["rmse"]["value"] for own in (normal, plain)]
    assert ridge[0] < 0.2 < ridge[1]
    assert normal.scores["normalization"]["by"] == "speaker"
    explanation = explain(normal.model, data, n_jobs=1)
    assert explanation.flaw == ""
    np.testing.assert_allclose(explanation.inputs, Z, atol=1e-9)


def test_several_labels_are_predicted_from_normalised_rows():
    data = speakers()
    Z = standardised(data)
    tags = [["high"] * bool(z[0] > 0) + ["wide"] * bool(z[1] > 0) for z in Z]
    data["tags"] = [";".join(own) or "none" for own in tags]
    how = {"multilabel": "tags", "group": "speaker", "folds": 5, "model": "logistic"}
    result = featkit.train(data.drop(columns="label"), normalize_by="speaker", **how)
    assert result.scores["normalization"]["by"] == "speaker"
    assert result.model.predict(data).rows == len(data)
