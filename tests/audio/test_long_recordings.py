"""Recordings too long for memory: the same rows and the same errors as in memory."""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals
from featkit.audio import loading

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
    """Recordings of every kind that is read in its own way, complete and damaged."""
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


def test_a_recording_that_is_large_before_resampling_is_streamed(tmp_path, monkeypatch):
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


def test_a_short_recording_with_much_padding_is_streamed(recordings, monkeypatch):
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


def test_a_short_recording_without_a_stated_length_is_kept_in_memory(recordings):
    with loading.stream(recordings / "packed.flac") as sound, sound.samples() as clip:
        assert isinstance(clip, np.ndarray)
        np.testing.assert_array_equal(clip, featkit.load(recordings / "packed.flac")[0])


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path, all_are_long):
    all_are_long()
    file = tmp_path / "shrinks.wav"
    soundfile.write(file, MONO, SR, subtype="PCM_16")
    with loading.stream(file) as sound, sound.samples() as clip:
        file.write_bytes(file.read_bytes()[:50_000])
        with pytest.raises(featkit.AudioError, match=r"shrinks\.wav: decode: .*became shorter"):
            clip[len(clip) - 1000 :]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_a_failure_that_names_it(recordings, all_are_long, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Path("/dev/full").open("w+b"))  # noqa: SIM115
    all_are_long()
    (failure,) = featkit.extract(recordings / "packed.flac", features="genre75").failures
    assert failure.error == "WriteError"
    assert failure.message.startswith(f"{tmp_path}: cannot write a temporary file")
    assert "No space left on device" in failure.message


def test_no_folder_for_temporary_files_is_a_failure(recordings, all_are_long, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    all_are_long()
    (failure,) = featkit.extract(recordings / "packed.flac", features="genre75").failures
    assert "/no/such/folder: cannot write a temporary file" in failure.message


GROWTH = """
import resource
import numpy as np
import featkit
from featkit import signals
from featkit.features.analysis import analyse_loaded
from featkit.dsp.disk_array import DiskArray

class Repeated(DiskArray):
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
def test_memory_grows_only_with_the_values_to_summarise():
    """Twelve more minutes have 64 MB of samples, 127 MB of spectra, and 6 MB of values."""
    ran = subprocess.run([sys.executable, "-c", GROWTH], check=True, capture_output=True, text=True)
    short, long = map(float, ran.stdout.split())
    assert long - short < 30
