"""The measures of tags and of the format of a file."""

import numpy as np
import soundfile

from featkit.auditing.measure import MEASURES
from featkit.auditing.scan import pieces


def test_tags_and_format_are_those_of_the_file_whatever_the_number_of_pieces(tmp_path):
    file = tmp_path / "song.wav"
    with soundfile.SoundFile(file, "w", 8000, 2) as sound:
        sound.artist = "Ann"
        sound.write(np.zeros((16000, 2)))
    for seconds in (300, 0.5):
        parts = list(pieces(str(file), seconds))
        values = {
            name: MEASURES[name].combine([MEASURES[name].compute(piece) for piece in parts])
            for name in ("tags", "file_format")
        }
        assert values["tags"]["name"].tolist() == ["artist"]
        assert values["tags"]["text"].tolist() == ["Ann"]
        assert {name: own.tolist() for name, own in values["file_format"].items()} == {
            "sample_rate": [8000],
            "channels": [2],
            "format": ["WAV PCM_16"],
        }
