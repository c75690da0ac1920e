"""Autonomous recorders in general: names with a time, as Raven reads them, and GUANO.

``SITE_20190522_001500.wav`` of Swift recorders, ``S1091_20190522_001500-0400.wav``,
``20190522T001500+1000_REC.wav`` of Frontier Labs, and names such as ``site_2019-05-22_00-15-00``.
Time in a name without an offset is as the recorder's clock was set.

References
----------
Cornell Lab of Ornithology, "Raven Pro user's manual": dates and times in file names.

GUANO metadata specification, version 1.0, 2017.
"""

from __future__ import annotations

from featkit.datasets._recorder_values import guano_values, merged, name_parts
from featkit.datasets.recorder import RecordedFile, Recorder


def _matches(file: RecordedFile) -> bool:
    return bool(file.guano or name_parts(file.name)[0])


def _read(file: RecordedFile) -> dict[str, str]:
    recorded_at, prefix = name_parts(file.name)
    return merged(guano_values(file.guano), {"recorded_at": recorded_at, "site": prefix})


RECORDER = Recorder(
    name="raven",
    title="names with date and time, such as SITE_20190522_001500, and GUANO",
    order=90,
    matches=_matches,
    read=_read,
)
