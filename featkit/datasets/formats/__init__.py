"""Formats of manifests and of published datasets, one module each; see `DATASET_FORMATS`."""
