"""Bandwidth below what the sample rate promises: resampled, or from a codec or telephone."""

from __future__ import annotations

from collections.abc import Iterator

from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.band_edges import DROP, HIGHEST, band_edge

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100)
"""Usual sample rates in Hz, from which recordings are resampled."""

PASSED = 0.88
"""Share of half of the lower rate that resampling keeps at least."""

CODEC_LIMITS = (
    (15_000, 96),
    (15_800, 112),
    (17_300, 128),
    (18_300, 160),
    (19_300, 192),
    (20_600, 256),
)
"""Upper limits in Hz of the band of usual bit rates of MP3 in kbit/s, two channels: the filter of
LAME 3.100 ends below. Other encoders differ by up to two steps."""

LOWEST_CODEC_LIMIT = 14_500
"""Edges below are not attributed to a codec."""

OWN_LIMITS = {"MP3": 10_000, "AAC": 10_000, "OPUS": 10_000, "AC3": 10_000, "VORBIS": 17_000}
"""Edges in Hz from which the codec of the file itself is the cause, by format."""


def _find(piece: Piece) -> Iterator[Finding]:
    edge = band_edge(piece)
    words = piece.source.format.split()
    limit = min((OWN_LIMITS[word] for word in words if word in OWN_LIMITS), default=None)
    if edge is not None and (limit is None or edge.frequency < limit):
        yield Finding(
            start=piece.start + edge.start,
            end=piece.start + edge.end,
            value=edge.frequency,
            strength=edge.drop / DROP,
        )


def likely_cause(edge: float) -> str:
    """Return what an edge is likely to come from.

    Parameters
    ----------
    edge : float
        Highest frequency with sound, in Hz.

    Returns
    -------
    str

    Examples
    --------
    >>> likely_cause(7600)
    'as if resampled from 16 kHz'
    >>> likely_cause(16000)
    'as in MP3 of about 128 kbit/s, or resampled from 32 kHz'
    >>> likely_cause(3400)
    'as after a low-pass filter, such as that of a telephone or codec'
    """
    causes = []
    if edge >= LOWEST_CODEC_LIMIT:
        causes += [f"as in MP3 of about {kbit} kbit/s" for top, kbit in CODEC_LIMITS if edge < top][
            :1
        ]
    rates = [rate for rate in RATES if PASSED <= edge / (rate / 2) <= 1.02]
    if rates:
        as_if = "" if causes else "as if "
        causes.append(f"{as_if}resampled from {rates[0] / 1000:g} kHz")
    return (
        ", or ".join(causes) or "as after a low-pass filter, such as that of a telephone or codec"
    )


DEFECT = Defect(
    name="bandwidth",
    title="bandwidth below what the sample rate promises",
    description=f"Above an edge of at least {DROP:g} dB, there is nothing, at less than"
    f" {100 * HIGHEST:g} % of half of the sample rate. Gradual roll-offs are not reported.",
    unit="Hz",
    find=_find,
    message=lambda edge: f"no sound above {edge / 1000:.1f} kHz, {likely_cause(edge)}",
    remedy="check that no class or group differs in it; resample all recordings to the lowest"
    " bandwidth, or limit features to it (fmax)",
    severity=lambda share, edge: "low",
    picture="all frequencies",
)
