"""Evaluation of trained models on other datasets: scores, subgroups, comparisons and shift."""
