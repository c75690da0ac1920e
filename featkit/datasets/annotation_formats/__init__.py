"""Formats of annotation files, one module each; see `ANNOTATION_FORMATS`."""
