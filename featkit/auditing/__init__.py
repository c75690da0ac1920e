"""Auditing: faults of a dataset that make scores doubtful, found before a model is trained."""
