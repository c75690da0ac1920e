"""The measure of defects: all findings of a recording, joined over its pieces."""

import itertools

import numpy as np
import soundfile
from defective import SR, piece_of, to_int16, voice

from featkit.auditing.defect import DEFECTS
from featkit.auditing.measures.defects import MEASURE
from featkit.auditing.scan import scan_recordings
from featkit.datasets.files import recording_at
from featkit.executors.opening import local_executor


def measured(y, *borders):
    """The measure of samples that arrive in pieces."""
    edges = [0, *borders, len(y)]
    pieces = [
        piece_of(y[begin:end], first=begin, is_last=end == len(y))
        for begin, end in itertools.pairwise(edges)
    ]
    return MEASURE.combine([MEASURE.compute(piece) for piece in pieces])


def rows(values, name):
    own = values["defect"] == name
    return [
        tuple(row)
        for row in np.round(np.stack([values["start"], values["end"]], 1)[own], 3).tolist()
    ]


def test_a_defect_across_pieces_is_one_finding():
    y = np.stack([voice(), np.zeros(3 * SR)], axis=1)
    whole, divided = measured(to_int16(y)), measured(to_int16(y), SR, 2 * SR)
    assert rows(whole, "dead_channel") == rows(divided, "dead_channel") == [(0.0, 3.0)]


def test_times_are_those_of_the_file():
    y = 0.1 * np.random.default_rng(0).standard_normal(3 * SR)
    y[round(2.5 * SR) : round(2.5 * SR) + 441] = 0
    assert rows(measured(to_int16(y), SR, 2 * SR), "dropouts") == [(2.5, 2.52)]


def test_a_clean_recording_has_empty_values():
    values = measured(to_int16(voice()))
    assert {len(array) for array in values.values()} == {0}
    assert values["defect"].dtype.kind == "U"
    assert values["channel"].dtype == np.int64


def test_a_recording_is_scanned(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(SR), SR, subtype="PCM_16")
    result = scan_recordings(
        [recording_at(file=str(path), path="quiet.wav")], ["defects"], executor=local_executor()
    )
    assert not result.failures
    found = result.measured["quiet.wav"]["defects"]["defect"].tolist()
    assert set(found) == {"digital_silence"}
    assert "digital_silence" in DEFECTS.names
