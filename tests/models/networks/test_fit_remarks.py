"""Remarks of networks on their fits are warnings of the training."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tiny_sequences import FAST, tiny_sequences

from featkit.executors.opening import local_executor
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fits
from featkit.models.problem import make_problem
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable


def test_classes_with_too_few_groups_for_validation_are_a_warning_of_the_training():
    pytest.importorskip("torch")
    X, y = tiny_sequences(15)
    names = [f"{k}.wav" for k in range(15)]
    data = pd.DataFrame({"path": names, "label": y, "level": np.arange(15.0)})
    settings = Settings(model="cnn")
    table = dataclasses.replace(FeatureTable.of(data, keys=settings.key_columns), sequences=X)
    problem = make_problem(table, settings)
    fits = Fits(problem, settings, executor=local_executor(), fitted=lambda _: None)
    candidate = Candidate("cnn", {**FAST, "epochs": 1, "validation": 0.2})
    few, enough = np.arange(9), np.arange(15)
    list(fits.pipelines([(candidate, few), (candidate, few), (candidate, enough)]))
    (warning,) = fits.warnings
    assert warning.startswith("cnn (")
    assert "no early stopping, all epochs were trained" in warning
    assert warning.endswith("(2 fits)")
