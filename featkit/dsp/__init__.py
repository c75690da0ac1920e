"""Signal processing that the families share: framing, filters, transforms, periodicity."""

from featkit.dsp import signals as signals
