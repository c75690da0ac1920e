"""Evaluation of models on other datasets, beside their scores at home."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.progress import ProgressOption, reporting
from featkit.errors import ParameterError
from featkit.evaluation._dataset_evaluator import (
    DatasetEvaluator,
    Home,
    ModelPredictions,
    Steps,
    read_home,
)
from featkit.evaluation.inputs import (
    SoundOptions,
    named_models,
    read_datasets,
    with_dataset_sequences,
    with_group_file,
)
from featkit.evaluation.model_comparison import compare_models
from featkit.evaluation.result import CrossEvaluation, ModelComparison
from featkit.evaluation.rows import DatasetColumns
from featkit.executors.opening import open_executor
from featkit.models.class_priors import resolve_prior
from featkit.models.model_file import read_model
from featkit.models.probabilities import prediction_columns
from featkit.models.result import PACKAGES
from featkit.models.row_groups import NO_GROUPS
from featkit.models.scores import predicted
from featkit.models.serialization import to_dict
from featkit.schema import Failure
from featkit.table.label_map import LabelMap, as_label_map

if TYPE_CHECKING:
    import pandas as pd


RIGHT, WRONG = "right", "wrong"
"""Outcomes of predictions, which are compared between models."""


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationResult(Overviewed):
    """Scores of models on datasets, and their predictions.

    Attributes
    ----------
    evaluation : CrossEvaluation
        The scores.
    predictions : pandas.DataFrame
        A row for each scored row of a dataset and each model: ``dataset``, ``model``, ``path``,
        ``start`` and ``end`` where they exist, else ``row``, its number in the table; ``label``,
        its common class; ``secondary``, if secondary labels were given; ``predicted``, its
        ``probability``, ``p_<class>`` of each class, and ``correct``.
    failures : list of Failure
        Sound files that could not be read.
    left_out : dict of str to int
        Number of files in folders that are not audio, by suffix: see `featkit.Extraction`.
    """

    evaluation: CrossEvaluation
    predictions: pd.DataFrame
    failures: list[Failure] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def _overview(self) -> Overview:
        from featkit.evaluation._overview import evaluation_overview

        return evaluation_overview(self)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """The scores as plain data, with the keys of ``featkit evaluate -o``."""
        return to_dict(self.evaluation)

    @property
    def warnings(self) -> list[str]:
        """Reasons to doubt the scores, each once, with the models and datasets that it concerns."""
        evaluations = self.evaluation.evaluations
        concerned: dict[str, list[str]] = {}
        for one in evaluations:
            for text in one.warnings:
                concerned.setdefault(text, []).append(f"{one.model} on {one.dataset}")
        return [
            text if len(names) == len(evaluations) else f"{', '.join(names)}: {text}"
            for text, names in concerned.items()
        ]


def evaluate(
    models: Any,
    inputs: Any = None,
    *,
    label: str | None = None,
    label_map: LabelMap | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    secondary_label: str | None = None,
    label_separator: str | None = None,
    by: str | Sequence[str] = (),
    group: str | None = None,
    class_prior: str | os.PathLike[str] | Mapping[str, float] | None = None,
    group_from: str | None = None,
    training_table: Any = None,
    sequences: Any = None,
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    annotations: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    tier: str | None = None,
    annotation_label: str | None = None,
    background: str | None = None,
    extracted: str | os.PathLike[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = 1,
    cluster: Any = None,
    progress: ProgressOption = None,
) -> EvaluationResult:
    """Evaluate models on other datasets, beside their scores at home.

    Parameters
    ----------
    models : Model or path, sequence of these, or mapping of str to these
        Models from `featkit.train`, or their files. A file is named without its suffix, and a model
        in memory like its estimator; a mapping names them otherwise.
    inputs : table, path, sequence of these, or mapping of str to these
        Datasets: tables (`FeatureTable`, DataFrame, or file), or sound: one folder, or files, which
        are analysed like the training data of the first model. Tables in memory are called
        ``"table 1"`` and so on; a mapping names them.
    label : str, optional
        Column of the labels; by default that of the model, or ``"label"``.
    label_map : LabelMap, mapping or path, optional
        Sends labels of the datasets, and classes of the models, to common classes; see
        `featkit.table.label_map`. Rules of a dataset with the name of a model hold for its classes.
    secondary_label : str, optional
        Column of secondary labels.
    label_separator : str, optional
        Text between several labels of a cell, such as ``";"``. The first that the model knows is
        the label, and the next different one is secondary.
    by : str or sequence of str
        Columns by whose values scores are split, such as ``"sex"``.
    group : str, optional
        Column, or part of a name, of the groups that intervals are drawn by; by default that of the
        model, if the table has it, else the recordings. Or a file of groups, as for
        `featkit.train`.
    class_prior : {"balanced", "training"}, path or mapping of str to float, optional
        How common each class of the models is in the datasets, as for `Model.predict`.
    group_from : str, optional
        Which rows of the datasets belong together, for models that normalise columns within groups;
        see `Model.predict`.
    training_table : table, path, sequence of paths, or mapping of str to table, optional
        The table that the models were trained with, or several, to measure what differs from it;
        not for networks, which use no columns.
    sequences : path, FeatureTable, sequence of paths or mapping, optional
        Sequences of the rows of tables, for networks: one folder for all tables, or one for each,
        as for `featkit.train`. A folder that `featkit.sequences` wrote may also be a dataset.
    labels, name_pattern, manifest, where, annotations, tier, annotation_label, background
        Sources of the labels of sound, as for `featkit.extract`.
    extracted : path, optional
        Table to write the features of sound to. After an interruption, another call resumes.
    seed : int
        Seed of the random draws of rows.
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor.
    cluster : str, path or distributed.Client, optional
        A Dask cluster to use instead of local processes, as for `featkit.extract`.
    progress : callable, bool or None
        Receives a `featkit.Progress` before each step of the evaluation, and as sound files are
        finished; True shows a bar, False nothing, and None a bar in notebooks.

    Returns
    -------
    EvaluationResult

    Raises
    ------
    ParameterError
        If a column does not exist, the datasets and a model have no label in common, the label map
        is wrong, or models and datasets are not given as described.
    TableError
        If a table cannot be read or does not fit a model, or no row can be scored.
    ModelError
        If a model cannot be read, has no training metadata, or does not take sound.
    """
    if secondary_label is not None and label_separator is not None:
        raise ParameterError(
            "secondary_label and label_separator exclude each other: secondary labels are in a"
            " column of their own, or further labels of the same cell"
        )
    if label_separator == "":
        raise ParameterError("label_separator must not be empty")
    columns = DatasetColumns(
        label=label,
        secondary_label=secondary_label,
        label_separator=label_separator,
        by=tuple(dict.fromkeys([by] if isinstance(by, str) else by)),
        group=group,
        group_from=group_from,
    )
    common_map = None if label_map is None else as_label_map(label_map)
    by_name = named_models(models, load=read_model)
    if group_from is not None and all(one.normalization is None for one in by_name.values()):
        raise ParameterError(NO_GROUPS)
    networks = [name for name, model in by_name.items() if model.reads_sequences]
    if training_table is not None and networks:
        raise ParameterError(
            f"training_table shows what differs in columns, which the network {networks[0]!r} does"
            " not use: leave it out"
        )
    priors = {}
    if class_prior is not None:
        priors = {name: resolve_prior(model, class_prior) for name, model in by_name.items()}
    sound = SoundOptions(
        labels=labels,
        name_pattern=name_pattern,
        manifest=manifest,
        where=where,
        annotations=annotations,
        tier=tier,
        annotation_label=annotation_label,
        background=background,
        output=extracted,
    )
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        Steps(1, report).next("reading the datasets")
        sound = sound._replace(progress=report)
        datasets = read_datasets(inputs, by_name, columns, sound, executor=executor)
        datasets, columns = with_group_file(datasets, columns)
        if sequences is not None:
            datasets = with_dataset_sequences(datasets, sequences)
        warnings = [remark for dataset in datasets.values() for remark in dataset.remarks]
        warnings += _unused_rules(common_map, list(datasets), list(by_name))
        with_home = training_table is not None
        n_steps = len(by_name) * (len(datasets) * (4 if with_home else 2) + with_home)
        steps = Steps(n_steps, report)
        home = {}
        if with_home:
            for name, model in by_name.items():
                steps.next(f"{name}: explaining the training table")
                home[name] = read_home(
                    name, model, training_table, common_map, seed=seed, executor=executor
                )
        warnings += _incomplete_tables(home)
        evaluator = DatasetEvaluator(columns, common_map, home, seed, executor, warnings, priors)
        evaluations, comparisons, predictions = [], [], []
        for name, dataset in datasets.items():
            own = [evaluator.predict(name, dataset, *item, steps) for item in by_name.items()]
            evaluations += [evaluator.score(by_name[one.model], one, steps) for one in own]
            comparisons += _comparisons(name, own)
            predictions += [_prediction_table(one) for one in own]
    steps.next("finishing")
    evaluation = CrossEvaluation(
        evaluations=evaluations,
        comparisons=comparisons,
        label_map=None if common_map is None else common_map.to_plain(),
        versions={name: version(name) for name in PACKAGES},
    )
    return EvaluationResult(
        evaluation,
        _concatenated(predictions),
        [failure for dataset in datasets.values() for failure in dataset.failures],
        {suffix: n for dataset in datasets.values() for suffix, n in dataset.left_out.items()},
    )


def _incomplete_tables(home: Mapping[str, Home]) -> list[str]:
    """A warning for each model of which not all training rows are given."""
    return [
        f"the training table lacks rows that the model {name!r} was trained on: the shift is that"
        " from the other rows"
        for name, own in home.items()
        if own.problem is None
    ] + [remark for own in home.values() for remark in own.remarks]


def _unused_rules(
    label_map: LabelMap | None, datasets: Sequence[str], models: Sequence[str]
) -> list[str]:
    """A warning if the label map has rules for datasets that are not evaluated."""
    unused = [] if label_map is None else label_map.unused_datasets(datasets, models=models)
    if not unused:
        return []
    return [
        f"label map: its rules for {', '.join(map(repr, unused))} are not used: no dataset or model"
        " has this name"
    ]


def _comparisons(dataset: str, predictions: Sequence[ModelPredictions]) -> list[ModelComparison]:
    """Pairwise comparisons of models, on the recordings that both predict."""
    group_of: dict[str, str] = {}
    for one in predictions:
        arrays = one.recordings
        for name, group in zip(arrays.names.tolist(), arrays.groups.tolist(), strict=True):
            group_of.setdefault(name, group)
    groups = np.array(list(group_of.values()), dtype=np.str_)
    # Models may differ in the classes that they know, and thus in the label of a recording.
    outcomes = []
    for one in predictions:
        arrays = one.recordings
        hits = predicted(arrays.P, one.classes.names, one.costs) == arrays.y
        own = dict(zip(arrays.names.tolist(), np.where(hits, RIGHT, WRONG).tolist(), strict=True))
        outcomes.append(np.array([own.get(name, "") for name in group_of], dtype=np.str_))
    truth = np.full(len(groups), RIGHT)
    return compare_models(dataset, [one.model for one in predictions], truth, outcomes, groups)


def _prediction_table(prediction: ModelPredictions) -> pd.DataFrame:
    """Predictions for the scored rows of a dataset."""
    import pandas as pd

    rows, classes = prediction.selected.rows, prediction.classes.names
    keys: dict[str, Any] = {"dataset": rows.name, "model": prediction.model}
    table = rows.table
    present = [key for key in ("path", "start", "end") if key in table.keys]
    keys |= {key: np.asarray(table.keys[key]) for key in present}
    if "path" not in present:
        keys["row"] = table.row_numbers
    keys["label"] = rows.y.astype(object)
    if rows.secondary is not None:
        keys["secondary"] = rows.secondary.astype(object)
    columns = prediction_columns(prediction.P, classes, prediction.costs)
    correct = pd.DataFrame({"correct": columns["predicted"].to_numpy() == rows.y.astype(object)})
    return pd.concat([pd.DataFrame(keys, index=range(len(rows))), columns, correct], axis=1)


def _concatenated(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of all predictions; ``correct`` is its last column."""
    import pandas as pd

    data: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return data.reindex(columns=[*(name for name in data.columns if name != "correct"), "correct"])
