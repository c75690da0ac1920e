"""Unusual and damaged sound: a row with documented gaps, or a failure with its cause.

Warnings are errors in every test. Nothing may be printed, not even by C libraries.
"""

import struct

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals

SR = 22050

FRAME_STATISTICS = {"mean", "std", "min", "max", "median", "p10", "p90"}
"""Statistics that every clip of at least one frame has."""


def tone(sr, duration=1.0):
    return signals.sine(440.0, sr, duration) + signals.noise(sr, duration, amplitude=0.02)


def write(path, y, sr=SR, **kwargs):
    soundfile.write(path, y, sr, **kwargs)
    return path


def cut_mp3(path):
    write(path, tone(SR, 2.0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def promising_header(path):
    """A header that promises 4 GB."""
    write(path, tone(SR))
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(data)


ROWS = {
    "silence.wav": lambda path: write(path, np.zeros(SR)),
    "half_silence.wav": lambda path: write(path, np.append(np.zeros(SR // 2), tone(SR, 0.5))),
    "dc.wav": lambda path: write(path, signals.constant(SR, value=0.5)),
    "full_scale_dc.wav": lambda path: write(path, signals.constant(SR, value=-1.0)),
    "one_sample.wav": lambda path: write(path, np.array([0.5])),
    "hundred_samples.wav": lambda path: write(path, tone(SR)[:100]),
    "full_scale_square.wav": lambda path: write(path, signals.square(441.0, SR)),
    "impulse.wav": lambda path: write(path, signals.impulse(SR)),
    "least_bit.wav": lambda path: write(path, signals.square(100.0, SR, amplitude=2**-15)),
    "subnormal.wav": lambda path: write(path, tone(SR) * np.float32(1e-40), subtype="FLOAT"),
    "too_loud.wav": lambda path: write(path, tone(SR) * 1000, subtype="FLOAT"),
    "cut.mp3": cut_mp3,
    "promising_header.wav": promising_header,
    "eight_channels.wav": lambda path: write(path, np.stack([tone(SR)] * 8, axis=1)),
    "8_khz.wav": lambda path: write(path, tone(8000), 8000),
    "192_khz.wav": lambda path: write(path, tone(192000), 192000),
}

FAILURES = {
    "nan.wav": (
        lambda path: write(path, np.append(tone(SR), np.nan), subtype="FLOAT"),
        ("samples", "sample 22050 is nan: every sample must be finite"),
    ),
    "infinite.wav": (
        lambda path: write(path, np.append(tone(SR), -np.inf), subtype="FLOAT"),
        ("samples", "sample 22050 is -inf: every sample must be finite"),
    ),
    "text.wav": (
        lambda path: path.write_text("no samples here\n" * 50),
        ("decode", "libsndfile cannot decode this file"),
    ),
    "empty.wav": (lambda path: path.touch(), ("open", "the file is empty (0 bytes)")),
    "header.wav": (lambda path: write(path, np.zeros(0)), ("samples", "no samples")),
    "riff.wav": (
        lambda path: path.write_bytes(b"RIFF"),
        ("decode", "libsndfile cannot decode this file"),
    ),
    "text.au": (
        lambda path: path.write_text("no samples here\n" * 50),
        ("decode", "libsndfile cannot decode this file"),
    ),
    "text.mp3": (
        lambda path: path.write_text("no samples here\n" * 50),
        ("decode", "libsndfile cannot decode this file"),
    ),
    "zeros.ogg": (
        lambda path: path.write_bytes(bytes(5000)),
        ("decode", "libsndfile cannot decode this file"),
    ),
    "astronomical.wav": (
        lambda path: write(path, tone(SR) * np.float32(1e30), subtype="FLOAT"),
        (None, None),
    ),
}

SETS = ["standard", "genre75"]
_STANDARD = featkit.feature_set("standard").as_dict()
WITHOUT_PITCH = _STANDARD | {
    "features": [
        entry for entry in _STANDARD["features"] if entry["family"] not in ("pitch", "harmonicity")
    ],
    "exclude": [name for name in _STANDARD["exclude"] if not name.startswith("voiced")],
}
"""The part of `standard` for any rate: at 192 kHz a frame is shorter than a period of low pitch."""


def native(name):
    return featkit.feature_set(featkit.feature_set(name).as_dict() | {"sample_rate": "native"})


def extract(path, features):
    return featkit.extract(path, features=features, n_jobs=1)


def row_of(path, features):
    extraction = extract(path, features)
    assert not extraction.failures
    (row,) = extraction.table.features.to_dict("records")
    return row


def check_row(row, features):
    """No infinite values, and NaN only where a column documents it."""
    columns = featkit.feature_set(features).columns
    assert list(row) == [column.name for column in columns]
    for column in columns:
        value = row[column.name]
        assert not np.isinf(value), column.name
        if column.undefined.startswith("never") and column.statistic in FRAME_STATISTICS:
            assert not np.isnan(value), column.name


@pytest.mark.parametrize("features", SETS)
@pytest.mark.parametrize("name", ROWS)
def test_sound_gives_a_row_and_prints_nothing(tmp_path, capfd, name, features):
    ROWS[name](tmp_path / name)
    row = row_of(tmp_path / name, features)
    assert capfd.readouterr() == ("", "")
    check_row(row, features)


@pytest.mark.parametrize("features", ["genre75", WITHOUT_PITCH], ids=["genre75", "standard"])
@pytest.mark.parametrize("name", ["8_khz.wav", "192_khz.wav", "one_sample.wav", "silence.wav"])
def test_a_native_rate_gives_a_row_and_prints_nothing(tmp_path, capfd, name, features):
    ROWS[name](tmp_path / name)
    row = row_of(tmp_path / name, native(features))
    assert capfd.readouterr() == ("", "")
    check_row(row, native(features))


@pytest.mark.parametrize("features", SETS)
@pytest.mark.parametrize("name", FAILURES)
def test_other_files_fail_with_a_cause_and_print_nothing(tmp_path, capfd, name, features):
    make, (stage, message) = FAILURES[name]
    make(tmp_path / name)
    extraction = extract(tmp_path / name, features)
    assert capfd.readouterr() == ("", "")
    assert len(extraction.table) == 0
    (failure,) = extraction.failures
    assert (failure.path, failure.error) == (name, "AudioError")
    assert stage in (None, failure.stage)
    assert failure.message
    assert message is None or failure.message.startswith(message)
    assert str(tmp_path) not in failure.message


def test_a_file_gives_the_same_row_alone_and_in_a_batch(tmp_path):
    for name, make in ROWS.items():
        make(tmp_path / name)
    for name, (make, _) in FAILURES.items():
        make(tmp_path / name)
    extraction = extract(tmp_path, "standard")
    assert {failure.path for failure in extraction.failures} == set(FAILURES)
    assert sorted(extraction.table.data["path"]) == sorted(ROWS)
    rows = extraction.table.data.set_index("path")[extraction.table.feature_names]
    for name in ROWS:
        alone = row_of(tmp_path / name, "standard")
        np.testing.assert_array_equal(rows.loc[name].to_numpy(), np.array(list(alone.values())))


# Values of the rows


@pytest.mark.parametrize("features", SETS)
def test_silence_is_undefined_where_the_columns_document_it_and_never_0(tmp_path, features):
    row = row_of(ROWS["silence.wav"](tmp_path / "silence.wav"), features)
    undefined = set()
    for column in featkit.feature_set(features).columns:
        if "silence" in column.undefined and not column.undefined.startswith("never"):
            assert np.isnan(row[column.name]), column.name
            undefined.add(column.descriptor)
    expected = {"chroma", "spectral_centroid", "spectral_bandwidth"}
    if features == "genre75":
        expected |= {"spectral_rolloff"}
    else:
        expected |= {f"spectral_rolloff_{share}" for share in (25, 50, 85, 95)}
        expected |= {"spectral_skewness", "spectral_kurtosis", "spectral_slope"}
        expected |= {"spectral_decrease", "spectral_crest", "spectral_entropy", "spectral_flux"}
        expected |= {"band_energy_share", "dwt_log_energy", "dwt_energy_share", "dwt_entropy"}
        expected |= {"f0", "harmonic_to_noise_ratio", "inharmonicity", "odd_to_even_ratio"}
        expected |= {"tonnetz", "tristimulus", "effective_duration", "temporal_centroid"}
        expected |= {"log_attack_time", "log_decay_time"}
    assert undefined == expected
    assert np.isnan(row["tempo"])
    for name in ("rms_mean", "rms_std", "zero_crossing_rate_mean", "zero_crossing_rate_std"):
        assert row[name] == 0
    assert np.isfinite(row["mfcc_1_mean"])


def test_wavelets_of_silence_have_a_size_of_0_but_no_energy_shares(tmp_path):
    row = row_of(ROWS["silence.wav"](tmp_path / "silence.wav"), "standard")
    for band in ("a7", *(f"d{k}" for k in range(1, 8))):
        assert row[f"dwt_mean_abs_{band}"] == row[f"dwt_std_{band}"] == 0
        assert np.isnan(row[f"dwt_log_energy_{band}"])


@pytest.mark.parametrize("name", ["one_sample.wav", "hundred_samples.wav"])
def test_a_clip_too_short_for_a_statistic_has_none(tmp_path, name):
    row = row_of(ROWS[name](tmp_path / name), "standard")
    for column in featkit.feature_set("standard").columns:
        if column.family == "wavelets" or column.statistic in ("diff_mean", "diff_std", "skew"):
            assert np.isnan(row[column.name]), column.name
    assert np.isnan(row["tempo"])
    assert row["spectral_centroid_mean"] > 0
    assert row["rms_mean"] > 0
    assert row["rms_std"] == 0


def test_dc_has_a_level_and_no_crossing(tmp_path):
    row = row_of(ROWS["dc.wav"](tmp_path / "dc.wav"), "standard")
    assert row["rms_p90"] == pytest.approx(0.5, rel=1e-4)
    assert row["zero_crossing_rate_p90"] == 0
    assert row["spectral_centroid_median"] < 100
    assert row["dwt_energy_share_a7"] == pytest.approx(1.0, abs=1e-6)


def test_a_full_scale_square_has_full_level(tmp_path):
    row = row_of(ROWS["full_scale_square.wav"](tmp_path / "a.wav"), "standard")
    assert row["rms_median"] == pytest.approx(1.0, rel=1e-3)
    assert row["zero_crossing_rate_median"] == pytest.approx(2 * 441 / SR, rel=0.03)


def test_eight_equal_channels_equal_one(tmp_path):
    one = row_of(write(tmp_path / "one.wav", tone(SR)), "standard")
    eight = row_of(ROWS["eight_channels.wav"](tmp_path / "eight.wav"), "standard")
    np.testing.assert_array_equal(list(eight.values()), list(one.values()))


@pytest.mark.parametrize("name", ["8_khz.wav", "192_khz.wav"])
def test_the_rate_of_a_file_does_not_change_its_pitch(tmp_path, name):
    path = ROWS[name](tmp_path / name)
    for features in ("genre75", native("genre75")):
        assert row_of(path, features)["chroma_a_mean"] == pytest.approx(1.0, abs=0.05)


def test_bands_above_half_the_rate_are_undefined(tmp_path):
    path = ROWS["8_khz.wav"](tmp_path / "8_khz.wav")
    contrast = {"family": "spectral_contrast", "statistics": ["mean"]}
    row = row_of(path, {"features": [contrast], "sample_rate": "native"})
    # The bands begin at 0 Hz and at 200 Hz times powers of 2: the last at 6400 Hz.
    assert np.isnan(row["spectral_contrast_6_mean"])
    assert np.isfinite(row["spectral_contrast_5_mean"])


def test_a_truncated_mp3_gives_its_decoded_part(tmp_path):
    cut_mp3(tmp_path / "cut.mp3")
    extraction = extract(tmp_path / "cut.mp3", "genre75")
    assert 0.5 < extraction.table.data["end"].iloc[0] < 1.5
    assert extraction.table.data["chroma_a_mean"].iloc[0] > 0.9
