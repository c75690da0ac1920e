"""Estimators, one module each, found by looking."""

# Model files name it by this module.
from featkit.models.estimator import analysis_of_variance as analysis_of_variance
