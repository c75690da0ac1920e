"""Estimators, one per module; `featkit.models.estimator.ESTIMATORS` lists them."""

# Model files store the function under this module; the name is fixed.
from featkit.models.estimator import analysis_of_variance as analysis_of_variance
