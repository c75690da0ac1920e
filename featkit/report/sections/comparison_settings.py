"""Settings, tables and versions of several trainings: those that differ, and the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from featkit.models.serialization import to_dict
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report._comparison import ComparedTraining, Comparison
from featkit.report._setting_text import setting_text
from featkit.report.section import Section

MISSING = "–"


@dataclass(frozen=True)
class ComparedSettings:
    """The data of the section.

    Attributes
    ----------
    names : sequence of str
        The trainings.
    different, same : sequence of (str, sequence of str)
        Name and value of each setting in each training.
    """

    names: Sequence[str]
    different: Sequence[tuple[str, Sequence[str]]]
    same: Sequence[tuple[str, Sequence[str]]]


def build(comparison: Comparison) -> ComparedSettings:
    """Collect the data of the section.

    Parameters
    ----------
    comparison : Comparison
        The trainings.

    Returns
    -------
    ComparedSettings
        The data.
    """
    own = [_settings(training) for training in comparison.trainings]
    names = list(dict.fromkeys(name for settings in own for name in settings))
    rows = [(name, [settings.get(name, MISSING) for settings in own]) for name in names]
    return ComparedSettings(
        names=comparison.names,
        different=[row for row in rows if len(set(row[1])) > 1],
        same=[row for row in rows if len(set(row[1])) == 1],
    )


SECTION = Section(
    "comparison_settings",
    "Settings",
    60,
    build,
    pages=("comparison",),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)


def _settings(training: ComparedTraining) -> Mapping[str, str]:
    """Model, table, split, settings of training and versions, as texts."""
    model, metadata = training.model, training.model.training_metadata
    scores = model.evaluation
    texts = {"model": model.name}
    if metadata is not None:
        texts["final model"] = metadata.candidate
        texts["training rows"] = f"{metadata.rows:,}"
        texts["digest of the table"] = metadata.digest[:16]
    if scores is not None:
        texts |= {"split": scores.protocol, "feature columns": f"{scores.columns:,}"}
    if feature_set := model.provenance.get("feature_set"):
        texts["feature set"] = f"{feature_set['name']}, version {feature_set['version']}"
    if metadata is not None:
        settings = to_dict(metadata.settings)
        texts |= {
            f"setting {name.replace('_', ' ')}": setting_text(value)
            for name, value in settings.items()
        }
        texts |= {f"version of {name}": str(value) for name, value in metadata.versions.items()}
    return texts
