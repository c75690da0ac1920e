"""Exact SHAP values of trees (path-dependent), at a cost that is linear in their depth."""
