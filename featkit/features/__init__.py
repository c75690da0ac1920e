"""From samples to rows: families of descriptors, spectra, statistics, feature sets."""
