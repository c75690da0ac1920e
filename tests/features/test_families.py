"""One contract for every family that is found: a new one inherits these tests."""

import contextlib
import dataclasses
import itertools
import re

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit._utils.registry import RegistryError
from featkit.dsp import disk_array
from featkit.dsp.disk_array import OnDisk
from featkit.errors import ParameterError
from featkit.features import analysis, spectra
from featkit.features import families as families_package
from featkit.features import family as family_module
from featkit.features.analysis import _descriptors
from featkit.features.family import Family, FamilyError, check_contract, families
from featkit.features.sets.registry import FeatureSet
from featkit.features.spectra import SpectraParameters, Stack

SR = 22050
FAMILIES = families()
ORACLES = [
    pytest.param(family, oracle, id=f"{name}: {oracle.name}")
    for name, family in FAMILIES.items()
    for oracle in family.oracles
]


def features_of(family, statistics=("mean", "std"), **parameters):
    entry = {"family": family.name, **parameters}
    if family.per == "frame":
        entry["statistics"] = list(statistics)
    return FeatureSet.from_dict({"features": [entry]})


def values_of(family, clips, sr=SR, **parameters):
    """Values over time, or of each clip, and the names of the rows."""
    features = features_of(family, **parameters)
    stack = Stack(clips, sr, SpectraParameters())
    names = [name for d in features.entries[0].descriptors for name, _ in d.names]
    return _descriptors(stack, features)[0], names


@pytest.fixture(params=FAMILIES.values(), ids=FAMILIES)
def family(request):
    return request.param


def test_the_families_of_the_first_release_are_there():
    expected = {"chroma", "mfcc", "onset_strength", "rms", "tempo", "wavelets"}
    expected |= {"zero_crossing_rate", "spectral_centroid", "spectral_bandwidth"}
    expected |= {"spectral_rolloff", "spectral_flatness", "spectral_contrast"}
    assert expected <= set(FAMILIES)


@pytest.mark.parametrize(("family", "oracle"), ORACLES)
def test_theory_is_met(family, oracle):
    values, names = values_of(family, [oracle.signal(SR)], **oracle.parameters)
    middle = values[:, values.shape[1] // 2]
    for name, expected in oracle.expected.items():
        assert middle[names.index(name)] == pytest.approx(expected, abs=oracle.tolerance), name


def test_a_family_gives_a_row_for_each_name(family):
    values, names = values_of(family, [signals.noise(SR), signals.sine(440.0, SR, duration=0.7)])
    frames = [1 + SR // 512, 1 + round(0.7 * SR) // 512]
    assert values.shape == (len(names), sum(frames) if family.per == "frame" else 2)
    assert values.dtype in (np.float32, np.float64)


def test_values_lie_in_their_range(family):
    clips = [signals.noise(SR, amplitude=0.2), signals.square(150.0, SR), signals.clicks(90, SR)]
    clips += [signals.impulse(SR), signals.sine(SR / 8, SR)]
    values, names = values_of(family, clips)
    ranges = [
        (d.low, d.high) for d in family.descriptors(family.parameters()) for _ in list(d.names)
    ]
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
        pytest.param(signals.constant(SR, value=0.7), id="offset"),
        pytest.param(signals.square(1000.0, SR), id="full scale"),
        pytest.param(np.clip(10 * signals.noise(SR), -1, 1), id="clipped"),
        pytest.param(signals.noise(SR) * np.float32(1e-30), id="all but silent"),
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
def test_a_few_samples_have_a_row_at_any_usual_rate(family, sr, samples):
    long_frames = SpectraParameters(n_fft=8192)  # as pitch wants them at a high rate
    features = dataclasses.replace(features_of(family), sample_rate=None, spectra=long_frames)
    (row,) = featkit.analyse([signals.noise(sr)[:samples]], sr, features)
    assert not np.isinf(row).any()


def test_silence_is_undefined_where_the_documentation_says_so_and_only_there(family):
    values, names = values_of(family, [signals.constant(SR, value=0.0)])
    undefined = [
        d.undefined for d in family.descriptors(family.parameters()) for _ in list(d.names)
    ]
    for row, name, text in zip(values, names, undefined, strict=True):
        promised = not text.startswith("never") and re.search("silen|nothing begins", text)
        assert (np.isnan if promised else np.isfinite)(row).all(), name


def test_silent_frames_are_librosas_or_left_out_as_the_set_says():
    half = np.concatenate([signals.sine(1000.0, SR), signals.constant(SR, value=0.0)])
    entry = {"family": "spectral_centroid", "statistics": ["mean", "min"]}
    kept, skipped = (
        featkit.analyse(
            [half], SR, FeatureSet.from_dict({"silent_frames": rule, "features": [entry]})
        )[0]
        for rule in ("keep", "skip")
    )
    assert kept[1] == 0
    assert skipped[1] > 900
    assert skipped[0] > 1.8 * kept[0]


def test_twice_the_amplitude_changes_what_measures_a_level_and_only_that(family):
    quiet = signals.noise(SR, amplitude=0.05, seed=3) + signals.sine(700.0, SR, amplitude=0.05)
    quiet = np.concatenate([quiet, signals.sine(700.0, SR, amplitude=0.05)])  # and a pitch
    (once, names), (twice, _) = (values_of(family, [y]) for y in (quiet, 2 * quiet))
    changed, first = [], 0
    for d in family.descriptors(family.parameters()):
        rows = slice(first, first + len(list(d.names)))
        slack = 1e-3 * np.nanmax(np.abs(once[rows]), initial=0)
        same = np.isclose(twice[rows], once[rows], rtol=1e-3, atol=slack, equal_nan=True)
        changed += [name for name, row in zip(names[rows], same, strict=True) if not row.all()]
        first = rows.stop
    assert bool(changed) == family.measures_level, changed


def test_a_family_is_deterministic_and_alone_as_among_others(family):
    clips = [signals.noise(SR, seed=k, duration=0.2 + 0.31 * k) for k in range(4)]
    features = features_of(family, statistics=("mean", "std", "median", "skew"))
    together = featkit.analyse(clips, SR, features)
    np.testing.assert_array_equal(together, featkit.analyse(clips, SR, features))
    alone = np.concatenate([featkit.analyse([clip], SR, features) for clip in clips])
    np.testing.assert_array_equal(together, alone)


class InAFile(OnDisk):
    """Samples of which no more than a few small blocks are had at once."""

    def __init__(self, y):
        self.y = y

    def __len__(self):
        return len(self.y)

    def read(self, start, stop):
        # A block of 7 frames and those around it, 18 on each side for separation.
        assert stop - start <= (6 + 36) * 512 + 2048
        return self.y[start:stop]


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_a_family_is_the_same_from_a_file_in_small_blocks(family, pad_mode, monkeypatch):
    beats = signals.clicks(100, SR, duration=3.0) + signals.noise(SR, 3.0, amplitude=0.01)
    y = np.concatenate([beats, signals.constant(SR, 0.3, 0.0), signals.sine(445.0, SR, 0.4321)])
    features = features_of(family, statistics=("mean", "std", "median", "skew", "diff_std"))
    features = dataclasses.replace(features, spectra=SpectraParameters(pad_mode=pad_mode))
    whole = featkit.analyse([y], SR, features)
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 7)
    monkeypatch.setattr(spectra, "KEPT_BYTES", 0)
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 3000)
    monkeypatch.setattr(analysis, "SUMMARISED", 1)
    (from_file,) = analysis.analyse_loaded([(InAFile(y), SR)], features)
    np.testing.assert_allclose(from_file, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["flux", "median_flux", "shares_before"])
def test_what_compares_with_the_frame_before_knows_it_where_a_block_begins(name, monkeypatch):
    y = signals.clicks(100, SR, duration=2.0) + signals.noise(SR, 2.0, amplitude=0.01)

    def whole():
        blocks = spectra.Stack([y], SR, SpectraParameters()).blocks()
        return np.concatenate([np.atleast_2d(getattr(block, name)) for block in blocks], axis=1)

    if name == "shares_before":
        first, *_ = spectra.Stack([y], SR, SpectraParameters()).blocks()
        monkeypatch.setattr(spectra, "BLOCK_FRAMES", 1)
        np.testing.assert_array_equal(whole()[:, 1:], first.shares[:, :-1])
        return
    expected = whole()
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 7)
    np.testing.assert_array_equal(whole(), expected)


@pytest.mark.parametrize("sr", [0, -1, np.nan, np.inf, True, None, "22050", 1e9])
def test_a_rate_out_of_range_is_refused(sr):
    with pytest.raises(ParameterError, match="sr must be a sample rate, 100 to 10,000,000 Hz, got"):
        featkit.analyse([signals.noise(SR)], sr, "genre75")


@pytest.mark.parametrize("sample", [np.nan, np.inf, 1e39])
def test_samples_that_are_no_sound_are_refused(sample):
    y = signals.noise(SR).astype(np.float64)
    y[7] = sample
    with pytest.raises(
        ParameterError, match=r"clip 1 holds NaN, infinity or samples beyond 1e\+09"
    ):
        featkit.analyse([signals.noise(SR), y], SR, "genre75")


def test_a_family_has_its_documentation(family):
    assert family.__module__
    for descriptor in family.descriptors(family.parameters()):
        assert descriptor.low < descriptor.high
        for text in (descriptor.definition, descriptor.reference, descriptor.undefined):
            assert text
            assert "\n" not in text
    for field in dataclasses.fields(family.parameters):
        assert field.metadata["doc"]


def test_parameters_are_refused_by_name(family):
    with pytest.raises(ParameterError, match="no_such_key"):
        features_of(family, no_such_key=1)
    for field in dataclasses.fields(family.parameters):
        with pytest.raises(ParameterError, match=field.name):
            features_of(family, **{field.name: [1]})


def test_columns_can_be_read_back(family):
    features = features_of(family, statistics=("mean", "diff_std", "p90"))
    for column in features.columns:
        assert featkit.describe(column.name) == column
    again = FeatureSet.from_columns(features.column_names)
    assert again.columns == features.columns


UNTOLD = {"dwt_entropy", "wavelet_packet_entropy"}
"""Columns whose number of levels only other columns tell, as `FeatureSet.from_columns` says."""


def counted(family, field):
    """Sets of the family whose components another value of a whole number decides."""
    usual = features_of(family, statistics=("mean",))
    for value in (field.default // 2, field.default + 1, 2 * field.default):
        with contextlib.suppress(ParameterError):
            features = features_of(family, statistics=("mean",), **{field.name: value})
            if features.column_names != usual.column_names:
                yield features


def test_names_tell_how_many_components_there_are(family):
    clip = signals.noise(SR) + signals.sine(440.0, SR)
    whole = [f for f in dataclasses.fields(family.parameters) if type(f.default) is int]
    for features in (each for f in whole for each in itertools.islice(counted(family, f), 2)):
        names = features.column_names
        (row,) = featkit.analyse([clip], SR, features)
        (again,) = featkit.analyse([clip], SR, FeatureSet.from_columns(names))
        np.testing.assert_allclose(again, row, rtol=1e-6, atol=1e-9)
        for name, value in zip(names, row, strict=True):
            if name not in UNTOLD:
                (alone,) = featkit.analyse([clip], SR, FeatureSet.from_columns([name]))
                np.testing.assert_allclose(alone, [value], rtol=1e-6, atol=1e-9, err_msg=name)


MFCC = FAMILIES["mfcc"]


def duplicated(p):
    return [*MFCC.descriptors(p), *MFCC.descriptors(p)]


def undocumented(p):
    return [dataclasses.replace(d, definition="") for d in MFCC.descriptors(p)]


def misnamed(p):
    return [dataclasses.replace(d, name="Mfcc") for d in MFCC.descriptors(p)]


def asks_for_too_much(p, *, phase_of_the_moon):
    return phase_of_the_moon


def asks_for_frames_and_clips(p, *, power, onset_strength):
    return power


def asks_for_frames_at_the_end(p, values, *, log_mel):
    return values


def walks_blocks(p, *, power):
    return power


def tells_clips(p, *, segments):
    return segments.lengths[None]


def of_clips(p, values, *, segments):
    return segments.sum(values)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "other"}, "its module is 'mfcc'"),
        ({"descriptors": lambda p: []}, "it describes nothing"),
        ({"descriptors": duplicated}, "stands twice"),
        ({"descriptors": undocumented}, "lacks its documentation"),
        ({"descriptors": misnamed}, "not lower-case words"),
        ({"compute": asks_for_too_much}, "it asks for .*phase_of_the_moon"),
        ({"compute": asks_for_frames_and_clips}, "some frames and for whole clips"),
        ({"finish": asks_for_frames_at_the_end}, "finish asks for more than whole clips"),
        ({"oracles": ()}, "it has no oracle"),
        ({"per": "clip", "compute": walks_blocks}, "has a finish if it walks blocks"),
        (
            {"per": "clip", "compute": tells_clips, "finish": of_clips},
            "if it walks blocks, and only",
        ),
        (
            {"per": "clip", "compute": tells_clips, "undefined_in_silence": True},
            "says itself what is undefined",
        ),
    ],
)
def test_a_malformed_family_is_refused(change, complaint):
    with pytest.raises(FamilyError, match=complaint):
        check_contract(dataclasses.replace(MFCC, **change), "mfcc")


@pytest.fixture
def extra_module(tmp_path, monkeypatch):
    """Writes a module that discovery finds beside the families of the package."""
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(tmp_path)])
    monkeypatch.delitem(__import__("sys").modules, "featkit.features.families.extra", raising=False)
    families.cache_clear()
    family_module.FAMILIES.clear()
    yield lambda text: (tmp_path / "extra.py").write_text(text)
    families.cache_clear()
    family_module.FAMILIES.clear()


def test_a_name_that_stands_twice_fails_at_once(extra_module):
    extra_module(
        "import dataclasses\n"
        "from featkit.features.families.rms import FAMILY as RMS\n"
        "FAMILY = dataclasses.replace(RMS, name='extra')\n"
    )
    with pytest.raises(FamilyError, match="'rms' stands twice: in 'extra' and 'rms'"):
        families()


def test_a_module_without_a_family_fails_at_once(extra_module):
    extra_module("FAMILIY = None\n")
    with pytest.raises(RegistryError, match=r"extra: must export FAMILY, a Family, got None"):
        families()


def test_every_family_is_a_family():
    assert all(isinstance(family, Family) for family in FAMILIES.values())


def test_a_band_without_bins_has_no_contrast():
    contrast = features_of(FAMILIES["spectral_contrast"])
    coarse = dataclasses.replace(contrast, spectra=SpectraParameters(n_fft=64, hop_length=16))
    row = featkit.analyse([signals.noise(SR)], SR, coarse)[0]
    assert np.isnan(row[0])
    assert np.isfinite(row[6])


def test_where_nothing_repeats_the_prior_decides_the_tempo():
    alone = np.zeros(10 * SR, np.float32)
    alone[3 * SR : 3 * SR + 2000] = signals.noise(SR)[:2000]
    features = featkit.feature_set({"features": [{"family": "beat_tempo"}, {"family": "tempo"}]})
    nearest = 60 * SR / 512 / 22  # of the rates that there are, to 120 BPM on a logarithmic scale
    np.testing.assert_allclose(featkit.analyse([alone], SR, features)[0], nearest)


def test_no_tempo_is_above_the_highest():
    slow = features_of(FAMILIES["tempo"], max_tempo=1.0)
    assert np.isnan(featkit.analyse([signals.clicks(100, SR)], SR, slow)).all()
