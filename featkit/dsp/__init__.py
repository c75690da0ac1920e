"""Signal processing that several families share: framing, filters, transforms, periodicity."""

from featkit.dsp import signals as signals
