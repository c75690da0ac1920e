"""Choices and defaults of training options; see `featkit.models.group_normalization` for methods.

This module imports nothing, since the command line reads it for its help.
"""

STANDARD, ROBUST = "standard", "robust"

METHODS = (STANDARD, ROBUST)
"""Ways to compute centre and scale."""

MIN_ROWS = 10
"""Default number of values that a group needs.

A mean of 10 values has a standard error of 0.32 standard deviations, and their standard deviation
one of 24 %. With 5 values these are 0.45 and 35 %, and the mean depends on the classes of the few
rows more than on the group.
"""

CALIBRATIONS = ("auto", "sigmoid", "isotonic", "temperature")
"""Ways to calibrate probabilities; ``auto`` chooses one, or none, by the log loss."""
