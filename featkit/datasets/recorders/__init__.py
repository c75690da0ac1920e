"""Recorders whose file names and headers are read, one module each; see `RECORDERS`."""
