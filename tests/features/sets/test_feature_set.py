"""Feature sets have the documented columns, are frozen, and can be restored."""

import dataclasses
import itertools
import json
import pickle

import numpy as np
import pytest
import reference_values

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.features.sets.loading import FeatureSet, feature_set, feature_sets

RMS = {"family": "rms", "statistics": ["mean"]}


def test_genre75_has_its_75_columns_in_order():
    classes = ["c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b"]
    expected = [f"mfcc_{k}_{s}" for s in ("mean", "std") for k in range(1, 21)]
    expected += [f"chroma_{c}_{s}" for s in ("mean", "std") for c in classes]
    singles = ["spectral_centroid", "spectral_bandwidth", "spectral_rolloff"]
    singles += ["zero_crossing_rate", "rms"]
    expected += [f"{name}_{s}" for name in singles for s in ("mean", "std")]
    assert [*expected, "tempo"] == list(feature_set("genre75").column_names)
    assert len(expected) + 1 == 75


# A frozen set may not change: any change of its values needs a new name or version.
FROZEN = {
    "egemaps88": (1, "25649229856410ff"),
    "fma518": (2, "fb27b8c1c27eafd8"),
    "genre75": (1, "c70cc3ebf35f122e"),
    "gtzan57": (1, "2516295fd356ec0f"),
    "soundscape": (1, "ff11e6a99a90e786"),
    "standard": (2, "d1c4626a73a21746"),
    "voice": (1, "69816ad66f81ea10"),
    "voice88": (1, "f7c663cedf7ad593"),
}


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_set_does_not_change(name):
    assert (feature_set(name).version, feature_set(name).fingerprint) == FROZEN[name]


def test_genre75_is_librosas_usual_analysis():
    chosen = feature_set("genre75")
    assert (chosen.sample_rate, chosen.spectra.n_fft, chosen.spectra.hop_length) == (
        22050,
        2048,
        512,
    )
    assert chosen.spectra.n_mels == 128


def test_standard_is_the_default():
    assert len(feature_set("standard").columns) == 542
    assert featkit.FeatureExtractor().features == "standard"


def test_no_two_columns_of_standard_are_equal():
    tones = [signals.sine(f, 22050, 0.4) for f in (220.0, 330.0, 277.0)]
    noises = [signals.noise(22050, 0.7, seed=k, amplitude=0.3) for k in range(3)]
    silence = [signals.constant(22050, 0.4, value=0.0)]
    clips = [
        np.concatenate(parts)
        for parts in (
            tones,
            [*tones, *noises],
            [*noises, *tones[:1]],
            [*silence, *tones, *noises[:1]],
            [noise * np.linspace(0, 1, len(noise), dtype=np.float32) ** 4 for noise in noises],
        )
    ]
    values = featkit.analyse(clips, 22050)
    names = feature_set("standard").column_names
    equal = [
        (names[a], names[b])
        for a, b in itertools.combinations(range(len(names)), 2)
        if np.array_equal(values[:, a], values[:, b], equal_nan=True)
    ]
    assert not equal


@pytest.mark.parametrize("name", feature_sets())
def test_a_set_is_restored_from_its_dict(name):
    chosen = feature_set(name)
    restored = FeatureSet.from_dict(chosen.as_dict())
    assert restored == chosen
    assert restored.fingerprint == chosen.fingerprint


def test_excluded_columns_are_left_out():
    whole = {"features": [{"family": "rms", "statistics": ["mean", "std", "max"]}]}
    chosen = feature_set({**whole, "exclude": ["rms_std"]})
    assert chosen.column_names == ("rms_mean", "rms_max")
    assert feature_set(chosen.as_dict()) == chosen
    assert chosen.fingerprint != feature_set(whole).fingerprint
    clip = [signals.noise(22050)]
    np.testing.assert_array_equal(
        featkit.analyse(clip, 22050, chosen), featkit.analyse(clip, 22050, whole)[:, [0, 2]]
    )


def test_a_note_changes_neither_equality_nor_fingerprint():
    one, other = (feature_set({"features": [RMS], "note": note}) for note in ("", "Mind the gap."))
    assert other.note == "Mind the gap."
    assert one == other
    assert one.fingerprint == other.fingerprint
    assert "note" not in other.as_dict()
    assert pickle.loads(pickle.dumps(other)).note == other.note


@pytest.mark.parametrize("name", feature_sets())
def test_a_set_is_sent_to_a_worker_and_built_there_once(name):
    chosen = feature_set(name)
    one, other = (pickle.loads(pickle.dumps(chosen)) for _ in range(2))
    assert one == chosen
    assert one is other


def test_fma518_has_the_published_tables_columns_in_order():
    names = feature_set("fma518").column_names
    assert names == tuple("_".join(key) for key in reference_values.fma_keys())
    assert len(names) == 518
    assert names[:2] == ("chroma_cens_kurtosis_01", "chroma_cens_kurtosis_02")
    assert names[-1] == "zcr_std_01"


def test_the_columns_of_fma518_match_their_names():
    for column, (feature, statistic, number) in zip(
        feature_set("fma518").columns, reference_values.fma_keys(), strict=True
    ):
        descriptors = {"chroma_stft": "chroma", "rmse": "spectral_rms", "tonnetz": "tonnetz_cens"}
        descriptors |= {"zcr": "zero_crossing_rate"}
        assert column.descriptor == descriptors.get(feature, feature)
        assert column.statistic == statistic
        if feature == "mfcc":
            assert int(column.index) == int(number)
        if feature == "spectral_contrast":
            assert int(column.index) == int(number) - 1


def test_gtzan57_has_the_published_tables_columns_in_order():
    names = ["chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff"]
    names += ["zero_crossing_rate", "harmony", "perceptr"]
    expected = [f"{name}_{s}" for name in names for s in ("mean", "var")] + ["tempo"]
    expected += [f"mfcc{k}_{s}" for k in range(1, 21) for s in ("mean", "var")]
    assert list(feature_set("gtzan57").column_names) == expected
    assert len(expected) == 57


def test_a_renamed_column_keeps_its_meaning():
    columns = {column.name: column for column in feature_set("gtzan57").columns}
    assert columns["mfcc3_var"] == dataclasses.replace(
        featkit.describe("mfcc_3_var"), name="mfcc3_var"
    )
    assert columns["tempo"].family == "beat_tempo"
    assert featkit.describe("tempo").family == "tempo"
    assert featkit.describe("harmony_var").unit == "(full scale)²"


def test_names_and_order_survive_sorted_keys_in_metadata():
    chosen = feature_set("gtzan57")
    text = json.dumps(chosen.as_dict(), sort_keys=True)
    restored = feature_set(json.loads(text))
    assert restored == chosen
    assert restored.column_names == chosen.column_names
    assert restored.fingerprint == chosen.fingerprint


def test_two_columns_may_exchange_their_names():
    chosen = feature_set(
        {
            "features": [{"family": "rms", "statistics": ["mean", "std"]}],
            "names": {"rms_mean": "rms_std", "rms_std": "rms_mean"},
        }
    )
    assert chosen.column_names == ("rms_std", "rms_mean")
    y = signals.square(100.0, 22050)
    (row,) = featkit.analyse([y], 22050, chosen)
    assert row[0] > 0.9
    assert row[1] < 0.1


def test_components_can_be_pooled():
    y = [signals.noise(22050, duration=0.4 + k, seed=k) for k in range(3)]
    statistics = ["mean", "var", "max", "median", "skew"]
    chroma = {"family": "chroma", "statistics": statistics, "pooled": True}
    chosen = feature_set({"features": [{"family": "rms", "statistics": ["mean"]}, chroma]})
    assert chosen.column_names[1:] == tuple(f"chroma_all_{name}" for name in statistics)
    assert featkit.describe("chroma_all_var").definition.endswith(
        "variance over components and frames (ddof 0)"
    )
    separate = {**chroma, "statistics": ["mean", "var", "max"], "pooled": False}
    whole = featkit.analyse(y, 22050, chosen)[:, 1:]
    mean, var, maximum = np.split(
        featkit.analyse(y, 22050, feature_set({"features": [separate]})), 3, axis=1
    )
    np.testing.assert_allclose(whole[:, 0], mean.mean(axis=1))
    np.testing.assert_allclose(whole[:, 1], (var + mean**2).mean(axis=1) - whole[:, 0] ** 2)
    np.testing.assert_array_equal(whole[:, 2], maximum.max(axis=1))
    alone = [featkit.analyse([clip], 22050, chosen)[0, 1:] for clip in y]
    np.testing.assert_array_equal(whole, alone)


def test_selected_columns_are_in_the_given_order():
    chosen = feature_set(
        {
            "features": [{"family": "mfcc", "statistics": ["mean"]}, {"family": "tempo"}],
            "columns": ["tempo", "mfcc_2_mean"],
        }
    )
    assert chosen.column_names == ("tempo", "mfcc_2_mean")


def test_a_set_can_be_built_from_column_names_alone():
    names = ["tempo", "chroma_fs_std", "mfcc_3_mean", "mfcc_25_mean", "rms_p10"]
    names += ["chroma_all_var", "mfcc_all_mean", "harmonic_waveform_var"]
    names += ["mfcc_delta_3_mean", "mfcc_delta2_21_std", "gfcc_41of64_mean", "mel_band_50of64_p90"]
    names += ["dwt_periodised_ratio_d12", "dwch_skewness_a6", "wavelet_packet_energy_share_33of64"]
    names += ["dwt_std_d9", "dwt_energy_share_d9of9", "spectral_contrast_4of4_mean"]
    names += ["tempo_candidate_1", "tempo_candidate_strength_2", "pulse_clarity", "onset_rate"]
    names += ["spectral_rolloff_25_mean", "spectral_rolloff_mean", "band_energy_share_low_std"]
    assert FeatureSet.from_columns(names).column_names == tuple(names)


@pytest.mark.parametrize(
    "names",
    [
        ["mel_band_3_mean", "mel_band_3of20_mean"],
        ["chroma_c_mean", "chroma_1of24_mean"],
        ["dwt_std_a3", "dwt_std_d9"],
        ["mel_band_41_mean"],
        ["gfcc_41_mean"],
        ["wavelet_packet_energy_share_3of20"],
    ],
)
def test_names_with_contradictory_resolutions_are_refused(names):
    with pytest.raises(ParameterError):
        FeatureSet.from_columns(names)


def test_numbers_may_be_of_numpy():
    entry = {"family": "mfcc", "n_mfcc": np.int64(3), "statistics": ["mean"]}
    chosen = feature_set({"features": [entry], "spectra": {"fmin": np.float32(20)}})
    assert len(chosen.columns) == 3
    assert json.loads(json.dumps(chosen.as_dict())) == chosen.as_dict()
