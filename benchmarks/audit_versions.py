"""Versions of pieces, copies at another speed, and wrong sample rates: recall and false alarms.

    python benchmarks/audit_versions.py DATA [--only PART...] [--seed 0]

DATA is a folder with `esc10`, `emodb`, `music` and `soundscape`. Versions are synthesised (see
`tests/pieces.py`): 40 pieces in 2 or 3 versions with other timbre, tempo (0.8 to 1.25), key and
tuning, among 60 unrelated pieces. For wrong rates, 5 % of the recordings get a wrong header: the
samples are resampled and the header stays, or the samples stay and the header changes. "Cut" means
that all recordings were cut to different durations before, so that spectra alone must decide.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile as sf
import soxr
from audit_near_copies import SHARED

from featkit.audio.loading import load
from featkit.auditing.audit import audit
from featkit.auditing.result import Audit
from featkit.datasets.files import find

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pieces import SR, draw_piece, draw_version, render

PIECES, UNRELATED, BEATS = 40, 60, 32

RATES = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)

SHARE = 0.05
"""Share of the recordings with a wrong header."""

COPIES = 40

SPEEDS = (1.06, 1.12, 1.19, 1.26, 1.41, 0.89, 0.84, 0.79, 0.71)

Array = np.ndarray
Sounds = Mapping[str, tuple[Array, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of esc10, emodb, music and soundscape")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--seed", type=int, default=0, help="seed of what is planted (0)")
    options = parser.parse_args()
    targets = []
    for part in options.only:
        targets += PARTS[part](options.data, options.seed)
    sys.exit(_common.any_missed(targets))


def versions(data: Path, seed: int) -> list[_common.Target]:
    """Synthetic versions among unrelated pieces, and false hints on real recordings."""
    sounds = {}
    truth: list[set[str]] = []
    for piece in range(PIECES + UNRELATED):
        count = 2 + piece % 2 if piece < PIECES else 1
        names = [f"{piece:03d}-{k}.wav" for k in range(count)]
        for k, name in enumerate(names):
            number = 1000 * (seed + 1) + 10 * piece + k
            y = render(draw_piece(piece, BEATS), draw_version(number), seed=number)
            sounds[name] = (y, SR)
        truth.append(set(names))
    pairs = {
        frozenset((one, two)) for names in truth for one in names for two in names if one < two
    }
    rows, targets = [], []
    for seconds in (8, 12, 20):
        cut = {name: (y[: seconds * SR], SR) for name, (y, _) in sounds.items()}
        issues = _audited(cut, "versions").issues
        clusters = [{place.path for place in issue.places} for issue in issues]
        reported = {frozenset((a, b)) for own in clusters for a in own for b in own if a < b}
        recall = len(reported & pairs) / len(pairs)
        precision = len(reported & pairs) / max(len(reported), 1)
        rows.append([f"{seconds} s", f"{recall:.3f}", f"{precision:.3f}", f"{len(issues)}"])
        if seconds > 8:
            targets.append(_common.Target(f"recall of versions, {seconds} s", recall, 0.9))
        targets.append(_common.Target(f"precision of versions, {seconds} s", precision, 0.98))
    _common.print_table("Versions", ["duration", "recall", "precision", "issues"], rows)
    rows = []
    for name in ("esc10", "emodb", "soundscape", "music"):
        issues = audit(data / name, checks=["versions"]).issues
        rows.append([name, f"{len(issues)}"])
        at = {"at_least": 1, "at_most": 1} if name == "music" else {"at_most": 0}
        targets.append(_common.Target(f"hints in {name}", len(issues), **at))
    _common.print_table("Hints on real recordings", ["folder", "issues"], rows)
    return targets


def wrong_rates(data: Path, seed: int) -> list[_common.Target]:
    """Wrong headers of 5 % of the recordings."""
    rows, targets = [], []
    for name in ("esc10", "emodb"):
        sounds = _sounds(data / name)
        group = "label" if name == "emodb" else None  # speakers; classes are no groups
        alarms = _paths(_audited(sounds, "speed_offsets", group))
        print(f"{name}: reported of the originals: {sorted(alarms) or 'none'}")
        share = len(alarms) / len(sounds)
        targets.append(_common.Target(f"false alarms in {name}", share, at_most=0.01))
        for cut in (False, True):
            for kind in ("samples", "header"):
                planted, truth = _with_wrong_rates(sounds, kind, cut, seed)
                result = _audited(planted, "speed_offsets", group)
                claims = _claims(result)
                right = sum(claims.get(path) == rate for path, rate in truth.items())
                recall = len(truth.keys() & claims.keys()) / len(truth)
                wrong = len(claims.keys() - truth.keys()) / (len(sounds) - len(truth))
                durations = "cut" if cut else "usual"
                rows.append(
                    [
                        name,
                        kind,
                        durations,
                        *(f"{v:.3f}" for v in (recall, right / len(truth), wrong)),
                    ]
                )
                what = f"{name}, wrong {kind}, {durations} durations"
                if not cut or name == "emodb":
                    targets.append(_common.Target(f"recall, {what}", recall, 0.95))
                targets.append(_common.Target(f"false alarms, {what}", wrong, at_most=0.01))
    header = ["folder", "changed", "durations", "recall", "right rate", "false alarms"]
    _common.print_table("Wrong sample rates", header, rows)
    return targets


def _with_wrong_rates(
    sounds: Sounds, kind: str, cut: bool, seed: int
) -> tuple[Sounds, dict[str, int]]:
    rng = np.random.default_rng(seed)
    planted = dict(sounds)
    if cut:
        shares = rng.uniform(0.7, 1.0, len(sounds))
        planted = {
            name: (y[: int(share * len(y))], sr)
            for share, (name, (y, sr)) in zip(shares, sounds.items(), strict=True)
        }
    truth = {}
    for name in rng.permutation([*sounds])[: round(SHARE * len(sounds))].tolist():
        y, sr = planted[name]
        rate = int(rng.choice([one for one in RATES if one != sr]))
        if kind == "samples":
            planted[name], truth[name] = (soxr.resample(y, sr, rate), sr), rate
        else:
            planted[name], truth[name] = (y, rate), sr
    return planted, truth


def copies(data: Path, seed: int) -> list[_common.Target]:
    """Copies at 0.8 to 1.25 times the speed."""
    rows, targets = [], []
    for name in ("esc10", "emodb"):
        sounds = _sounds(data / name)
        rng = np.random.default_rng(seed)
        planted, truth = dict(sounds), {}
        for number, path in enumerate(rng.permutation([*sounds])[:COPIES].tolist()):
            y, sr = sounds[path]
            factor = float(np.exp(rng.choice([-1, 1]) * rng.uniform(np.log(1.02), np.log(1.25))))
            copy = f"{Path(path).parent}/copy{number}.wav"
            planted[copy] = (soxr.resample(y, sr, sr / factor), sr)
            truth[frozenset((path, copy))] = factor
        pairs = {
            frozenset(place.path for place in issue.places): issue.evidence["factor"]
            for issue in _audited(planted, "speed_offsets").issues
            if len(issue.places) > 1
        }
        hits = pairs.keys() & truth.keys()
        originals = {
            copy: path for pair in truth for copy, path in [sorted(pair, key=_is_original)]
        }
        same = [pair for pair in pairs if _of_one_recording(pair, originals)]
        others = sorted(sorted(pair) for pair in pairs if pair not in same)
        print(f"{name}: pairs of other recordings: {others or 'none'}")
        errors = [abs(abs(np.log(pairs[pair])) - abs(np.log(truth[pair]))) for pair in hits]
        recall, precision = len(hits) / len(truth), len(same) / max(len(pairs), 1)
        rows.append([name, f"{recall:.3f}", f"{precision:.3f}", f"{np.quantile(errors, 0.9):.4f}"])
        targets += [
            _common.Target(f"recall of copies at another speed, {name}", recall, 0.9),
            _common.Target(f"precision of copies at another speed, {name}", precision, 0.98),
        ]
    header = ["folder", "recall", "precision", "error of the factor, 90 %"]
    _common.print_table("Copies at another speed", header, rows)
    return targets


def _is_original(path: str) -> bool:
    return not Path(path).name.startswith("copy")


def _of_one_recording(pair: frozenset[str], originals: Mapping[str, str]) -> bool:
    """Whether two recordings are copies of one, or of two originals that share sound."""
    stems = {Path(originals.get(path, path)).stem for path in pair}
    return len(stems) == 1 or stems in [{Path(name).stem for name in own} for own in SHARED]


def groups(data: Path, seed: int) -> list[_common.Target]:
    """Recordings of EmoDB at another speed than the rest of their speaker, without a copy."""
    sounds = _sounds(data / "emodb")
    rows = []
    for factor in SPEEDS:
        rng = np.random.default_rng(seed)
        planted = {
            name: (y[: int(rng.uniform(0.7, 1) * len(y))], sr) for name, (y, sr) in sounds.items()
        }
        chosen = set(rng.permutation([*sounds])[: round(SHARE * len(sounds))].tolist())
        for name in chosen:
            y, sr = planted[name]
            planted[name] = (soxr.resample(y, sr, sr / factor), sr)
        claims = _paths(_audited(planted, "speed_offsets", "label"))
        recall = len(claims & chosen) / len(chosen)
        wrong = len(claims - chosen) / (len(sounds) - len(chosen))
        rows.append([f"{factor:.2f}", f"{recall:.2f}", f"{wrong:.4f}"])
    _common.print_table("Speed within a speaker", ["factor", "recall", "false alarms"], rows)
    return []


def _sounds(folder: Path) -> Sounds:
    """Samples and rate of each recording; the first folder is the group."""
    sounds = {}
    for recording in find([folder]):
        y, sr = load(recording.file)
        path = Path(recording.path)
        group = path.parent.name or path.name[:2]
        sounds[f"{group}/{path.stem}.wav"] = (y, round(sr))
    return sounds


def _audited(sounds: Sounds, check: str, group: str | None = None) -> Audit:
    with tempfile.TemporaryDirectory() as folder:
        for name, (y, sr) in sounds.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            sf.write(file, y, sr)
        labels = "folder" if any("/" in name for name in sounds) else None
        return audit(folder, checks=[check], labels=labels, group=group)


def _paths(result: Audit) -> set[str]:
    return {issue.places[0].path for issue in result.issues}


def _claims(result: Audit) -> dict[str, int | None]:
    return {issue.places[0].path: issue.evidence.get("likely_rate") for issue in result.issues}


PARTS: dict[str, Callable[[Path, int], Sequence[_common.Target]]] = {
    "versions": versions,
    "wrong_rates": wrong_rates,
    "copies": copies,
    "groups": groups,
}

if __name__ == "__main__":
    main()
