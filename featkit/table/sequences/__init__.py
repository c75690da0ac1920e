"""Sequences: arrays of frames that belong to the rows of a table, on disk or in memory."""
