"""The corpus that is made from a seed."""

import errno
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featkit
from featkit.datasets.synthetic import write_corpus
from featkit.dsp.synthesis import SECONDS, SR, STYLES, clip

CLIPS = 3


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "made" / "for it"
    write_corpus(folder, clips_per_style=CLIPS, seed=0)
    return folder


def test_the_same_seed_gives_the_same_bytes(corpus, tmp_path):
    write_corpus(tmp_path, clips_per_style=CLIPS, seed=0)
    assert contents(tmp_path) == contents(corpus)


def test_another_seed_gives_another_clip_under_every_name(corpus, tmp_path):
    write_corpus(tmp_path, clips_per_style=CLIPS, seed=1)
    first, second = contents(corpus), contents(tmp_path)
    assert first.keys() == second.keys()
    assert not set(first.values()) & set(second.values())


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(corpus, tmp_path):
    write_corpus(tmp_path, clips_per_style=1, seed=0)
    larger = contents(corpus)
    assert len(contents(tmp_path)) == 4
    assert contents(tmp_path).items() <= larger.items()


def test_there_are_four_styles_of_as_many_clips_as_asked_for(corpus):
    assert sorted(STYLES) == ["ambient", "house", "rock", "swing"]
    assert sorted(contents(corpus)) == [
        f"{style}/{style}_{number:02d}.wav"
        for style in sorted(STYLES)
        for number in range(1, CLIPS + 1)
    ]


def test_the_files_that_were_written_are_given_back_and_counted(tmp_path):
    seen = []
    files = write_corpus(tmp_path, clips_per_style=2, progress=seen.append)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in files) == sorted(contents(tmp_path))
    assert [(own.done, own.total) for own in seen] == [(done, 8) for done in range(1, 9)]


def test_clips_are_mono_of_one_rate_and_length(corpus):
    for path in corpus.rglob("*.wav"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (SR, 1, "PCM_16")
        assert info.frames == SECONDS * SR


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", range(3))
def test_a_clip_peaks_at_nine_tenths(style, seed):
    y = clip(STYLES[style], np.random.default_rng(seed))
    assert y.dtype == np.float32
    assert y.shape == (SECONDS * SR,)
    assert np.all(np.isfinite(y))
    assert np.abs(y).max() == pytest.approx(0.9, rel=1e-6)


@pytest.mark.parametrize("style", STYLES)
def test_clips_of_a_style_differ_audibly(corpus, style):
    table = featkit.extract(corpus / style, features="genre75", n_jobs=1).table.features
    for column in ("mfcc_2_mean", "spectral_centroid_mean", "rms_mean"):
        assert table[column].nunique() == CLIPS
    chroma = table.filter(regex=r"^chroma_.*_mean$").to_numpy()
    for one, other in itertools.combinations(chroma, 2):
        assert np.abs(one - other).max() > 0.02


def test_house_has_the_tempo_that_was_drawn(tmp_path):
    slow, fast = STYLES["house"].tempo
    clips = [clip(STYLES["house"], np.random.default_rng(seed)) for seed in range(10)]
    tempo = featkit.analyse(clips, SR, featkit.feature_set({"features": [{"family": "tempo"}]}))
    # Lags are whole hops: around 125 BPM they are six BPM apart.
    near = (slow - 6 <= tempo[:, 0]) & (tempo[:, 0] <= fast + 6)
    assert near.sum() >= 8


def test_styles_differ_in_brightness(corpus):
    table = featkit.extract(corpus, labels="folder", features="genre75", n_jobs=1).table.data
    medians = table.groupby("label")["spectral_centroid_mean"].median()
    assert medians.idxmin() == "ambient"
    assert medians.max() > 2 * medians.min()


def test_an_error_of_a_full_disk_names_the_file(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        featkit.errors.WriteError, match=r"_01\.wav: cannot write it: No space left"
    ):
        write_corpus(tmp_path, clips_per_style=1)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
