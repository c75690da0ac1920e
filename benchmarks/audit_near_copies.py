"""Near copies: recall and precision on planted copies, and time and memory of the index.

    python benchmarks/audit_near_copies.py ESC10 [EMODB] [--seed N] [--reference]
    python benchmarks/audit_near_copies.py ESC10 --scale N [N ...] [--simulate N [N ...]]
    python benchmarks/audit_near_copies.py ESC10 --independent N [N ...]

ESC10 and EMODB are folders of recordings. In each, 60 recordings with sound get a copy: ten each as
MP3 at 64 kbit/s, at -12 dB, resampled to 16 kHz, offset by 1.7 s, cut to 70 %, and with white noise
at 10 dB SNR. Harder copies follow in rows of their own. A reported pair is right if it is planted
or one of `SHARED`, the pairs of originals that share sound; --reference finds these without
landmarks, by cross-correlating all pairs of originals, which takes some minutes.

--scale measures folders of N clips of 5 s, WAV at 44.1 kHz, each a mixture of two recordings of
the first folder at random speeds, with a copy at 64 kbit/s of every hundredth clip. The more clips,
the more pairs of them share a recording at nearly the same speed; --independent measures clips of
random tones and noise (WAV at 8 kHz), of which no two share sound but the copies. --simulate
measures the index alone, on N simulated recordings with random peaks. The exit status is 1 if a
target is missed. MP3 files are written by `lame`, which must be installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
import soxr
from _common import Array, Target, print_table

import featkit
from featkit.auditing.audit import audit
from featkit.auditing.check import CHECKS
from featkit.auditing.copies import landmark_index
from featkit.auditing.issue import Issue
from featkit.datasets.files import find
from featkit.dsp import landmarks

MIN_RECALL, MIN_PRECISION = 0.95, 0.98

SHARED = (
    {"2-28314-A.ogg", "2-30322-A.ogg"},
    {"2-28314-B.ogg", "2-30322-B.ogg"},
    {"3-151080-A.ogg", "5-151085-A.ogg"},
)
"""Pairs of originals that share sound, as --reference finds them: all are of ESC-10."""

SHIFT = 1.7
"""Offset in seconds."""

PER_KIND = 10

Change = Callable[[Array, int, np.random.Generator], tuple[Array, int]]


def _mp3(y: Array, sr: int, rng: np.random.Generator, kbits: int = 64) -> tuple[Array, int]:
    with tempfile.TemporaryDirectory() as folder:
        wav, mp3 = (os.path.join(folder, name) for name in ("a.wav", "a.mp3"))
        soundfile.write(wav, np.clip(y, -1, 1), sr)
        subprocess.run(["lame", "--quiet", "-b", str(kbits), wav, mp3], check=True)
        decoded, rate = soundfile.read(mp3, dtype="float32")
    return decoded, rate


def _quieter(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    return y * 10 ** (-12 / 20), sr


def _resampled(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    return soxr.resample(y, sr, 16000), 16000


def _offset(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    """Begin 1.7 s later; a recording that is too short for this begins after 1.7 s of silence."""
    shift = round(SHIFT * sr)
    return (y[shift:] if len(y) > 2 * shift else np.pad(y, (shift, 0))), sr


def _cut(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    length = round(0.7 * len(y))
    start = int(rng.integers(len(y) - length + 1))
    return y[start : start + length], sr


def _noisy(y: Array, sr: int, rng: np.random.Generator, snr: float = 10) -> tuple[Array, int]:
    noise = rng.standard_normal(len(y))
    return y + noise * np.sqrt(np.mean(y**2) / 10 ** (snr / 10)), sr


def _pink(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    spectrum = np.fft.rfft(rng.standard_normal(len(y)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 10), len(y))
    return y + noise * np.sqrt(np.mean(y**2) / np.mean(noise**2) / 10), sr


def _combined(y: Array, sr: int, rng: np.random.Generator) -> tuple[Array, int]:
    """All at once: offset, noise, level and MP3."""
    for change in (_offset, _noisy, _quieter, _mp3):
        y, sr = change(y, sr, rng)
    return y, sr


CHANGES: Mapping[str, Change] = {
    "MP3 at 64 kbit/s": _mp3,
    "-12 dB": _quieter,
    "resampled": _resampled,
    "offset by 1.7 s": _offset,
    "cut to 70 %": _cut,
    "noise at 10 dB SNR": _noisy,
}
"""The planted copies that the targets count."""

HARDER: Mapping[str, Change] = {
    "all at once": _combined,
    "MP3 at 32 kbit/s": lambda y, sr, rng: _mp3(y, sr, rng, 32),
    "pink noise at 10 dB SNR": _pink,
    "noise at 0 dB SNR": lambda y, sr, rng: _noisy(y, sr, rng, 0),
    "telephone rate, 8 kHz": lambda y, sr, rng: (soxr.resample(y, sr, 8000), 8000),
    "inverted, 8 bits": lambda y, sr, rng: (np.round(-y * 127) / 127, sr),
}


class Planted(NamedTuple):
    """A planted copy."""

    kind: str
    original: str
    copy: str


def plant(source: str, folder: Path, *, seed: int = 0) -> list[Planted]:
    """Link the recordings of a folder into another one, and add copies.

    A recording gets one copy. Recordings whose copy would be almost silent, because their sound is
    in the part that is cut, are passed over.
    """
    rng = np.random.default_rng(seed)
    recordings = find([source])
    for recording in recordings:
        link = folder / "originals" / recording.path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(recording.file)
    waiting = [recordings[k] for k in rng.permutation(len(recordings))]
    planted = []
    for kind, change in (CHANGES | HARDER).items():
        (folder / "copies" / kind).mkdir(parents=True)
        for _ in range(PER_KIND):
            while True:
                recording = waiting.pop()
                y, sr = soundfile.read(recording.file, dtype="float64", always_2d=True)
                copy, rate = change(y.mean(axis=1), sr, rng)
                if np.mean(copy**2) * len(copy) / rate > 0.1 * _energy(y.mean(axis=1), sr, kind):
                    break
            name = f"copies/{kind}/{Path(recording.path).stem}.wav"
            soundfile.write(folder / name, np.clip(copy, -1, 1), rate, subtype="PCM_16")
            planted.append(Planted(kind, f"originals/{recording.path}", name))
    return planted


def _energy(y: Array, sr: int, kind: str) -> float:
    energy = float(np.mean(y**2) * len(y) / sr)
    return energy * 10**-1.2 if kind in ("-12 dB", "all at once") else energy


def reported_clusters(issues: Sequence[Issue]) -> list[set[str]]:
    """Recordings that the issues join, directly or by other recordings."""
    clusters: list[set[str]] = []
    for issue in issues:
        cluster = set(issue.together)
        for other in [one for one in clusters if one & cluster]:
            cluster |= other
            clusters.remove(other)
        clusters.append(cluster)
    return clusters


def accuracy(source: str, seed: int) -> Iterator[Target]:
    """Audit a folder with planted copies, print a table, and yield the targets."""
    with tempfile.TemporaryDirectory() as name:
        planted = plant(source, Path(name), seed=seed)
        start = time.perf_counter()
        result = audit(name, checks=["exact_copies", "near_copies"], n_jobs=2)
        seconds = time.perf_counter() - start
    clusters = reported_clusters(result.issues)
    truth = [{one.original, one.copy} for one in planted]
    names = {Path(path).name: path for path in result.dataset.by_recording("path")}
    truth += [{names[one] for one in pair} for pair in SHARED if pair <= set(names)]
    joined = reported_clusters([_joined(pair) for pair in truth])
    pairs = [(a, b) for cluster in clusters for a in cluster for b in cluster if a < b]
    wrong = [pair for pair in pairs if not any(set(pair) <= one for one in joined)]
    details = {
        (row["first"], row["second"]): row for issue in result.issues for row in _rows(issue)
    }
    rows, found_in_all = [], 0
    for kind in CHANGES | HARDER:
        own = [one for one in planted if one.kind == kind]
        found = [one for one in own if any({one.original, one.copy} <= c for c in clusters)]
        found_in_all += len(found) * (kind in CHANGES)
        pairs_of = [(one.copy, one.original) for one in found]
        scores = [details[pair]["score"] for pair in pairs_of if pair in details]
        rows.append(
            [kind, f"{len(found)} of {len(own)}", f"{min(scores):.2f}" if scores else "exact"]
        )
    dataset = Path(source).name
    title = f"{dataset}: {len(result.dataset.recordings)} recordings, {seconds:.0f} s"
    print_table(title, ["copy", "found", "lowest score"], rows)
    print(f"\n{len(pairs)} pairs reported, {len(wrong)} of them wrong: {wrong}")
    recall = found_in_all / (PER_KIND * len(CHANGES))
    yield Target(f"{dataset}: recall", recall, at_least=MIN_RECALL)
    precision = 1 - len(wrong) / max(len(pairs), 1)
    yield Target(f"{dataset}: precision", precision, at_least=MIN_PRECISION)


def _joined(pair: set[str]) -> Issue:
    return Issue("near_copies", "truth", "low", "", "", together=tuple(pair))


def _rows(issue: Issue) -> Sequence[Mapping[str, Any]]:
    if issue.check == "exact_copies":
        return []
    first, second = issue.together[:2]
    pair = {"first": min(first, second), "second": max(first, second), **issue.evidence}
    return issue.evidence.get("pairs", [pair])


def reference(source: str, sr: int = 8000) -> None:
    """Print the pairs of a folder with the highest peaks of whitened cross-correlation."""
    from scipy import fft

    recordings = find([source])
    signals = [featkit.load(one.file, sr=sr)[0] for one in recordings]
    n = fft.next_fast_len(2 * max(map(len, signals)), real=True)
    spectra = []
    for y in signals:
        X = fft.rfft(y, n)
        power = np.abs(X) ** 2
        X /= np.sqrt(np.convolve(power, np.ones(401) / 401, "same") + 1e-12 * power.max() + 1e-20)
        X[: 80 * n // sr] = 0
        spectra.append((X / np.sqrt(2 * np.sum(np.abs(X) ** 2) / n)).astype(np.complex64))
    rows = []
    for i, X in enumerate(spectra):
        for j in range(i):
            correlation = np.abs(fft.irfft(X * np.conj(spectra[j]), n))
            best = int(np.argmax(correlation))
            lag = (best if best < n // 2 else best - n) / sr
            rows.append((float(correlation[best]), recordings[j].path, recordings[i].path, lag))
    best_rows = [[f"{v:.3f}", a, b, f"{lag:.3f}"] for v, a, b, lag in sorted(rows)[:-21:-1]]
    print_table("Peaks of cross-correlation", ["peak", "first", "second", "lag in s"], best_rows)


def make_clips(source: str, folder: Path, count: int, *, independent: bool) -> int:
    """Write clips of 5 s, and return the number of copies among them."""
    rng = np.random.default_rng(0)
    sr = 8000 if independent else 44100
    signals = [] if independent else [featkit.load(one.file, sr=sr)[0] for one in find([source])]
    n_copies = count // 101
    for k in range(count - n_copies):
        y = _tones(rng, sr) if independent else _mixture(signals, rng, sr)
        y = y / np.max(np.abs(y))
        soundfile.write(folder / f"{k:06d}.wav", y, sr, subtype="PCM_16")
        if k < n_copies:
            copy, rate = _mp3(y, sr, rng)
            soundfile.write(folder / f"copy{k:06d}.wav", copy, rate, subtype="PCM_16")
    return n_copies


def _mixture(signals: Sequence[Array], rng: np.random.Generator, sr: int) -> Array:
    """Two recordings at random speeds, equally loud."""
    chosen = rng.choice(len(signals), 2, replace=False)
    parts = [
        signals[i][(np.arange(5 * sr) * speed).astype(np.intp) % len(signals[i])]
        for i, speed in zip(chosen, rng.uniform(0.8, 1.25, 2), strict=True)
    ]
    return sum(part / (np.sqrt(np.mean(part**2)) + 1e-9) for part in parts)


def _tones(rng: np.random.Generator, sr: int) -> Array:
    """Decaying chirps of 0.05 to 1 s at random times, in coloured noise."""
    y = np.convolve(rng.normal(size=5 * sr), rng.normal(size=32), "same") * rng.uniform(0.01, 0.3)
    for _ in range(rng.integers(5, 40)):
        t = np.arange(round(rng.uniform(0.05, 1) * sr)) / sr
        phase = np.exp(rng.uniform(np.log(100), np.log(3500))) * t + rng.uniform(-200, 200) * t**2
        tone = np.exp(-t * rng.uniform(0, 4) / t[-1]) * np.sin(2 * np.pi * phase)
        start = rng.integers(0, len(y) - len(t))
        y[start : start + len(t)] += rng.uniform(0.1, 1) * tone
    return y


def scale(source: str, count: int, *, independent: bool = False) -> Iterator[Target]:
    """Measure the audit of many clips, in a process of its own because of its memory."""
    with tempfile.TemporaryDirectory() as name:
        n_copies = make_clips(source, Path(name), count, independent=independent)
        command = [sys.executable, __file__, name, "--measure"]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    decoding, measuring, checking, memory, found = map(float, output.split())
    beyond = (measuring - decoding + checking) / 2
    header = ["clips", "decoding", "scan", "check", "beyond, on two", "memory", "found"]
    seconds = [f"{value:.1f} s" for value in (decoding, measuring, checking, beyond)]
    row = [f"{count:,}", *seconds, f"{memory:.2f} GB", f"{found:.0f} of {n_copies}"]
    title = "Independent clips of 5 s at 8 kHz" if independent else "Clips of 5 s"
    print_table(f"{title}, seconds of one core", header, [row])
    if count >= 10_000 and not independent:
        yield Target(f"seconds for {count:,} clips on two cores", beyond, at_most=60)
        yield Target(f"gigabytes for {count:,} clips", memory, at_most=1)


def measure(folder: str) -> None:
    """Print seconds of decoding, of the scan and of the check, memory, and the copies found.

    One process, so that its time on the processor does not depend on others.
    """
    from featkit.auditing.dataset import AuditedDataset
    from featkit.auditing.measured import Measured
    from featkit.auditing.scan import scan_recording
    from featkit.table.feature_table import FeatureTable

    recordings = find([folder])
    times = [time.process_time()]
    for recording in recordings:
        scan_recording(recording, [])
    times.append(time.process_time())
    scans = {one.path: scan_recording(one, ["landmarks"]) for one in recordings}
    times.append(time.process_time())
    dataset = AuditedDataset(
        "clips",
        FeatureTable({"path": list(scans)}, [], np.empty((len(scans), 0))),
        recordings,
        measured=Measured({path: scan.data for path, scan in scans.items()}),
        durations={path: scan.seconds for path, scan in scans.items()},
    )
    issues = list(CHECKS["near_copies"].run(dataset))
    times.append(time.process_time())
    groups = reported_clusters(issues)
    pairs = [{path, path.removeprefix("copy")} for path in scans if path.startswith("copy")]
    found = sum(any(pair <= one for one in groups) for pair in pairs)
    print(*np.diff(times), _peak_memory(resource.RUSAGE_SELF), found)


def _peak_memory(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1e6


def simulate(source: str, count: int) -> tuple[list[Array], list[Array]]:
    """Fingerprints of random peaks with the frequencies of real ones: hashes and ticks.

    The index uses the smallest hashes of a large dataset, which are a part of all landmarks of four
    peaks. Here, this part is that of some anchor frequencies, so that only these landmarks need to
    be simulated: they are as often equal as the smallest hashes are.
    """
    rng = np.random.default_rng(0)
    signals = [featkit.load(one.file, sr=landmarks.SR)[0] for one in find([source])]
    bins = np.concatenate([landmarks.peaks(y)[1] for y in signals])
    triples = [followers for followers in landmarks.FOLLOWERS if len(followers) == 3]
    all_per_clip = 5 * landmarks.PEAKS * len(triples)
    used = min(1.0, landmark_index.MAX_LANDMARKS / (2 * all_per_clip * count))
    per_clip = round(min(1.0, 2 * used) * all_per_clip)
    # A recording has as many landmarks of four peaks as of three; the latter are dropped first.
    anchors = np.sort(bins)[: round(min(1.0, 2 * used) * len(bins))]
    span = 0, round((1 << 31) * min(1.0, 2 * used))
    hashes: list[Array] = []
    ticks: list[Array] = []
    for start in range(0, count, 1000):
        shape = min(1000, count - start), per_clip
        gaps = rng.geometric(0.25, (5, *shape)) - 1
        chosen = np.array(triples)[rng.integers(len(triples), size=shape)] - 1
        steps = np.minimum(np.cumsum(gaps, axis=0), landmarks.LONGEST)
        key = rng.choice(anchors, shape).astype(np.uint64)
        for _ in range(3):
            key = key << np.uint64(8) | rng.choice(bins, shape).astype(np.uint64)
        for k in range(3):
            step = np.take_along_axis(steps, chosen[None, :, :, k], axis=0)[0]
            key = key << np.uint64(6) | step.astype(np.uint64)
        hashes += list(np.sort(landmarks.mixed(key, span), axis=1))
        ticks += list(rng.integers(0, 312, shape, dtype=np.uint32))
    return hashes, ticks


def index_only(source: str, counts: Sequence[int]) -> None:
    """Print time and memory of the index for numbers of simulated recordings."""
    rows = []
    for count in counts:
        hashes, ticks = simulate(source, count)
        before = _peak_memory(resource.RUSAGE_SELF)
        start = time.perf_counter()
        candidates = landmark_index.find_candidates(hashes, ticks)
        seconds = time.perf_counter() - start
        more = _peak_memory(resource.RUSAGE_SELF) - before
        per_clip = sum(map(len, hashes)) / count
        numbers = [
            f"{count:,}",
            f"{per_clip:.0f}",
            f"{seconds:.1f} s",
            f"{1e6 * seconds / count:.0f} µs",
        ]
        rows.append([*numbers, f"{before:.2f} GB", f"{more:.2f} GB", f"{len(candidates.first):,}"])
    header = [
        "recordings",
        "landmarks",
        "index",
        "each",
        "fingerprints",
        "index memory",
        "candidates",
    ]
    print_table("Simulated fingerprints", header, rows)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--scale", type=int, nargs="+", default=[])
    parser.add_argument("--independent", type=int, nargs="+", default=[])
    parser.add_argument("--simulate", type=int, nargs="+", default=[])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    source, targets = options.folders[0], []
    if options.measure:
        measure(source)
        return 0
    if options.reference:
        reference(source)
    if options.simulate:
        index_only(source, options.simulate)
    for count in options.scale:
        targets += scale(source, count)
    for count in options.independent:
        targets += scale(source, count, independent=True)
    if not (options.scale or options.independent or options.simulate or options.reference):
        targets += [one for folder in options.folders for one in accuracy(folder, options.seed)]
    return int(_common.any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
