"""Recordings too long for memory: the same rows, the same errors, and nothing left behind."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.audio import loading
from featkit.dsp.disk_array import Spool, pieces
from featkit.dsp.tuning import median

SR = 22050
MONO = np.concatenate([signals.clicks(110, SR, 4.0), signals.noise(SR, 2.0, seed=4)])
STEREO = np.stack([MONO, np.roll(MONO, 40)], axis=1)

WHOLE_OR_CUT = [
    {},
    {"offset": 0.7, "duration": 2.5},
    {"offset": 1.0, "duration": 8.0, "pad": True},
]
SEGMENTED = [
    {"segment": 1.5, "segment_hop": 0.5},
    {"segment": 1.7, "segment_tail": "pad"},
    {"offset": 0.3, "segment": 1.7, "segment_tail": "keep"},
]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Of every kind that is read in a way of its own, sound and damaged."""
    folder = tmp_path_factory.mktemp("long")
    soundfile.write(folder / "plain.wav", MONO, SR, subtype="PCM_16")
    soundfile.write(folder / "stereo.aiff", STEREO, SR, subtype="PCM_24")
    soundfile.write(folder / "other rate.wav", STEREO, 2 * SR, subtype="FLOAT")
    soundfile.write(folder / "packed.flac", MONO, SR)
    soundfile.write(folder / "lossy.mp3", MONO, SR)
    for name in ("plain.wav", "packed.flac", "lossy.mp3"):
        whole = (folder / name).read_bytes()
        (folder / f"cut {name}").write_bytes(whole[: len(whole) * 2 // 3])
    spoilt = bytearray((folder / "packed.flac").read_bytes())
    spoilt[len(spoilt) // 2 :][:2000] = bytes(2000)
    (folder / "spoilt.flac").write_bytes(spoilt)
    infinite = MONO.copy()
    infinite[100_000] = np.inf
    soundfile.write(folder / "infinite.wav", infinite, SR, subtype="FLOAT")
    return folder


def test_what_is_large_in_its_file_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(loading.streams, "NATIVE_HELD", 3 * 44100)
    soundfile.write(tmp_path / "stereo.wav", np.zeros((2 * 44100, 2)), 44100)
    soundfile.write(tmp_path / "mono.wav", np.zeros(2 * 44100), 44100)
    with loading.opening(tmp_path / "stereo.wav", sr=2000) as large:
        assert isinstance(large, loading.Stream)
    with loading.opening(tmp_path / "mono.wav", sr=2000) as small:
        assert isinstance(small, loading.Loaded)


@pytest.fixture
def all_are_long(monkeypatch):
    return lambda: monkeypatch.setattr(loading.streams, "LONGEST_HELD", SR)


@pytest.mark.parametrize("part", [*WHOLE_OR_CUT, *SEGMENTED], ids=str)
def test_a_long_recording_has_the_row_that_it_has_in_memory(recordings, all_are_long, part):
    held = featkit.extract(recordings, features="standard", **part)
    all_are_long()
    streamed = featkit.extract(recordings, features="standard", **part)
    assert streamed.failures == held.failures
    assert len(held.table.values) >= 6
    assert streamed.table.data.equals(held.table.data)


@pytest.mark.parametrize("part", WHOLE_OR_CUT, ids=str)
def test_the_extractor_takes_long_recordings(recordings, all_are_long, part):
    files = [recordings / "plain.wav", recordings / "packed.flac", recordings / "plain.wav"]
    extractor = featkit.FeatureExtractor("standard", **part)
    held = extractor.fit_transform(files)
    all_are_long()
    np.testing.assert_array_equal(extractor.fit_transform(files), held)


def test_a_short_recording_that_is_filled_up_to_a_long_one_is_not_held(recordings, monkeypatch):
    filled = {"offset": 1.0, "duration": 8.0, "pad": True}
    held = featkit.extract(recordings / "plain.wav", features="standard", **filled)
    monkeypatch.setattr(loading.streams, "LONGEST_HELD", 7 * SR)
    kinds = []
    opening = loading.opening

    @contextlib.contextmanager
    def noted(source, **how):
        with opening(source, **how) as sound:
            kinds.append(type(sound))
            yield sound

    monkeypatch.setattr(loading, "opening", noted)
    streamed = featkit.extract(recordings / "plain.wav", features="standard", **filled)
    assert kinds == [loading.Stream]
    assert streamed.table.data.equals(held.table.data)
    assert streamed.table.data["end"].tolist() == [len(MONO) / SR]


def test_what_promises_nothing_is_held_if_it_is_short(recordings):
    with loading.stream(recordings / "packed.flac") as sound, sound.samples() as clip:
        assert isinstance(clip, np.ndarray)
        np.testing.assert_array_equal(clip, featkit.load(recordings / "packed.flac")[0])


def test_a_file_that_shrinks_on_the_way_is_an_error(tmp_path, all_are_long):
    all_are_long()
    file = tmp_path / "shrinks.wav"
    soundfile.write(file, MONO, SR, subtype="PCM_16")
    with loading.stream(file) as sound, sound.samples() as clip:
        file.write_bytes(file.read_bytes()[:50_000])
        with pytest.raises(featkit.AudioError, match=r"shrinks\.wav: decode: .*became shorter"):
            clip[len(clip) - 1000 :]


@given(cuts=st.lists(st.integers(0, 5000), max_size=6), seed=st.integers(0, 1000))
def test_a_spool_is_sliced_like_an_array(cuts, seed):
    y = np.random.default_rng(seed).standard_normal(5000).astype(np.float32)
    with Spool() as clip:
        for part in np.split(y, sorted(cuts)):
            clip.append(part)
        assert len(clip) == len(y)
        for start, stop in zip(cuts, reversed(cuts), strict=True):
            np.testing.assert_array_equal(clip[start:stop], y[start:stop])
        np.testing.assert_array_equal(np.concatenate(list(pieces(clip))), y)
        clip.fit(6000)
        np.testing.assert_array_equal(clip[:], np.pad(y, (0, 1000)))
        with pytest.raises(TypeError, match="by slices"):
            np.asarray(clip)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is deleted when it is closed")
def test_the_temporary_file_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Spool() as clip:
        clip.append(MONO)
        assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_a_failure_that_names_it(recordings, all_are_long, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Path("/dev/full").open("w+b"))  # noqa: SIM115
    all_are_long()
    (failure,) = featkit.extract(recordings / "packed.flac", features="genre75").failures
    assert failure.error == "WriteError"
    assert failure.message.startswith(f"{tmp_path}: cannot put a long recording aside there")
    assert "No space left on device" in failure.message


def test_no_folder_for_temporary_files_is_a_failure(recordings, all_are_long, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    all_are_long()
    (failure,) = featkit.extract(recordings / "packed.flac", features="genre75").failures
    assert "/no/such/folder: cannot put" in failure.message


GROWTH = """
import resource
import numpy as np
import featkit
from featkit import signals
from featkit.features.analysis import analyse_loaded
from featkit.dsp.disk_array import OnDisk

class Repeated(OnDisk):
    y = signals.noise(22050, 60.0, seed=1)
    def __init__(self, minutes):
        self.minutes = minutes
    def __len__(self):
        return self.minutes * len(self.y)
    def read(self, start, stop):
        return np.resize(np.roll(self.y, -start), stop - start)

features = featkit.feature_set("standard")
for minutes in (6, 18):
    list(analyse_loaded([(Repeated(minutes), 22050)], features))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units")
def test_memory_is_that_of_what_is_summarised():
    """Twelve minutes more have 64 MB of samples, 127 MB of spectra, and 6 MB of values."""
    ran = subprocess.run([sys.executable, "-c", GROWTH], check=True, capture_output=True, text=True)
    short, long = map(float, ran.stdout.split())
    assert long - short < 30


@given(
    numbers=st.lists(st.floats(0, 2.0**100, width=32), max_size=50),
    cut=st.integers(0, 50),
)
def test_a_median_in_parts_is_the_median(numbers, cut):
    x = np.array(numbers, dtype=np.float32)
    expected = np.median(x) if len(x) else 0
    assert median(lambda: np.split(x, [cut])) == expected
