"""Datasets of the library mirdata, replaced by a small fake."""

import sys
import types
from pathlib import Path

import pytest
from folders import write_file

from featkit.datasets import _mirdata, recordings
from featkit.errors import ParameterError


class Track:
    """A track with the interface of mirdata."""

    def __init__(self, track_id, home):
        self.track_id = track_id
        self.audio_path = f"{home}/audio/{track_id}.wav" if track_id != "silent" else None
        self.beats_path = f"{home}/{track_id}.beats"
        self.genre = "blues"
        self.number = 3
        self.parts = [1, 2]
        self._index = {}

    @property
    def audio(self) -> tuple[float, float]:
        raise AssertionError("sound that nobody asked for")

    @property
    def artist(self):
        return "ann" if self.track_id == "b" else None

    @property
    def tempo(self) -> float | None:
        return 120.5

    @property
    def key(self) -> str:
        raise FileNotFoundError(self.beats_path)

    def to_jams(self):
        raise AssertionError("not called")


@pytest.fixture
def mirdata(monkeypatch):
    """A library of that name with one dataset."""

    def initialize(name, data_home=None):
        home = data_home or "/home/mir_datasets/small"
        ids = ["a", "b", "silent"] if home != "/none" else ["silent"]
        tracks = {track_id: Track(track_id, home) for track_id in ids}
        dataset = types.SimpleNamespace(data_home=home, load_tracks=lambda: tracks)
        if home == "/broken":
            raise FileNotFoundError("Did you run .download()?")
        return dataset

    fake = types.ModuleType("mirdata")
    fake.list_datasets = lambda: ["small"]
    fake.initialize = initialize
    monkeypatch.setitem(sys.modules, "mirdata", fake)


@pytest.mark.usefixtures("mirdata")
def test_mirdata_gives_texts_and_numbers_of_each_track_with_audio():
    a, b = _mirdata.read_mirdata("small", Path("/sound"))
    assert (a.file, a.path) == ("/sound/audio/a.wav", "audio/a.wav")
    assert a.fields == {"track": "a", "genre": "blues", "number": "3", "track_tempo": "120.5"}
    assert b.fields["artist"] == "ann"
    assert _mirdata.read_mirdata("small")[0].file.startswith("/home/mir_datasets/small/")


@pytest.mark.usefixtures("mirdata")
@pytest.mark.parametrize(
    ("name", "root", "message"),
    [
        ("smal", None, r"unknown dataset of mirdata 'smal': did you mean 'small'\?"),
        ("small", "/broken", r"mirdata:small: cannot read the dataset: FileNotFoundError: Did you"),
        ("small", "/none", "none of its 1 tracks has an audio_path"),
    ],
)
def test_a_dataset_that_mirdata_cannot_read_is_an_error(name, root, message):
    with pytest.raises(ParameterError, match=message):
        _mirdata.read_mirdata(name, root)


def test_without_mirdata_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[mirdata\]'"):
        recordings.recordings([], manifest="mirdata:small")


def test_every_recording_has_the_same_fields_missing_ones_empty(tmp_path, mirdata):
    for name in "ab":
        write_file(tmp_path / "audio" / f"{name}.wav", "")
    selected = recordings.recordings([tmp_path], manifest="mirdata:small", where={"genre": "blues"})
    assert [list(row.fields) for row in selected] == [[*selected[0].fields]] * 2
    assert [row.fields["artist"] for row in selected] == ["", "ann"]
