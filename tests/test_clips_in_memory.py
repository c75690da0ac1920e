"""Predictions for clips in memory: the bits of files, errors, threads, and inputs of `predict`."""

import copy
import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from learning import few_trees, tones

import featkit
from featkit import signals
from featkit._utils.combining import Combiner
from featkit.errors import AudioError, ModelError, ParameterError, TableError
from featkit.models import array_predictor

SR = 16000

FEATURES = {
    "name": "small",
    "sample_rate": 22050,
    "features": [
        {"family": "mfcc", "n_mfcc": 5, "statistics": ["mean", "std"]},
        {"family": "spectral_centroid", "statistics": ["mean"]},
    ],
}


def clip(k, seconds=0.6):
    """A tone or noise, with two channels of different levels."""
    mono = signals.noise(SR, seconds, seed=k) if k % 2 else signals.sine(300 + 40 * k, SR, seconds)
    return np.stack([mono, 0.5 * mono]).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files of clips, their samples, and a table of their segments."""
    folder, clips = (
        tmp_path_factory.mktemp("clips"),
        [clip(k, 0.6 + 0.1 * (k % 3)) for k in range(12)],
    )
    files = [folder / f"{k:02}.wav" for k in range(12)]
    for file, y in zip(files, clips, strict=True):
        soundfile.write(file, y.T, SR, subtype="FLOAT")
    table = featkit.extract(
        files, features=FEATURES, offset=0.05, segment=0.25, segment_tail="keep"
    ).table
    kinds = [("noise" if int(path[:2]) % 2 else "tone") for path in table.column("path").tolist()]
    return SimpleNamespace(
        files=files, clips=clips, table=table.with_key("label", np.array(kinds, dtype=object))
    )


@pytest.fixture(scope="module", params=["logistic", "random_forest"])
def model(request, corpus):
    with pytest.MonkeyPatch.context() as patch:
        few_trees(patch, 5)
        return featkit.train(corpus.table, model=request.param, folds=3, calibrate="sigmoid").model


def probabilities(predictions):
    return predictions.data.filter(like="p_").to_numpy()


def test_clips_have_the_probabilities_of_files(model, corpus):
    expected = probabilities(model.predict(corpus.files))
    actual = model.predict_arrays(corpus.clips, SR)
    assert actual.shape == (12, 2)
    np.testing.assert_array_equal(actual, expected)
    (alone,) = probabilities(model.predict(corpus.files[3]))
    np.testing.assert_array_equal(model.predict_arrays([corpus.clips[3]], SR)[0], alone)


def test_one_clip_gives_one_row_and_a_matrix_one_for_each_of_its_rows(model, corpus):
    left = corpus.clips[2][0]
    alone = model.predict_arrays(left, SR)
    assert alone.shape == (2,)
    assert alone.sum() == pytest.approx(1)
    np.testing.assert_array_equal(model.predict_arrays([left], SR), [alone])
    np.testing.assert_array_equal(model.predict_arrays(left.tolist(), SR), alone)
    both = model.predict_arrays(np.stack([left, left[::-1]]), SR)
    assert both.shape == (2, 2)
    np.testing.assert_allclose(both[0], alone, rtol=1e-12)
    assert model.predict_arrays([], SR).shape == (0, 2)


def test_integers_are_scaled_by_their_type(model, corpus):
    whole = np.rint(corpus.clips[1][0] * 32767).astype(np.int16)
    scaled = whole.astype(np.float32) / 32768
    np.testing.assert_array_equal(model.predict_arrays(whole, SR), model.predict_arrays(scaled, SR))


def test_shares_of_the_classes_are_those_of_files(model, corpus):
    shares = {"noise": 0.9, "tone": 0.1}
    expected = probabilities(model.predict(corpus.files[:4], class_prior=shares))
    actual = model.predict_arrays(corpus.clips[:4], SR, class_prior=shares)
    np.testing.assert_array_equal(actual, expected)
    assert not np.allclose(actual, model.predict_arrays(corpus.clips[:4], SR))


def test_threads_get_the_bits_of_one_thread(model, corpus):
    expected = [model.predict_arrays([y], SR) for y in corpus.clips]
    bad = np.full(SR, np.nan)

    def ask(k):
        if k % 13 == 12:
            with pytest.raises(AudioError, match="every sample must be finite"):
                model.predict_arrays(bad, SR)
            return None
        return model.predict_arrays([corpus.clips[k % 13]], SR)

    with ThreadPoolExecutor(8) as threads:
        answers = [*threads.map(ask, range(13 * 6))]
    for k, answer in enumerate(answers):
        if k % 13 != 12:
            np.testing.assert_array_equal(answer, expected[k % 13])


def test_long_clips_are_computed_by_their_own_thread(model, corpus, monkeypatch):
    expected = model.predict_arrays(corpus.clips, SR)
    monkeypatch.setattr(array_predictor, "SAMPLES_ALONE", 0)
    monkeypatch.setattr(Combiner, "__call__", None)
    np.testing.assert_array_equal(model.predict_arrays(corpus.clips, SR), expected)
    with pytest.raises(AudioError, match="no samples"):
        model.predict_arrays(np.zeros(0), SR)


@pytest.mark.parametrize(
    ("y", "sr", "message"),
    [
        (np.zeros(0), SR, "no samples after the offset of 0.05 s"),
        (np.array([0.1, np.inf] * SR), SR, "sample 801 is inf"),
        (np.zeros(SR), 0, "the rate must be a positive number of Hz, got 0"),
        (np.zeros(SR), None, "the rate must be a positive number of Hz, got None"),
        (np.zeros(SR), 1e9, "the sample rate is 1e[+]09 Hz"),
        (np.zeros(SR, dtype=complex), SR, "expected numbers of shape"),
        ([np.zeros(SR), np.zeros(0)], SR, "clip 1: samples: no samples"),
    ],
)
def test_clips_that_cannot_be_used_are_errors(model, y, sr, message):
    with pytest.raises(AudioError, match=message):
        model.predict_arrays(y, sr)


@pytest.mark.parametrize("y", [np.zeros((2, 3, 4)), "a.wav", 3, None])
def test_other_inputs_are_errors(model, y):
    with pytest.raises(ParameterError, match="y must be"):
        model.predict_arrays(y, SR)


def test_a_clip_shorter_than_a_segment_is_an_error(corpus):
    table = featkit.extract(corpus.files, features=FEATURES, segment=0.25).table
    table = table.with_key("label", np.array(["a", "b"] * (len(table) // 2), dtype=object))
    model = featkit.train(table, model="logistic", folds=3).model
    with pytest.raises(AudioError, match=r"0\.1 s is shorter than one segment of 0\.25 s"):
        model.predict_arrays(np.zeros(SR // 10), SR)


def test_numbers_are_predicted_as_of_files(corpus):
    """Ridge regression; the other regressors are tested by their pipelines."""
    level = np.arange(len(corpus.table)) % 7 + 0.5
    table = corpus.table.with_key("level", level.astype(str).astype(object))
    model = featkit.train(table, target="level", model="ridge", folds=3).model
    expected = model.predict(corpus.files).data["predicted"].to_numpy()
    np.testing.assert_array_equal(model.predict_arrays(corpus.clips, SR)[:, 0], expected)


def test_models_that_need_other_recordings_are_refused(corpus):
    sites = np.array(
        [str(int(path[:2]) // 4) for path in corpus.table.column("path")], dtype=object
    )
    table = corpus.table.with_key("site", sites)
    model = featkit.train(table, model="logistic", folds=3, normalize_by="site").model
    with pytest.raises(ModelError, match="predict all of them together"):
        model.predict_arrays(corpus.clips[0][0], SR)


def test_models_of_tables_are_refused():
    model = featkit.train(tones(), model="logistic", folds=3).model
    with pytest.raises(ModelError, match="predicts from tables only"):
        model.predict_arrays(np.zeros(SR), SR)


def test_predict_takes_pairs_and_file_objects(model, corpus, tmp_path):
    pairs = [(y, SR) for y in corpus.clips[:3]]
    expected = probabilities(model.predict(corpus.files[:3]))
    from_pairs = model.predict(pairs)
    np.testing.assert_array_equal(probabilities(from_pairs), expected)
    assert from_pairs.data["path"].tolist() == ["clip 0", "clip 1", "clip 2"]
    assert (from_pairs.files, from_pairs.rows) == (3, 3)
    encoded = [io.BytesIO(file.read_bytes()) for file in corpus.files[:2]]
    with corpus.files[2].open("rb") as last:
        from_files = model.predict([*encoded, last], output=tmp_path / "p.csv")
    np.testing.assert_allclose(probabilities(from_files), expected, rtol=1e-12)
    assert from_files.data["path"].tolist() == ["file 0", "file 1", str(corpus.files[2])]
    (alone,) = probabilities(model.predict(pairs[1]))
    np.testing.assert_array_equal(alone, probabilities(model.predict(corpus.files[1]))[0])


def test_segments_in_memory_have_the_times_of_files(model, corpus):
    expected = model.predict(corpus.files[:2], per="segment").data.drop(columns="path")
    actual = model.predict([(y, SR) for y in corpus.clips[:2]], per="segment").data
    assert actual.drop(columns="path").equals(expected)


def test_recordings_in_memory_that_cannot_be_read_are_failures(model, corpus, tmp_path):
    sources = [(corpus.clips[0], SR), (np.zeros(0), SR), (np.full(SR, np.nan), SR)]
    predictions = model.predict(sources, output=tmp_path / "p.csv")
    assert predictions.data["path"].tolist() == ["clip 0"]
    assert [failure.path for failure in predictions.failures] == ["clip 1", "clip 2"]
    assert "clip 2" in (tmp_path / "p.csv.failures.csv").read_text("utf-8")
    (failure,) = model.predict(io.BytesIO(b"no sound")).failures
    assert (failure.path, failure.stage) == ("file 0", "decode")
    closed = io.BytesIO()
    closed.close()
    failures = model.predict([io.StringIO("text"), closed]).failures
    assert [failure.stage for failure in failures] == ["open", "open"]
    assert "must give bytes, not text" in failures[0].message


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (np.zeros(SR), {}, "without its sample rate: give \\(y, sr\\)"),
        ([(np.zeros(SR), SR), "a.wav"], {}, "give paths, or recordings in memory, but not both"),
        ((np.zeros(SR), SR), {"timeout": 3.0}, "timeout cannot be used with memory, only with"),
        (3, {}, "got a int"),
    ],
)
def test_other_inputs_of_predict_are_errors(model, inputs, options, message):
    with pytest.raises(ParameterError, match=message):
        model.predict(inputs, **options)


def test_a_table_that_lacks_columns_is_an_error(model):
    with pytest.raises(TableError, match="lacks"):
        model.predict(tones())


def test_a_model_that_predicted_arrays_can_be_copied(model, corpus):
    expected = model.predict_arrays(corpus.clips[0], SR)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict_arrays(corpus.clips[0], SR), expected)
