"""Reproducibility of an evaluation: command, counts, label map and versions."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from featkit.evaluation.result import CrossEvaluation, DatasetEvaluation
from featkit.report.section import Section


@dataclass(frozen=True)
class EvaluationReproducibility:
    """The data of the section.

    Attributes
    ----------
    command : str
        The command that repeats the evaluation; capital letters are to be replaced.
    pairs : sequence of DatasetEvaluation
        Each model on each dataset.
    label_map : str
        The label map as JSON; "" without one.
    versions : sequence of pairs of str
        Names and versions of packages.
    """

    command: str
    pairs: Sequence[DatasetEvaluation]
    label_map: str
    versions: Sequence[tuple[str, str]]


def build(evaluation: CrossEvaluation) -> EvaluationReproducibility:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    EvaluationReproducibility
        The data.
    """
    label_map = evaluation.label_map
    return EvaluationReproducibility(
        command=_command(evaluation),
        pairs=evaluation.evaluations,
        label_map="" if label_map is None else json.dumps(label_map, indent=2, ensure_ascii=False),
        versions=sorted(evaluation.versions.items(), key=lambda item: item[0].lower()),
    )


SECTION = Section("evaluation_reproducibility", "Reproducibility", 90, build, pages=("evaluation",))


def _command(evaluation: CrossEvaluation) -> str:
    pairs = evaluation.evaluations
    words = ["featkit", "evaluate"]
    words += [f"{name}.fk" for name in dict.fromkeys(pair.model for pair in pairs)]
    words += [f"{name}.parquet" for name in dict.fromkeys(pair.dataset for pair in pairs)]
    if evaluation.label_map is not None:
        words += ["--label-map", "MAP.toml"]
    if any(pair.secondary for pair in pairs):
        words += ["--secondary-label", "COLUMN"]
    columns = (comparison.column for pair in pairs for comparison in pair.subgroups)
    for column in dict.fromkeys(columns):
        words += ["--by", column]
    if any(pair.shift for pair in pairs):
        words += ["--training-table", "TRAINING.parquet"]
    return shlex.join([*words, "-o", "scores.json", "--report", "report.html"])
