"""The algorithms of Essentia for audio problems, for comparison in `audit_defects.py`.

They run with their default settings, frame by frame, as in Essentia's tutorial. They give no answer
for a DC offset, digital silence, dead and inverted channels, truncated files and repeated blocks;
FalseStereoDetector looks for two equal channels, which is no defect here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

Array = np.ndarray

try:
    import essentia
    import essentia.standard
except ImportError:
    essentia = None
else:
    essentia.log.infoActive = False
    essentia.log.warningActive = False


def _frames(y: Array, size: int, hop: int) -> Iterator[Array]:
    samples = np.ascontiguousarray(y, dtype=np.float32)
    return essentia.standard.FrameGenerator(
        samples, frameSize=size, hopSize=hop, startFromZero=True
    )


def _reports(y: Array, sr: float, *, name: str, size: int, hop: int, **settings: Any) -> bool:
    """Whether an algorithm reports anything in a recording."""
    if "sampleRate" in getattr(essentia.standard, name)().parameterNames():
        settings["sampleRate"] = sr
    detector = getattr(essentia.standard, name)(**settings)
    reported = False
    for frame in _frames(y, size, hop):
        outputs = detector(frame)
        first = outputs[0] if isinstance(outputs, tuple) else outputs
        reported = reported or len(first) > 0
    return reported


def detectors() -> dict[str, dict[str, Callable[[Array, float], bool]]]:
    """Return the algorithms for each defect, by name; empty if Essentia is not installed."""
    if essentia is None:
        return {}
    half = {"size": 512, "hop": 256, "frameSize": 512, "hopSize": 256}
    table = {
        "clipping": {"SaturationDetector": half},
        "dropouts": {
            "GapsDetector": {"size": 2048, "hop": 1024, "frameSize": 2048, "hopSize": 1024},
            "DiscontinuityDetector": half,
        },
        "clicks": {"ClickDetector": half, "DiscontinuityDetector": half},
        "partial_noise": {"NoiseBurstDetector": {"size": 512, "hop": 512}},
    }
    return {
        defect: {name: partial(_reports, name=name, **own) for name, own in algorithms.items()}
        for defect, algorithms in table.items()
    }
