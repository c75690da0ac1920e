"""Recordings at another speed: a wrong sample rate in the header, a tape that ran too fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import duration, sample_rate
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.copies.copy_columns import CopyColumns
from featkit.auditing.copies.sample_rates import SAME, STANDARD, common_duration, standard_rate
from featkit.auditing.copies.speed import Shifts, shift_evidence
from featkit.auditing.copies.speed_copies import SpeedCopy, find_speed_copies
from featkit.auditing.copies.tunings import Detuned, find_detuned
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.measure import Values
from featkit.models.problem import name_list

SEMITONES = np.array([one for one in range(-12, 13) if one])
"""Speeds that are compared, besides the ratios of standard rates."""

PRIOR = 1e-3
"""Share of recordings with another speed that is assumed for the certainty."""

PAIR_TOLERANCE = 4e-3
"""Largest relative error of the factor between two copies."""


class Claim(NamedTuple):
    """What is wrong with the speed of a recording.

    Attributes
    ----------
    factor : float
        Speed at which it is played relative to the right one.
    true_rate : int or None
        Standard rate in Hz that the duration shows; a spectrum alone does not.
    by_spectrum, by_duration : bool
        What shows it.
    evidence : float
        Of the spectrum, in nepers.
    """

    factor: float
    true_rate: int | None
    by_spectrum: bool
    by_duration: bool
    evidence: float


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    measured = {
        path: values
        for path, values in dataset.measure("spectral_profile").items()
        if values["weight"][0] > 0
    }
    if not measured:
        return
    groups = dataset.by_recording(dataset.group or dataset.label)
    claims = _claims(dataset, measured, groups)
    profiles = {path: values["profile"][0] for path, values in measured.items()}
    files = {one.path: one.file for one in dataset.recordings}
    copies = find_speed_copies(profiles, files, seed=dataset.seed)
    for path, claim in claims.items():
        rate = float(measured[path]["rate"][0])
        yield _issue_of_claim(dataset, path, rate, claim, copies, groups)
    columns = CopyColumns(dataset)
    rates = {path: float(values["rate"][0]) for path, values in measured.items()}
    for copy in copies:
        if copy.first not in claims and copy.second not in claims:
            yield _issue_of_copy(columns, copy, rates)
    if dataset.group or dataset.label:
        tuning = {path: values["tuning"] for path, values in dataset.measure("chroma").items()}
        for one in find_detuned(tuning, groups):
            if one.name not in claims:
                yield _issue_of_tuning(one, groups[one.name])


def _claims(
    dataset: AuditedDataset, measured: Mapping[str, Values], groups: Mapping[str, str]
) -> dict[str, Claim]:
    """What spectra and durations show, by recording."""
    paths = list(measured)
    profiles = np.concatenate([values["profile"] for values in measured.values()])
    rates = np.array([values["rate"][0] for values in measured.values()])
    ratios = {round(float(np.log2(r / own)), 9) for r in STANDARD for own in np.unique(rates)}
    octaves = np.array(sorted((ratios | {one / 12 for one in SEMITONES.tolist()}) - {0.0}))
    shifts = shift_evidence(profiles, np.array([groups[path] for path in paths]), octaves)
    seconds = np.array([dataset.durations[path] for path in paths])
    usual = common_duration(seconds)
    if dataset.group is None:  # a class holds small dogs, which sound like fast large ones
        shifts = shifts._replace(is_certain=np.zeros_like(shifts.is_certain))
    claims = {}
    for row, path in enumerate(paths):
        by_duration = _rate_of_duration(seconds[row], usual, rates[row])
        claim = _claim(shifts, row, octaves, rates[row], by_duration)
        if claim is not None:
            claims[path] = claim
    return claims


def _rate_of_duration(seconds: float, usual: float | None, rate: float) -> int | None:
    """The standard rate at which a recording would have the usual duration."""
    if usual is None or seconds <= 0 or abs(seconds / usual - 1) <= SAME:
        return None
    return standard_rate(rate * seconds / usual, SAME)


def _claim(
    shifts: Shifts, row: int, octaves: Array, rate: float, by_duration: int | None
) -> Claim | None:
    evidence = np.nan_to_num(shifts.evidence[row], nan=-np.inf)
    certain = shifts.is_certain[row]
    if by_duration is not None:
        expected = int(np.argmin(np.abs(octaves - np.log2(by_duration / rate))))
        refuted = shifts.decidable[row, expected] and evidence[expected] < 0
        if not refuted:
            strength = float(evidence[expected]) if np.isfinite(evidence[expected]) else 0.0
            factor = rate / by_duration
            return Claim(factor, by_duration, bool(certain[expected]), True, strength)
    if not certain.any():
        return None
    column = int(np.argmax(np.where(certain, evidence, -np.inf)))
    return Claim(float(2 ** -octaves[column]), None, True, False, float(evidence[column]))


def _issue_of_claim(
    dataset: AuditedDataset,
    path: str,
    rate: float,
    claim: Claim,
    copies: Sequence[SpeedCopy],
    groups: Mapping[str, str],
) -> Issue:
    others = _copies_of(path, copies)
    reasons = []
    if claim.by_spectrum:
        rest = f"the rest of {dataset.group} {groups[path]}"
        reasons.append(f"its spectrum fits {rest} better at {1 / claim.factor:.2f} times the speed")
    if claim.by_duration:
        own = dataset.durations[path]
        usual = duration(own * claim.factor)
        reasons.append(f"it lasts {duration(own)}, which would be the usual {usual} at that rate")
    if others:
        reasons.append(f"{name_list(others)} is the same recording at another speed")
    subject = (
        f"{path} seems to play at about {claim.factor:.2f} times the right speed"
        if claim.true_rate is None
        else f"{path} seems to be sampled at {sample_rate(claim.true_rate)}, not at"
        f" {sample_rate(rate)} as its header states"
    )
    clear = claim.by_duration + claim.by_spectrum + bool(others) > 1
    return Issue(
        check="speed_offsets",
        kind="another speed" if claim.true_rate is None else "wrong sample rate",
        severity="high" if clear else "medium",
        message=f"{subject}: {', and '.join(reasons)}",
        remedy="compare it with its source; correct the sample rate or the speed, or leave it out",
        places=(Place(path), *map(Place, others)),
        evidence={
            "factor": round(claim.factor, 4),
            "cents": round(1200 * float(np.log2(claim.factor))),
            "stated_rate": rate,
            "likely_rate": claim.true_rate,
            "evidence": round(claim.evidence, 1),
            "by_spectrum": claim.by_spectrum,
            "by_duration": claim.by_duration,
        },
        certainty=_certainty(claim.evidence + 5 * claim.by_duration),
        together=(path, *others) if others else (),
    )


def _certainty(evidence: float) -> float:
    """Posterior probability of evidence in nepers."""
    return float(1 / (1 + np.exp(-min(evidence, 50.0)) * (1 - PRIOR) / PRIOR))


def _copies_of(path: str, copies: Sequence[SpeedCopy]) -> list[str]:
    return [
        copy.second if copy.first == path else copy.first
        for copy in copies
        if path in (copy.first, copy.second)
    ]


def _issue_of_copy(columns: CopyColumns, copy: SpeedCopy, rates: Mapping[str, float]) -> Issue:
    names = [copy.first, copy.second]
    cents = 1200 * float(np.log2(copy.factor))
    message = f"{copy.second} is a copy of {copy.first} at {copy.factor:.3f} times the speed"
    message += f" ({cents:+.0f} cents; {copy.votes:,} of {copy.landmarks:,} landmarks agree)"
    likely = {
        name: standard_rate(rates[name] / factor, PAIR_TOLERANCE)
        for name, factor in ((copy.second, copy.factor), (copy.first, 1 / copy.factor))
    }
    wrong = {name: rate for name, rate in likely.items() if rate and rate != rates[name]}
    if wrong:
        causes = [
            f"{name} is sampled at {sample_rate(rate)}, not at {sample_rate(rates[name])}"
            for name, rate in wrong.items()
        ]
        message += f"; perhaps {' or '.join(causes)}"
    differences = columns.differences(names)
    return Issue(
        check="speed_offsets",
        kind="copy at another speed",
        severity="high" if differences else "medium",
        message="; ".join([message, *differences]),
        remedy="keep one of them, that at the right speed",
        places=tuple(map(Place, names)),
        evidence={
            "factor": round(copy.factor, 4),
            "cents": round(cents),
            "landmarks": copy.votes,
            "difference": round(copy.difference, 2),
            "likely_rates": [f"{name}: {rate}" for name, rate in wrong.items()],
        },
        certainty=1 - 2.0**-copy.votes,
        together=tuple(names),
    )


def _issue_of_tuning(one: Detuned, group: str) -> Issue:
    factor = 2 ** (one.cents / 1200)
    side = "above" if one.cents > 0 else "below"
    return Issue(
        check="speed_offsets",
        kind="another tuning",
        severity="low",
        message=(
            f"{one.name} is tuned {abs(one.cents):.0f} cents {side} the {one.size - 1} other"
            f" tonal recordings of {group}, which differ by {one.spread:.0f} cents: perhaps it"
            f" plays at {factor:.3f} times the speed, or whole semitones more or less"
        ),
        remedy="compare its pitch with another release",
        places=(Place(one.name),),
        evidence={
            "cents": round(one.cents),
            "factor": round(factor, 4),
            "group_cents": round(one.group_cents),
            "spread": round(one.spread, 1),
            "agreement": round(one.agreement, 2),
        },
        certainty=min(1.0, abs(one.cents) / (10 * one.spread)),
    )


CHECK = Check(
    name="speed_offsets",
    title="Speed and sample rate",
    description=(
        "Recordings at another speed: a wrong sample rate in the header, copies at another speed,"
        " spectra and tunings that are shifted against the rest of their group."
    ),
    order=65,
    run=_run,
    needs=("sound",),
    measures=("spectral_profile", "chroma"),
)
