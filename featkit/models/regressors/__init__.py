"""Regressors, one per module; `featkit.models.regressor.REGRESSORS` lists them."""
