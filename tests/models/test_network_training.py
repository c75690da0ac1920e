"""Networks in a training: what they see of the rows, workers, prediction, evaluation."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from fake_networks import add_fake_network, recordings

import featkit
from featkit.errors import ModelError
from featkit.models.fit_summary import FitSummary
from featkit.models.fold_models import training_rows
from featkit.models.networks import epoch_files
from featkit.models.networks.extra import missing_extra
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import SequenceArray, Sequences
from featkit.table.sequences.writing import write_sequences

needs_torch = pytest.mark.skipif(bool(missing_extra()), reason="needs the extra deep")

FOLDS = [str(k // 12 + 1) for k in range(36)]

NETWORK = {"epochs": 2, "batch_size": 8, "time_warp": 0.1, "noise": 0.1, "mixup": 0.2}
"""Parameters with augmentation, and with early stopping."""


def with_values(table, change):
    """The same table; ``change(values)`` alters its sequences in place."""
    kind = table.sequences.kinds["mel"]
    values = kind.read()
    change(values)
    kinds = {"mel": SequenceArray.of(values, kind.lengths)}
    return dataclasses.replace(table, sequences=Sequences(kinds, table.sequences.provenance))


def test_a_fit_gets_the_sequences_of_its_training_rows(monkeypatch):
    fits = add_fake_network(monkeypatch)
    speakers = [f"s{k // 6}" for k in range(36)]
    table = recordings(fold=FOLDS, speaker=speakers)
    featkit.train(table, model="fake", fold="fold", compare_splits=False)
    values = table.sequences.kinds["mel"].read()
    folds = np.array(FOLDS)
    for fold, (X, y, groups) in zip(("1", "2", "3", None), fits, strict=True):
        train = folds != fold
        np.testing.assert_array_equal(X.kinds["mel"].read(), values[train])
        np.testing.assert_array_equal(y, table.column("label")[train])
        np.testing.assert_array_equal(groups, table.column("path")[train])


def fitted_networks(table, monkeypatch):
    """Train with real networks; return the network of each outer fold, and the result."""
    networks = {}
    measure = FitSummary.measure

    def keep(summary, pipeline):
        networks[summary.fold] = pipeline.named_steps["model"]
        measure(summary, pipeline)

    with monkeypatch.context() as patch:
        patch.setattr(FitSummary, "measure", keep)
        options = {"fold": "fold", "compare_splits": False}
        return networks, featkit.train(table, model="cnn", parameters=NETWORK, **options)


@pytest.fixture(scope="module")
def plain_training():
    """Real networks of a table, by fold, and the result."""
    with pytest.MonkeyPatch.context() as patch:
        return fitted_networks(recordings(fold=FOLDS, shape=(8, 10)), patch)


@needs_torch
@pytest.mark.parametrize("absurd", [1e6, np.nan])
def test_test_rows_have_no_influence_on_what_a_network_learns(absurd, plain_training, monkeypatch):
    """Neither scaler, nor augmentation, nor early stopping depend on the test rows."""
    table = recordings(fold=FOLDS, shape=(8, 10))
    is_test = np.array(FOLDS) == "1"

    def change(values):
        values[is_test] = absurd

    plain, result = plain_training
    changed, changed_result = fitted_networks(with_values(table, change), monkeypatch)
    assert plain["1"].state_.keys() == changed["1"].state_.keys()
    for name, weights in plain["1"].state_.items():
        np.testing.assert_array_equal(weights, changed["1"].state_[name])
    for one, other in zip(plain["1"].scales_["mel"], changed["1"].scales_["mel"], strict=True):
        np.testing.assert_array_equal(one, other)
    # Where the changed rows are training rows, everything differs.
    assert not np.array_equal(plain["2"].scales_["mel"].mean, changed["2"].scales_["mel"].mean)
    curves, changed_curves = (
        own.learning_curves.set_index("fold") for own in (result, changed_result)
    )
    pd.testing.assert_frame_equal(curves.loc["1"], changed_curves.loc["1"], check_exact=True)
    assert not curves.loc["2"].equals(changed_curves.loc["2"])


@needs_torch
def test_a_fit_reads_the_sequences_of_its_training_rows_only(monkeypatch):
    from featkit.models.networks.classifier import NetworkClassifier

    rows_read = []
    read, fit = SequenceArray.read, NetworkClassifier.fit

    def spy(array):
        if rows_read and rows_read[-1] is not None:
            rows_read[-1] |= {*array.places[:, 1].tolist()}
        return read(array)

    def watched(network, *args, **kwargs):
        rows_read.append(set())
        fitted = fit(network, *args, **kwargs)
        rows_read.append(None)
        return fitted

    monkeypatch.setattr(SequenceArray, "read", spy)
    monkeypatch.setattr(NetworkClassifier, "fit", watched)
    fitted_networks(recordings(fold=FOLDS, shape=(8, 10)), monkeypatch)
    folds = np.array(FOLDS)
    expected = [{*np.flatnonzero(folds != fold).tolist()} for fold in ("1", "2", "3", None)]
    assert [rows for rows in rows_read if rows is not None] == expected


@needs_torch
def test_any_number_of_workers_gives_the_same_model_and_shows_epochs(tmp_path, monkeypatch):
    monkeypatch.setattr(epoch_files, "SECONDS_BETWEEN_READS", 0.01)
    write_sequences(tmp_path / "seq", [recordings(shape=(8, 10))])
    steps = []
    options = {"model": "cnn", "folds": 2, "parameters": {"epochs": 2, "batch_size": 12}}
    table = tmp_path / "seq"
    one = featkit.train(table, **options)
    two = featkit.train(table, **options, n_jobs=2, progress=lambda p: steps.append(p.note))
    assert one.scores == two.scores
    for result, name in ((one, "one.fk"), (two, "two.fk")):
        result.model.save(tmp_path / name)
    assert (tmp_path / "one.fk").read_bytes() == (tmp_path / "two.fk").read_bytes()
    assert any(step.startswith("scoring: cnn, fold ") and "of 2" in step for step in steps)


def test_a_folder_of_sequences_is_a_table_and_is_joined_to_one(tmp_path, monkeypatch):
    add_fake_network(monkeypatch)
    whole = recordings(columns=["a", "b"])
    folder = tmp_path / "seq"
    write_sequences(folder, [whole])
    data = pd.DataFrame(whole.values, columns=["a", "b"]).assign(**whole.keys)
    mixed = data.sample(frac=1, random_state=0).reset_index(drop=True)
    alone = featkit.train(folder, model="fake", folds=3)
    joined = featkit.train(data, model="fake,logistic", sequences=folder, folds=3)
    in_memory = featkit.train(data, model="fake,logistic", sequences=whole, folds=3)
    assert alone.evaluation.models["fake"] == joined.evaluation.models["fake"]
    assert joined.scores == in_memory.scores
    shuffled = featkit.train(mixed, model="fake", sequences=folder, folds=3)
    assert shuffled.evaluation.kept.accuracy.value > 0.8


def test_several_tables_have_their_own_sequences(monkeypatch):
    add_fake_network(monkeypatch)
    parts = {"x": recordings(seed=1, columns=["a"]), "y": recordings(seed=2, columns=["a"])}
    tables = {name: dataclasses.replace(part, sequences=None) for name, part in parts.items()}
    options = {"model": "fake,logistic", "leave_one_dataset_out": True}
    whole = featkit.train(parts, **options)
    named = featkit.train(tables, sequences=parts, **options)
    listed = featkit.train(tables, sequences=list(parts.values()), **options)
    assert whole.scores == named.scores == listed.scores
    with pytest.raises(featkit.ParameterError, match="2 tables and 1 sequences"):
        featkit.train(tables, sequences=[parts["x"]], **options)
    with pytest.raises(featkit.ParameterError, match="unknown dataset 'z'"):
        featkit.train(tables, sequences={"x": parts["x"], "z": parts["y"]}, **options)
    with pytest.raises(featkit.ParameterError, match="no sequences of the dataset 'y'"):
        featkit.train(tables, sequences={"x": parts["x"]}, **options)
    with pytest.raises(featkit.ParameterError, match="must be a folder"):
        featkit.train(tables["x"], model="fake", sequences=3)
    with pytest.raises(featkit.TableError, match="is a recording of x and of y"):
        featkit.train(tables, sequences=parts["x"], **options)


def test_training_rows_are_recognised_and_predicted_by_the_models_of_folds(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"])
    result = featkit.train(table, model="fake,svm", folds=3, select=1)
    for own in (table, dataclasses.replace(table, feature_names=[], values=table.values[:, :0])):
        known = training_rows(result.model, own)
        assert known.trained.all()
        assert known.problem is not None
    evaluation = featkit.evaluate(result.model, table)
    P = result.predictions[["p_high", "p_low", "p_mid"]]
    np.testing.assert_array_equal(evaluation.predictions[P.columns], P)
    assert "contains the whole training table" in evaluation.warnings[0]
    other = recordings(seed=9, path=[f"new{k}.wav" for k in range(36)])
    assert not training_rows(result.model, other).trained.any()
    scores = featkit.evaluate(result.model, other).evaluation.evaluations[0].scores
    assert scores.accuracy.value > 0.8


def test_a_network_predicts_folders_and_tables_with_sequences(tmp_path, monkeypatch):
    add_fake_network(monkeypatch)
    whole = recordings(columns=["a", "b"])
    model = featkit.train(whole, model="fake", folds=2).model
    folder = tmp_path / "seq"
    write_sequences(folder, [whole])
    expected = model.pipeline.predict_proba(whole.sequences)
    table = dataclasses.replace(whole, sequences=None)
    for inputs, sequences in ((whole, None), (folder, None), (table, folder), (table, whole)):
        data = model.predict(inputs, sequences=sequences).data
        np.testing.assert_allclose(data[["p_high", "p_low", "p_mid"]], expected, rtol=1e-12)
    data = pd.DataFrame({"path": whole.keys["path"]})
    by_frame = model.predict(data, sequences=folder).data
    np.testing.assert_allclose(by_frame.filter(like="p_"), expected, rtol=1e-12)
    with pytest.raises(featkit.TableError, match="reads sequences, and the table has none"):
        model.predict(table)
    with pytest.raises(featkit.TableError, match="1 row of 1 have no sequences"):
        model.predict(pd.DataFrame({"path": ["other.wav"]}), sequences=folder)
    with pytest.raises(featkit.ModelError, match="columns, which networks do not use"):
        model.predict(whole, novelty=True)
    classical = featkit.train(table, model="logistic", folds=2).model
    with pytest.raises(featkit.TableError, match="has sequences only, and the model needs columns"):
        classical.predict(folder)
    with pytest.raises(featkit.ParameterError, match="of sound files are computed"):
        model.predict("sound.wav", sequences=folder)


def test_a_row_without_values_is_a_failure_and_changes_no_other(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings()
    model = featkit.train(table, model="fake", folds=2).model
    expected = model.predict(table).data

    def change(values):
        values[4] = np.nan

    kind = with_values(table, change).sequences.kinds["mel"]
    lengths = kind.lengths.copy()
    lengths[7] = 0
    kinds = {"mel": dataclasses.replace(kind, lengths=lengths)}
    sequences = dataclasses.replace(table.sequences, kinds=kinds)
    predictions = model.predict(dataclasses.replace(table, sequences=sequences))
    assert [failure.path for failure in predictions.failures] == ["04.wav", "07.wav"]
    assert "no frame with a value" in predictions.failures[0].message
    kept = expected.drop(index=[4, 7]).reset_index(drop=True)
    pd.testing.assert_frame_equal(predictions.data, kept, check_exact=True)


def test_sequences_of_another_set_are_refused(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings()
    model = featkit.train(table, model="fake", folds=2).model
    sequences = dataclasses.replace(
        table.sequences, provenance={**table.sequences.provenance, "fingerprint": "g"}
    )
    with pytest.raises(featkit.TableError, match="with another definition than that of the model"):
        model.predict(dataclasses.replace(table, sequences=sequences))


def test_an_evaluation_joins_sequences_and_has_no_shift_of_columns(monkeypatch):
    add_fake_network(monkeypatch)
    whole = recordings(columns=["a", "b"])
    both = featkit.train(whole, model="fake,logistic", folds=2)
    models = {"network": both.model, "columns": featkit.train(whole, model="logistic").model}
    other = recordings(seed=9, columns=["a", "b"], path=[f"new{k}.wav" for k in range(36)])
    table = dataclasses.replace(other, sequences=None)
    result = featkit.evaluate(models, table, sequences=other)
    assert [one.model for one in result.evaluation.evaluations] == ["network", "columns"]
    assert len(result.evaluation.comparisons) == 1
    assert result.scores == featkit.evaluate(models, {"table 1": other}).scores
    with pytest.raises(featkit.ParameterError, match="which the network 'network' does not use"):
        featkit.evaluate(models, other, training_table=whole)


def test_equal_sequences_under_two_names_are_a_warning_and_count_once(monkeypatch):
    add_fake_network(monkeypatch)

    def copy(values):
        values[3] = values[0]

    table = with_values(recordings(), copy)
    result = featkit.train(table, model="fake", folds=2)
    assert "00.wav = 03.wav" in result.warnings[0]
    other = recordings(seed=9, path=[f"new{k}.wav" for k in range(36)])
    scored = featkit.evaluate(result.model, with_values(other, copy)).evaluation.evaluations[0]
    assert scored.counts.repeated == 1


def test_a_likely_group_is_found_by_the_means_of_channels(monkeypatch):
    add_fake_network(monkeypatch)
    rng = np.random.default_rng(0)
    speaker = np.repeat(np.arange(12), 6)
    table = recordings(72, path=[f"s{s:02d}_{k % 6}.wav" for k, s in enumerate(speaker)])

    def change(values):
        values += 5 * rng.normal(size=(12, 3, 1))[speaker].astype(np.float32)

    result = featkit.train(with_values(table, change), model="fake", folds=3)
    assert result.evaluation.likely_groups
    assert result.evaluation.by_group is not None


def test_a_table_without_sequences_has_none_in_its_problem():
    table = recordings(columns=["a", "b"])
    with_them = featkit.train(table, model="logistic", folds=2)
    without = featkit.train(dataclasses.replace(table, sequences=None), model="logistic", folds=2)
    assert with_them.scores == without.scores
    assert with_them.model.training == without.model.training
    assert isinstance(table, FeatureTable)


@needs_torch
def test_a_model_file_names_weights_with_their_digest_only(plain_training, tmp_path):
    _, result = plain_training
    training = result.model.trained
    parameters = {**training.kept.parameters, "weights": "other.safetensors"}
    kept = dataclasses.replace(training.kept, parameters=parameters)
    changed = dataclasses.replace(training, kept=kept)
    dataclasses.replace(result.model, training_metadata=changed).save(tmp_path / "a.fk")
    with pytest.raises(ModelError, match="weights without its SHA-256"):
        featkit.load_model(tmp_path / "a.fk")
