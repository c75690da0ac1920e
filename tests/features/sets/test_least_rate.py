"""A set may state the least rate of recordings: below it there is a warning."""

import dataclasses
import warnings

import numpy as np
import pytest
import soundfile
from command_line import run

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.features.sets.feature_set import FeatureSet

RMS = [{"family": "rms", "statistics": ["mean"]}]
SET = featkit.feature_set(
    {"name": "calls", "sample_rate": 16000, "least_rate": 16000, "features": RMS}
)
WARNING = "the feature set calls is defined for recordings of at least 16,000 Hz, got 8,000 Hz"


def test_the_rate_is_stored_but_does_not_decide_about_values():
    assert FeatureSet.from_dict(SET.as_dict()).least_rate == 16000
    without = dataclasses.replace(SET, least_rate=None)
    assert without.fingerprint == SET.fingerprint
    assert "least_rate" not in without.as_dict()


@pytest.mark.parametrize("value", [0, -1, "fast", True])
def test_an_invalid_rate_is_refused(value):
    with pytest.raises(ParameterError, match="least_rate must be a rate in Hz"):
        featkit.feature_set({"least_rate": value, "features": RMS})


def test_samples_of_a_lower_rate_give_a_warning():
    with pytest.warns(UserWarning, match=WARNING):
        row = featkit.analyse([signals.sine(100.0, 8000)], 8000, SET)
    assert row[0, 0] == pytest.approx(0.5 / np.sqrt(2), abs=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert featkit.analyse([signals.sine(100.0, 16000)], 16000, SET).shape == (1, 1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_transformer_warns_once(n_jobs):
    clips = [(signals.sine(100.0, sr), sr) for sr in (8000, 44100, 8000) * 30]
    extractor = featkit.FeatureExtractor(SET, n_jobs=n_jobs).fit(clips)
    with pytest.warns(UserWarning, match=WARNING) as caught:
        assert len(extractor.transform(clips)) == 90
    assert len(caught) == 1


def test_a_batch_counts_the_recordings_of_a_lower_rate(tmp_path):
    for name, sr in (("a", 8000), ("b", 8000), ("c", 11025), ("d", 44100)):
        soundfile.write(tmp_path / f"{name}.wav", signals.sine(100.0, sr), sr)
    extraction = featkit.extract(tmp_path, features=SET, n_jobs=1)
    assert [remark.partition(",")[0] for remark in extraction.remarks] == [
        "2 recordings: the feature set calls is defined for recordings of at least 16",
        "1 recording: the feature set calls is defined for recordings of at least 16",
    ]
    assert "got 11,025 Hz" in extraction.remarks[1]
    assert extraction.rows == 4
    resumed = tmp_path / "out.parquet"
    for _ in range(2):
        assert len(featkit.extract(tmp_path, output=resumed, features=SET).remarks) == 2


@pytest.mark.parametrize(
    ("name", "least"), [("voice", 16e3), ("voice88", 16e3), ("soundscape", 2e4)]
)
def test_sets_whose_columns_need_a_rate_state_it(name, least):
    assert "at least" in featkit.feature_set(name).rate_warning(8000)
    assert featkit.feature_set(name).rate_warning(least) == ""
    assert f"of at least {least:,g} Hz" in run("features", name).output
