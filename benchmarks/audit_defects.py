"""Defects of recordings: recall of synthetic defects, false alarms on originals, and time.

    python benchmarks/audit_defects.py FOLDER... [--recordings 100] [--only DEFECT...] [--seed 0]

Each case of `CASES` puts a defect at a random place of recordings in which nothing of the kind was
found before, and writes the result as a file. It is found if a time range of the defect and the
true one overlap by at least half of the true one. Originals with a finding are listed; those that
were inspected and do have the defect (`TRUE_DEFECTS`) are no false alarms. The algorithms of
Essentia for audio problems are compared if it is installed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import _common  # before NumPy, since it sets the number of threads
import audit_defect_cases
import audit_defect_essentia
import numpy as np
from audit_defect_cases import CASES, Case
from audit_spectral_cases import SPECTRAL_CASES, true_spectral_defects

from featkit.auditing.defect import DEFECTS, Finding, join_findings
from featkit.auditing.measure import Piece
from featkit.auditing.scan import pieces
from featkit.datasets import files
from featkit.datasets.files import Recording

LEAST_RECALL, MOST_FALSE_ALARMS = 0.95, 0.01

MOST_MS = 5.0
"""Milliseconds of all detectors for a clip of 5 s at 44.1 kHz."""

Array = np.ndarray


class Original(NamedTuple):
    """A recording with its sound and what was found in it."""

    path: str
    pieces: list[Piece]
    findings: dict[str, list[Finding]]

    @property
    def sound(self) -> tuple[Array, int]:
        """Samples of the mean of the channels, and the sample rate."""
        return np.concatenate([piece.y for piece in self.pieces]), round(self.pieces[0].rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help="clean recordings")
    parser.add_argument("--recordings", type=int, default=100, help="for each case (100)")
    parser.add_argument("--only", nargs="+", choices=DEFECTS.names, help="these defects only")
    parser.add_argument("--seed", type=int, default=0, help="seed of the places (0)")
    options = parser.parse_args()
    names = options.only or DEFECTS.names
    targets = []
    recordings = [one for folder in options.folders for one in files.find([folder])]
    originals, seconds = read_originals(recordings, names)
    targets += show_originals(originals, names)
    targets += show_time(originals, seconds, names)
    chosen = [case for case in [*CASES, *SPECTRAL_CASES] if case.defect in names]
    targets += show_recall(originals, chosen, options.recordings, options.seed)
    compare_with_essentia(originals, chosen, options.recordings, options.seed)
    sys.exit(_common.any_missed(targets))


def read_originals(
    recordings: Sequence[Recording], names: Sequence[str]
) -> tuple[list[Original], dict[str, float]]:
    """Read and examine recordings; the seconds that each defect takes are of all recordings."""
    originals: list[Original] = []
    seconds = dict.fromkeys(names, 0.0)
    for recording in recordings:
        parts = list(pieces(recording.file))
        findings: dict[str, list[Finding]] = {}
        for name in names:
            begin = time.process_time()
            findings[name] = find(parts, name)
            seconds[name] += time.process_time() - begin
        originals.append(Original(recording.path, parts, findings))
    return originals, seconds


def find(parts: Sequence[Piece], name: str) -> list[Finding]:
    """All findings of a defect, joined over the pieces as the audit does."""
    defect = DEFECTS[name]
    return join_findings([one for piece in parts for one in defect.find(piece)], defect.gap)


def show_originals(originals: Sequence[Original], names: Sequence[str]) -> list[_common.Target]:
    """Print what was found in the originals."""
    rows, unexplained = [], []
    for name in names:
        reported = [one.path for one in originals if one.findings[name]]
        true = audit_defect_cases.true_defects(name, reported)
        true |= true_spectral_defects(name, reported)
        false = [path for path in reported if path not in true]
        unexplained += [f"{name}: {path}" for path in false]
        share = len(false) / len(originals)
        rows.append([name, f"{len(reported)}", f"{len(true)}", f"{len(false)}", f"{share:.2%}"])
    _common.print_table(
        f"{len(originals)} originals",
        ["defect", "reported", "taken as true", "false alarms", "share"],
        rows,
    )
    print("\nFalse alarms, or not inspected:\n\n" + ("\n".join(unexplained) or "none"))
    return [
        _common.Target(f"false alarms of {row[0]}", int(row[3]) / len(originals), at_most=0.01)
        for row in rows
    ]


def show_time(
    originals: Sequence[Original], seconds: dict[str, float], names: Sequence[str]
) -> list[_common.Target]:
    """Print the time that each defect takes."""
    duration = sum(len(part.samples) / 44100 for one in originals for part in one.pieces)
    milliseconds = {name: 1000 * seconds[name] / (duration / 5) for name in names}
    total = sum(milliseconds.values())
    _common.print_table(
        "Milliseconds for 5 s at 44.1 kHz (in proportion to the samples)",
        ["defect", "ms"],
        [[name, f"{milliseconds[name]:.2f}"] for name in names] + [["all", f"{total:.2f}"]],
    )
    return [_common.Target("ms of all defects", total, at_most=MOST_MS)]


def show_recall(
    originals: Sequence[Original], cases: Sequence[Case], count: int, seed: int
) -> list[_common.Target]:
    """Print how many synthetic defects of each case are found."""
    rows, targets = [], []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            outcomes = list(outcomes_of(originals, case, count, seed, Path(folder)))
            total, reported = len(outcomes), sum(outcome.reported for outcome in outcomes)
            row = [case.defect, case.name, f"{total}"]
            if all(outcome.is_true for outcome in outcomes):
                recall = sum(outcome.overlaps for outcome in outcomes) / total if total else None
                rows.append([*row, "-" if recall is None else f"{recall:.3f}", f"{reported}"])
                target = _common.Target("recall", recall, at_least=LEAST_RECALL)
            else:
                rows.append([*row, "", f"{reported}"])
                target = _common.Target("reports", reported / total, at_most=MOST_FALSE_ALARMS)
            if case.is_target:
                name = f"{target.name} of {case.defect}, {case.name}"
                targets.append(dataclasses.replace(target, name=name))
    header = ["defect", "case", "recordings", "recall", "reported anywhere"]
    _common.print_table("Synthetic defects", header, rows)
    return targets


class Outcome(NamedTuple):
    """Whether there is a synthetic defect, whether one was reported, and at its place."""

    is_true: bool
    reported: bool
    overlaps: bool


def outcomes_of(
    originals: Sequence[Original], case: Case, count: int, seed: int, folder: Path
) -> Iterator[Outcome]:
    """Put a defect into some recordings, and look for it."""
    for parts, ranges in synthetic_recordings(originals, case, count, seed, folder):
        yield judged(case.matching(find(parts, case.defect)), ranges)


def synthetic_recordings(
    originals: Sequence[Original], case: Case, count: int, seed: int, folder: Path
) -> Iterator[tuple[list[Piece], list[tuple[float, float]]]]:
    """Put a defect into some recordings; yield them with the true time ranges."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    clean = [one for one in originals if not case.matching(one.findings[case.defect])]
    order = rng.permutation(len(clean))
    made = 0
    for number in order.tolist():
        y, sr = clean[number].sound
        synthetic = case.make(y, sr, rng)
        if synthetic is None:  # no suitable place, such as loud sound
            continue
        path = case.write(folder / f"case{case.suffix}", synthetic.samples, sr)
        yield list(pieces(str(path))), synthetic.ranges
        made += 1
        if made == count:
            return


def judged(findings: Sequence[Finding], truth: Sequence[tuple[float, float]]) -> Outcome:
    """Compare findings with the true time ranges."""
    ranges = join_findings(one._replace(channel=-1) for one in findings)
    pairs = [(one, start, end) for one in ranges for start, end in truth]
    common = sum(max(0.0, min(one.end, end) - max(one.start, start)) for one, start, end in pairs)
    touches = any(one.start <= end and one.end >= start for one, start, end in pairs)
    total = sum(end - start for start, end in truth)
    return Outcome(bool(truth), bool(findings), touches and common >= total / 2)


def compare_with_essentia(
    originals: Sequence[Original], cases: Sequence[Case], count: int, seed: int
) -> None:
    """Print in how many recordings Essentia reports anything, and featkit for comparison."""
    detectors = audit_defect_essentia.detectors()
    if not detectors:
        print("\nEssentia is not installed: no comparison (pip install -e '.[bench]')")
        return
    some = originals[:: max(1, len(originals) // count)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for defect in dict.fromkeys(case.defect for case in cases if case.defect in detectors):
            sounds = {"originals": [one.pieces for one in some]}
            for case in cases:
                if case.defect == defect:
                    made = synthetic_recordings(originals, case, count, seed, Path(folder))
                    sounds[case.name] = [parts for parts, _ in made]
            for name, recordings in sounds.items():
                own = np.mean([bool(find(parts, defect)) for parts in recordings])
                row = [defect, name, f"{len(recordings)}", f"{own:.2f}"]
                for algorithm, reports in detectors[defect].items():
                    share = np.mean([reports(parts[0].y, parts[0].rate) for parts in recordings])
                    row.append(f"{algorithm} {share:.2f}")
                rows.append([*row, *[""] * (6 - len(row))])
    header = ["defect", "recordings with", "number", "featkit", "Essentia", "Essentia"]
    _common.print_table("Share of the recordings in which anything is reported", header, rows)


if __name__ == "__main__":
    main()
