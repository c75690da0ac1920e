"""Wrong sample rates, copies at another speed and other tunings are reported with the factor."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from pieces import Piece, Version, render

from featkit.auditing.audit import audit
from featkit.auditing.copies import speed_copies
from featkit.auditing.copies.speed import BANDS
from featkit.auditing.copies.speed_copies import find_speed_copies
from featkit.dsp import synthesis

SR = synthesis.SR
CLIPS = 10


@cache
def music(seed: int) -> np.ndarray:
    style = synthesis.STYLES["rock" if seed % 2 else "swing"]
    return synthesis.clip(style, np.random.default_rng(seed))[: 4 * SR]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten clips of 4 s, one of them at 16 kHz under a header of 22.05 kHz; one copy at 1.1."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    for seed in range(CLIPS):
        y = soxr.resample(music(seed), SR, 16000) if seed == 3 else music(seed)
        sf.write(folder / f"a/{seed}.wav", y, SR)
    sf.write(folder / "b/copy.wav", soxr.resample(music(5), SR, SR / 1.1), SR)
    return folder


def test_a_wrong_header_is_seen_from_the_usual_duration(clips: Path) -> None:
    issues = audit(clips, checks=["speed_offsets"]).issues
    (issue,) = [one for one in issues if one.kind == "wrong sample rate"]
    assert issue.places[0].path == "a/3.wav"
    assert issue.evidence["likely_rate"] == 16000
    assert issue.evidence["factor"] == pytest.approx(22050 / 16000, rel=1e-3)
    assert "16,000 Hz, not at 22,050 Hz" in issue.message


def test_a_copy_at_another_speed_is_reported_with_the_factor(clips: Path) -> None:
    issues = audit(clips, labels="folder", checks=["speed_offsets"]).issues
    (issue,) = [one for one in issues if one.kind == "copy at another speed"]
    assert {place.path for place in issue.places} == {"a/5.wav", "b/copy.wav"}
    assert issue.evidence["factor"] == pytest.approx(1.1, rel=3e-3)
    assert issue.severity == "high"
    assert "their labels differ: a, b" in issue.message


def test_a_copy_at_the_ratio_of_two_rates_names_them(tmp_path: Path) -> None:
    for seed in range(3):
        sf.write(tmp_path / f"{seed}.wav", music(seed), SR)
    sf.write(tmp_path / "slow.wav", music(1), 16000)
    (issue,) = audit(tmp_path, checks=["speed_offsets"]).issues
    assert issue.evidence["factor"] == pytest.approx(16000 / 22050, rel=3e-3)
    assert "slow.wav is sampled at 22,050 Hz, not at 16,000 Hz" in issue.message


def test_a_recording_out_of_tune_is_reported(tmp_path: Path) -> None:
    (tmp_path / "quartet").mkdir()
    for seed in range(9):
        rng = np.random.default_rng(seed)
        pitches = 50 + np.cumsum(rng.integers(-3, 4, 12))
        notes = tuple((float(k), 1.0, int(pitch)) for k, pitch in enumerate(pitches))
        transposition = 0.3 if seed == 4 else 0.0
        version = Version(tempo=120, drums=0.0, transposition=transposition)
        sf.write(tmp_path / f"quartet/{seed}.wav", render(Piece(notes, 12.0), version), SR)
    issues = audit(tmp_path, labels="folder", checks=["speed_offsets"]).issues
    (issue,) = [one for one in issues if one.kind == "another tuning"]
    assert issue.places[0].path == "quartet/4.wav"
    assert issue.evidence["cents"] == pytest.approx(30, abs=3)


@pytest.mark.parametrize(("speed", "count"), [(1.0004, 0), (0.95, 1)])
def test_copies_at_the_same_speed_are_left_to_near_copies(
    monkeypatch: pytest.MonkeyPatch, speed: float, count: int
) -> None:
    monkeypatch.setattr(speed_copies, "matched_at_speed", lambda *_: (speed, 100, 200))
    bands = np.arange(BANDS)
    waves = [np.exp(1j * (bands + shift) / 9) for shift in (0, 1)]
    spectra = [20 * wave.real + 9 * (wave**2).imag for wave in waves]
    copies = find_speed_copies(dict(zip("ab", spectra, strict=True)), {"a": "a", "b": "b"})
    assert len(copies) == count


def test_a_spectrum_is_evidence_within_a_group_only_and_tells_no_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    colours = [np.repeat(rng.normal(0, 2, 40), 100) for _ in range(2)]
    for speaker, colour in enumerate(colours):
        (tmp_path / f"{speaker}").mkdir()
        for k in range(12):
            length = SR + int(rng.integers(SR))
            X = np.fft.rfft(rng.normal(size=length))
            hz = np.fft.rfftfreq(length, 1 / SR)
            envelope = np.interp(np.log2(hz + 1), np.linspace(0, 14, 4000), colour)
            y = np.fft.irfft(X * np.exp(envelope))
            y = soxr.resample(y, SR, 15000) if (speaker, k) == (1, 3) else y
            sf.write(tmp_path / f"{speaker}/{k}.wav", y / np.max(np.abs(y)), SR)
    options = {"labels": "folder", "checks": ["speed_offsets"]}
    (issue,) = audit(tmp_path, group="label", **options).issues
    assert issue.kind == "another speed"
    assert issue.places[0].path == "1/3.wav"
    assert issue.evidence["likely_rate"] is None
    assert issue.evidence["factor"] == pytest.approx(22050 / 15000, rel=0.06)
    assert "about 1." in issue.message
    assert "Hz" not in issue.message
    assert audit(tmp_path, **options).issues == []


def test_few_or_silent_recordings_give_no_issue(tmp_path: Path) -> None:
    sf.write(tmp_path / "silence.wav", np.zeros(100), 8000)
    sf.write(tmp_path / "one.wav", np.ones(1), 44100)
    assert audit(tmp_path, checks=["speed_offsets"]).issues == []
    assert find_speed_copies({}, {}) == []
