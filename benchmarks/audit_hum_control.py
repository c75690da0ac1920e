"""Reports of hum at frequencies that no mains has, as a control of those at 50 and 60 Hz.

    python benchmarks/audit_hum_control.py FOLDER...

A report at another frequency is a false alarm. Their share tells how many of those at 50 and 60 Hz
to expect by chance.
"""

from __future__ import annotations

import argparse
from collections import Counter
from unittest.mock import patch

import _common  # before NumPy, since it sets the number of threads

from featkit.auditing.scan import pieces
from featkit.auditing.signal import mains_hum
from featkit.datasets import files

FREQUENCIES = {0.4: (45.0, 47.5, 52.5, 55.0, 57.5, 62.5, 65.0, 67.5, 70.0), 0.2: (45, 55, 65, 70)}
"""Frequencies in Hz that are multiples of the distance of bins, by the duration of a frame."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    recordings = [one for folder in options.folders for one in files.find([folder])]
    counts: Counter[float] = Counter()
    for recording in recordings:
        reported: set[float] = set()
        for piece in pieces(recording.file):
            for frame, others in FREQUENCIES.items():
                with (
                    patch.object(mains_hum, "FRAMES", (frame,)),
                    patch.object(mains_hum, "MAINS", (50.0, 60.0, *others)),
                ):
                    reported |= {hum.mains for hum in mains_hum.mains_hum(piece)}
        counts.update(reported)
    frequencies = sorted({50.0, 60.0, *FREQUENCIES[0.4]})
    rows = [[f"{frequency:g}", f"{counts[frequency]}"] for frequency in frequencies]
    _common.print_table(f"{len(recordings)} recordings", ["Hz", "reported"], rows)


if __name__ == "__main__":
    main()
