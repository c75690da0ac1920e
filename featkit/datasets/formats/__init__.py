"""Formats of manifests and published indexes, one module each, found by looking."""
