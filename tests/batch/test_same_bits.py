"""A row has the same bits alone or among others, for any number of workers."""

from functools import lru_cache

import numpy as np
import pytest
from extracting import SR, clip, paths, same_bits, same_tables, write_audio
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.errors import ParameterError

EVERY_FAMILY = {"name": "small", "sample_rate": "native", "features": []}
for name in (
    *["mfcc", "chroma", "spectral_contrast", "spectral_centroid", "spectral_bandwidth"],
    *["spectral_rolloff", "spectral_flatness", "zero_crossing_rate", "rms", "onset_strength"],
):
    EVERY_FAMILY["features"].append(
        {"family": name, "statistics": ["mean", "std", "median", "skew"]}
    )


EVERY_FAMILY["features"] += [{"family": "tempo"}, {"family": "wavelets"}]


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_any_number_of_workers_gives_the_same_table(mixed_corpus, by_one, n_jobs):
    several = featkit.extract(mixed_corpus, labels="folder", n_jobs=n_jobs)
    same_tables(several.table, by_one.table)
    assert several.table.labels.tolist() == by_one.table.labels.tolist()
    assert several.table.provenance == by_one.table.provenance
    assert several.failures == by_one.failures
    assert several.seconds == pytest.approx(by_one.seconds)


def test_the_bytes_of_the_file_are_the_same_for_any_number_of_workers(
    mixed_corpus, by_one, tmp_path
):
    by_one.table.write(tmp_path / "1.parquet")
    featkit.extract(mixed_corpus, labels="folder", n_jobs=2).table.write(tmp_path / "2.parquet")
    assert (tmp_path / "2.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


def test_a_file_alone_gives_the_row_that_it_gives_among_others(mixed_corpus, by_one):
    rows = by_one.table.data.set_index("path")[by_one.table.feature_names]
    for path in rows.index:
        alone = featkit.extract(mixed_corpus / path, n_jobs=1).table
        same_bits(alone.features.iloc[0], rows.loc[path])


def test_a_file_gives_the_row_that_its_samples_give(mixed_corpus, by_one):
    features = featkit.feature_set("standard")
    rows = by_one.table.data.set_index("path")[by_one.table.feature_names]
    for path in ["1/13.wav", "0/one.wav", "1/rate.wav"]:
        y, sr = featkit.load(mixed_corpus / path, sr=SR)
        same_bits(featkit.analyse([y], sr, features)[0], rows.loc[path])


LENGTHS = st.lists(
    st.one_of(st.just(1), st.integers(2, 3000), st.integers(3000, 40000)), min_size=1, max_size=6
)


@lru_cache(maxsize=256)
def alone(kind, length):
    return featkit.analyse([random_clip(kind, length)], SR, featkit.feature_set(EVERY_FAMILY))[0]


def random_clip(kind, length):
    if kind == "silence":
        return np.zeros(length, dtype=np.float32)
    if kind == "tone":
        return signals.sine(440 + length % 100, SR, (length + 0.5) / SR)[:length]
    y = signals.noise(SR, (length + 0.5) / SR, seed=length)[:length]
    y[: length // 3] = 0 if kind == "half silent" else y[: length // 3]
    return y


@settings(max_examples=25, deadline=None)
@given(
    lengths=LENGTHS,
    kinds=st.lists(
        st.sampled_from(["noise", "tone", "half silent", "silence"]), min_size=6, max_size=6
    ),
)
def test_a_row_depends_on_its_clip_alone_to_the_bit(lengths, kinds):
    made = list(zip(kinds, lengths, strict=False))
    stack = [random_clip(kind, length) for kind, length in made]
    table = featkit.analyse(stack, SR, featkit.feature_set(EVERY_FAMILY))
    for row, (kind, length) in zip(table, made, strict=True):
        same_bits(row, alone(kind, length))


def test_a_clip_longer_than_a_block_gives_the_same_row_alone_and_among_others():
    features = featkit.feature_set("standard")
    clips = [clip(1, 0.3), clip(2, 21.7), clip(3, 1.1), clip(4, 8.0)]
    table = featkit.analyse(clips, SR, features)
    for row, y in zip(table, clips, strict=True):
        same_bits(row, featkit.analyse([y], SR, features)[0])
    same_bits(featkit.analyse(clips[::-1], SR, features)[::-1], table)


def test_no_clips_give_no_rows():
    assert featkit.analyse([], SR, featkit.feature_set("genre75")).shape == (0, 75)


def test_files_of_different_native_rates_share_a_table(tmp_path):
    rates = [8000, 22050, 16000, 8000, 48000, 22050]
    for k, sr in enumerate(rates):
        write_audio(tmp_path / f"{k}.wav", signals.sine(1000.0, sr, 0.3 + 0.05 * k), sr)
    extraction = featkit.extract(tmp_path, features=EVERY_FAMILY, n_jobs=1)
    assert not extraction.failures
    assert paths(extraction) == [f"{k}.wav" for k in range(6)]
    rows = extraction.table.features
    for k, sr in enumerate(rates):
        assert rows.loc[k, "spectral_centroid_median"] == pytest.approx(1000, abs=250)
        same_bits(
            rows.iloc[k],
            featkit.analyse(
                [featkit.load(tmp_path / f"{k}.wav")[0]], sr, featkit.feature_set(EVERY_FAMILY)
            )[0],
        )


@pytest.mark.parametrize(
    "clip_of",
    [
        np.zeros(100, np.int16),
        np.zeros((2, 100), np.float32),
        np.zeros(0, np.float32),
        np.full(100, np.nan, np.float32),
    ],
)
def test_analyse_refuses_arrays_that_are_no_clips(clip_of):
    with pytest.raises(ParameterError, match="clip 1 "):
        featkit.analyse([clip(0, 0.1), clip_of], SR, featkit.feature_set("genre75"))
