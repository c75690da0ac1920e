"""`FeatureExtractor` passes scikit-learn's checks and works in pipelines."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import featkit
from featkit import FeatureExtractor, signals

SR = 22050

NOT_APPLICABLE = {
    "check_n_features_in": "clips may differ in length; it is not a number of features",
    "check_n_features_in_after_fitting": "the same",
    "check_transformer_general": "it expects an error for clips of another length than in fit",
    "check_estimators_dtypes": "it casts floats to integers, which are refused",
    "check_dtype_object": "an object array contains recordings; its numbers have no sample rate",
}
"""Checks of scikit-learn that do not apply to sound, with the reason."""

TINY = {
    "sample_rate": "native",
    "spectra": {"n_fft": 16, "hop_length": 4, "n_mels": 4},
    "features": [{"family": "rms", "statistics": ["mean", "std"]}],
}


@parametrize_with_checks(
    [FeatureExtractor(TINY, sr=SR)], expected_failed_checks=lambda estimator: NOT_APPLICABLE
)
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Eight short files, noise and sines."""
    folder = tmp_path_factory.mktemp("clips")
    paths = []
    for k in range(8):
        y = signals.noise(SR, 0.3, seed=k) if k % 2 else signals.sine(300.0 + 40 * k, SR, 0.3)
        soundfile.write(folder / f"{k}.wav", y, SR, subtype="FLOAT")
        paths.append(folder / f"{k}.wav")
    return paths


def test_paths_and_arrays_give_the_same_rows(files):
    arrays = [soundfile.read(file, dtype="float32") for file in files]
    extractor = FeatureExtractor("genre75")
    from_files = extractor.fit_transform(files)
    np.testing.assert_array_equal(from_files, extractor.transform(arrays))
    np.testing.assert_array_equal(from_files, extractor.transform([str(file) for file in files]))
    with_sr = FeatureExtractor("genre75", sr=SR).fit_transform([y for y, _ in arrays])
    np.testing.assert_array_equal(from_files, with_sr)


def test_rows_equal_those_of_extract(files):
    table = featkit.extract(files, features="genre75").table
    rows = FeatureExtractor("genre75").fit_transform(files)
    np.testing.assert_array_equal(rows, table.features.to_numpy())


def test_the_number_of_workers_does_not_change_the_values(files):
    one = FeatureExtractor("genre75", n_jobs=1).fit_transform(files)
    two = FeatureExtractor("genre75", n_jobs=2).fit_transform(files)
    np.testing.assert_array_equal(one, two)


def test_pandas_output_has_the_columns(files):
    extractor = FeatureExtractor("genre75").set_output(transform="pandas")
    table = extractor.fit_transform(files)
    assert list(table.columns) == list(featkit.feature_set("genre75").column_names)
    assert list(extractor.get_feature_names_out()) == list(table.columns)


def test_parameters_can_be_set_and_cloned():
    extractor = FeatureExtractor("genre75", offset=1.0, duration=5.0, pad=True, n_jobs=2)
    parameters = extractor.get_params()
    assert parameters["duration"] == 5.0
    assert clone(extractor).get_params() == parameters
    assert extractor.set_params(features="standard").features == "standard"


def test_it_works_in_a_pipeline_and_a_grid_search(files):
    labels = [k % 2 for k in range(len(files))]
    pipeline = make_pipeline(
        FeatureExtractor({"features": [{"family": "rms", "statistics": ["mean"]}]}),
        StandardScaler(),
        LogisticRegression(),
    )
    flatness = {"features": [{"family": "spectral_flatness", "statistics": ["mean"]}]}
    rms = {"features": [{"family": "rms", "statistics": ["mean"]}]}
    search = GridSearchCV(pipeline, {"featureextractor__features": [rms, flatness]}, cv=2)
    search.fit(files, labels)
    assert search.best_score_ == 1.0
    assert list(search.predict(files)) == labels


def test_excerpts_are_read(files):
    padded = FeatureExtractor("genre75", duration=0.5, pad=True).fit_transform(files[:1])
    y, _ = featkit.load(files[0], duration=0.5, pad=True)
    np.testing.assert_array_equal(padded, featkit.analyse([y], SR, featkit.feature_set("genre75")))


def test_a_column_of_paths_is_accepted(files):
    extractor = FeatureExtractor({"features": [{"family": "rms", "statistics": ["mean"]}]})
    expected = extractor.fit_transform(files)
    table = pd.DataFrame({"path": list(map(str, files))})
    for columns in ("path", ["path"]):
        transformer = ColumnTransformer([("sound", extractor, columns)])
        np.testing.assert_array_equal(transformer.fit_transform(table), expected)


@pytest.mark.parametrize(("sr", "X"), [(-1, ["a.wav"]), (None, np.zeros((2, 5)))])
def test_an_invalid_rate_is_refused_before_anything_is_read(sr, X):
    with pytest.raises(featkit.ParameterError, match="sr"):
        FeatureExtractor("genre75", sr=sr).fit(X)


def test_an_unfitted_extractor_is_refused(files):
    with pytest.raises(NotFittedError):
        FeatureExtractor().transform(files)


def test_the_error_of_a_broken_file_names_it(files, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    extractor = FeatureExtractor("genre75").fit(files)
    with pytest.raises(featkit.AudioError, match=r"broken\.wav: decode"):
        extractor.transform([*files, broken])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("one.wav", "must be a list of recordings"),
        ([], "contains no recordings"),
        (np.zeros(5), "one clip is X.reshape"),
        (np.full((2, 5), np.nan), "NaN or infinity"),
        ((np.zeros(5), SR), r"pass \[\(y, sr\)\]"),
    ],
)
def test_other_input_than_a_list_of_recordings_is_refused(X, message):
    with pytest.raises(featkit.ParameterError, match=message):
        FeatureExtractor(sr=SR).fit(X)
