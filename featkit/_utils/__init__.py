"""Helpers for all parts of featkit: types, parameters, registries, files, workers and words."""
