"""The contract of every family: a new family is found and tested without an entry here."""

import contextlib
import dataclasses
import itertools
import re

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.dsp import disk_array
from featkit.dsp.disk_array import DiskArray
from featkit.errors import ParameterError
from featkit.features import analysis, statistics
from featkit.features.analysis import frame_values
from featkit.features.family import FAMILIES, Family
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.spectra import stack as stack_module
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
FURTHER_PACKAGES = {"embedding": ("onnx",)}
"""Optional packages that families need but that do not affect their values."""

REFERENCE_CASES = [
    pytest.param(family, case, id=f"{name}: {case.name}")
    for name, family in FAMILIES.items()
    for case in family.reference_cases
]


def features_of(family, statistics=("mean", "std"), **parameters):
    entry = {"family": family.name, **family.example, **parameters}
    if family.per == "frame":
        entry["statistics"] = list(statistics)
    return FeatureSet.from_dict({"features": [entry]})


def values_of(family, clips, sr=SR, **parameters):
    """Values over time, or of each clip, and the names of the rows."""
    features = features_of(family, **parameters)
    stack = Stack(clips, sr, SpectraParameters())
    names = [name for d in features.entries[0].descriptors for name, _ in d.names]
    return frame_values(stack, features)[0].values, names


def descriptors_of(family):
    """The default descriptors, or those of the example."""
    return features_of(family).entries[0].descriptors


def by_row(family, attribute):
    """An attribute of the descriptors, once for each row."""
    return [getattr(d, attribute) for d in descriptors_of(family) for _ in d.names]


def skip_without_packages(family):
    for package in (*family.packages, *FURTHER_PACKAGES.get(family.name, ())):
        pytest.importorskip(package)


@pytest.fixture(params=FAMILIES.values(), ids=FAMILIES)
def family(request):
    skip_without_packages(request.param)
    return request.param


def test_the_families_of_the_first_release_exist():
    expected = {"chroma", "mfcc", "onset_strength", "rms", "tempo", "wavelets"}
    expected |= {"zero_crossing_rate", "spectral_centroid", "spectral_bandwidth"}
    expected |= {"spectral_rolloff", "spectral_flatness", "spectral_contrast"}
    assert expected <= set(FAMILIES)


def test_every_family_is_a_family():
    assert all(isinstance(family, Family) for family in FAMILIES.values())


@pytest.mark.parametrize(("family", "case"), REFERENCE_CASES)
def test_reference_cases_have_their_expected_values(family, case):
    skip_without_packages(family)
    values, names = values_of(family, [case.signal(SR)], **case.parameters)
    middle = values[:, values.shape[1] // 2]
    for name, expected in case.expected.items():
        assert middle[names.index(name)] == pytest.approx(expected, abs=case.tolerance), name


def test_a_family_returns_a_row_for_each_name(family):
    clips = [signals.noise(SR), signals.sine(440.0, SR, duration=0.7)]
    ((values, segments),) = frame_values(Stack(clips, SR, SpectraParameters()), features_of(family))
    names = [name for d in descriptors_of(family) for name, _ in d.names]
    frames = [1 + SR // 512, 1 + round(0.7 * SR) // 512]
    assert len(segments) == 2
    assert family.own_frames or list(segments.lengths) == frames
    assert values.shape == (len(names), segments.total if family.per == "frame" else 2)
    assert values.dtype in (np.float32, np.float64)


def test_values_lie_within_their_range(family):
    clips = [signals.noise(SR, amplitude=0.2), signals.square(150.0, SR), signals.clicks(90, SR)]
    clips += [signals.impulse(SR), signals.sine(SR / 8, SR)]
    values, names = values_of(family, clips)
    ranges = zip(by_row(family, "low"), by_row(family, "high"), strict=True)
    for row, name, (low, high) in zip(values, names, ranges, strict=True):
        slack = 1e-6 * max(1.0, float(np.nanmax(np.abs(row), initial=0)))
        assert np.nanmin(row) >= low - slack, name
        assert np.nanmax(row) <= high + slack, name


@pytest.mark.parametrize(
    "clip",
    [
        pytest.param(signals.constant(SR, value=0.0), id="silence"),
        pytest.param(signals.constant(SR, duration=1 / SR, value=0.5), id="one sample"),
        pytest.param(signals.constant(SR, duration=1 / SR, value=0.0), id="one silent sample"),
        pytest.param(signals.noise(SR, duration=100 / SR), id="one frame"),
        pytest.param(signals.constant(SR, value=0.7), id="constant"),
        pytest.param(signals.square(1000.0, SR), id="full scale"),
        pytest.param(np.clip(10 * signals.noise(SR), -1, 1), id="clipped"),
        pytest.param(signals.noise(SR) * np.float32(1e-30), id="almost silent"),
        pytest.param(signals.noise(SR) * np.float32(1e4), id="far above full scale"),
    ],
)
def test_no_clip_gives_infinity_or_an_error(family, clip):
    row = featkit.analyse([clip], SR, features_of(family))[0]
    assert not np.isinf(row).any()


@pytest.mark.parametrize("sr", [1, 2, 5, 30, 100, 441, 1000, 4000])
def test_a_low_rate_gives_a_row_or_is_refused(family, sr):
    y = np.random.default_rng(0).standard_normal(300).astype(np.float32)
    features = dataclasses.replace(features_of(family), sample_rate=None)
    with contextlib.suppress(ParameterError):
        assert not np.isinf(featkit.analyse([y], sr, features)).any()


@pytest.mark.parametrize("sr", [16000, 48000, 192000])
@pytest.mark.parametrize("samples", [1, 3, 7])
def test_a_few_samples_give_a_row_at_any_common_rate(family, sr, samples):
    long_frames = SpectraParameters(n_fft=8192)  # pitch needs them at a high rate
    features = dataclasses.replace(features_of(family), sample_rate=None, spectra=long_frames)
    (row,) = featkit.analyse([signals.noise(sr)[:samples]], sr, features)
    assert not np.isinf(row).any()


def test_silence_is_undefined_exactly_where_the_documentation_says_so(family):
    values, names = values_of(family, [signals.constant(SR, value=0.0)])
    for row, name, text in zip(values, names, by_row(family, "undefined"), strict=True):
        undefined = not text.startswith("never") and re.search("silen|nothing begins", text)
        assert (np.isnan if undefined else np.isfinite)(row).all(), name


def test_twice_the_amplitude_changes_only_families_that_measure_level(family):
    quiet = signals.noise(SR, amplitude=0.05, seed=3) + signals.sine(700.0, SR, amplitude=0.05)
    quiet = np.concatenate([quiet, signals.sine(700.0, SR, amplitude=0.05)])  # has a pitch, too
    (once, names), (twice, _) = (values_of(family, [y]) for y in (quiet, 2 * quiet))
    changed, first = [], 0
    for d in descriptors_of(family):
        rows = slice(first, first + len(list(d.names)))
        slack = 1e-3 * np.nanmax(np.abs(once[rows]), initial=0)
        same = np.isclose(twice[rows], once[rows], rtol=1e-3, atol=slack, equal_nan=True)
        changed += [name for name, row in zip(names[rows], same, strict=True) if not row.all()]
        first = rows.stop
    assert bool(changed) == family.measures_level, changed


def test_a_family_is_deterministic_and_the_same_alone_and_among_others(family):
    clips = [signals.noise(SR, seed=k, duration=0.2 + 0.31 * k) for k in range(4)]
    features = features_of(family, statistics=("mean", "std", "median", "skew"))
    together = featkit.analyse(clips, SR, features)
    np.testing.assert_array_equal(together, featkit.analyse(clips, SR, features))
    alone = np.concatenate([featkit.analyse([clip], SR, features) for clip in clips])
    np.testing.assert_array_equal(together, alone)


class InAFile(DiskArray):
    """Samples that can only be read a few small blocks at a time."""

    def __init__(self, y):
        self.y = y

    def __len__(self):
        return len(self.y)

    def read(self, start, stop):
        # A block of 7 frames and its neighbours, 18 on each side for separation.
        assert stop - start <= (6 + 36) * 512 + 2048
        return self.y[start:stop]


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_a_family_is_the_same_from_a_file_in_small_blocks(family, pad_mode, monkeypatch):
    beats = signals.clicks(100, SR, duration=3.0) + signals.noise(SR, 3.0, amplitude=0.01)
    y = np.concatenate([beats, signals.constant(SR, 0.3, 0.0), signals.sine(445.0, SR, 0.4321)])
    features = features_of(family, statistics=("mean", "std", "median", "skew", "diff_std"))
    features = dataclasses.replace(features, spectra=SpectraParameters(pad_mode=pad_mode))
    whole = featkit.analyse([y], SR, features)
    monkeypatch.setattr(stack_module, "BLOCK_FRAMES", 7)
    monkeypatch.setattr(stack_module, "KEPT_BYTES", 0)
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 3000)
    monkeypatch.setattr(statistics, "SUMMARISED_VALUES", 1)
    (from_file,) = analysis.analyse_loaded([(InAFile(y), SR)], features)
    np.testing.assert_allclose(from_file, whole, rtol=1e-9, atol=1e-12)


def test_a_family_has_documentation(family):
    assert family.summary
    for descriptor in family.default_descriptors:
        assert descriptor.low < descriptor.high
        for text in (descriptor.definition, descriptor.reference, descriptor.undefined):
            assert text
            assert "\n" not in text
    for field in dataclasses.fields(family.parameters):
        assert field.metadata["doc"]


def test_invalid_parameters_are_named(family):
    with pytest.raises(ParameterError, match="no_such_key"):
        features_of(family, no_such_key=1)
    for field in dataclasses.fields(family.parameters):
        with pytest.raises(ParameterError, match=field.name):
            features_of(family, **{field.name: [1]})


def test_column_names_can_be_read_back(family):
    features = features_of(family, statistics=("mean", "diff_std", "p90"))
    if family.example:  # the example's file is not in the names
        assert [featkit.describe(name).name for name in features.column_names]
        with pytest.raises(ParameterError, match=f"{family.name}: "):
            FeatureSet.from_columns(features.column_names)
        return
    for column in features.columns:
        assert featkit.describe(column.name) == column
    restored = FeatureSet.from_columns(features.column_names)
    assert restored.columns == features.columns


AMBIGUOUS = {"dwt_entropy", "wavelet_packet_entropy"}
"""Columns whose number of levels only other columns contain, see `FeatureSet.from_columns`."""


def sets_with_other_components(family, field):
    """Feature sets of the family with other values of a parameter that change its components."""
    default = features_of(family, statistics=("mean",))
    for value in (field.default // 2, field.default + 1, 2 * field.default):
        with contextlib.suppress(ParameterError):
            features = features_of(family, statistics=("mean",), **{field.name: value})
            if features.column_names != default.column_names:
                yield features


def test_column_names_contain_the_number_of_components(family):
    clip = signals.noise(SR) + signals.sine(440.0, SR)
    fields = [f for f in dataclasses.fields(family.parameters) if type(f.default) is int]
    for field in fields:
        for features in itertools.islice(sets_with_other_components(family, field), 2):
            names = features.column_names
            (row,) = featkit.analyse([clip], SR, features)
            (restored,) = featkit.analyse([clip], SR, FeatureSet.from_columns(names))
            np.testing.assert_allclose(restored, row, rtol=1e-6, atol=1e-9)
            for name, value in zip(names, row, strict=True):
                if name not in AMBIGUOUS:
                    (alone,) = featkit.analyse([clip], SR, FeatureSet.from_columns([name]))
                    np.testing.assert_allclose(alone, [value], rtol=1e-6, atol=1e-9, err_msg=name)
