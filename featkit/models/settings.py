"""Settings of a training: everything that determines its scores, besides the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featkit._utils.parameters import Parameters, parameter
from featkit.errors import ParameterError
from featkit.models.costs import CostMatrix, as_cost_matrix
from featkit.models.estimator import AUTO
from featkit.models.splits import check_shares
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TARGETS
from featkit.models.training_options import CALIBRATIONS, METHODS, MIN_ROWS, STANDARD
from featkit.schema import DATASET
from featkit.table.label_cells import SEPARATOR, check_separator
from featkit.table.label_map import LabelMap, as_label_map
from featkit.table.name_stems import group_column

DEFAULT_LABEL = "label"

MAX_SECONDS = 1e7
"""Greatest budget of time, sixteen weeks."""


def _column_name(name: str, value: Any) -> str | None:
    if isinstance(value, str) or (value is None and name != "label"):
        return value
    raise ParameterError(f"{name} must be the name of a column, got {value!r}")


def _column_list(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(column, str) for column in value):
        raise ParameterError(f"{name} must be a list of columns, got {value!r}")
    return tuple(value)


def _shares(name: str, value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    check_shares(value)
    return tuple(map(float, value))


def _estimator_parameters(name: str, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ParameterError(f"{name} must be a dictionary of names and values, got {value!r}")
    return dict(value) or None


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(f"{name} must be True or False, got {value!r}")
    return value


def _model_names(name: str, value: Any) -> str:
    """The names of models as one text, ``"cnn,logistic"``, from such a text or from a list."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Sequence) or not all(isinstance(part, str) for part in parts):
        raise ParameterError(f"{name} must be a name or a list of names, got {value!r}")
    names = [part.strip() for part in parts]
    if not names or not all(names):
        raise ParameterError(f"{name} must be names separated by commas, got {value!r}")
    if twice := [one for k, one in enumerate(names) if one in names[:k]]:
        raise ParameterError(f"{name} {twice[0]!r} is named twice")
    return ",".join(names)


def _dataset_names(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(dataset, str) for dataset in value):
        raise ParameterError(f"{name} must be a list of names, got {value!r}")
    return tuple(value)


def _label_map(name: str, value: Any) -> LabelMap | None:
    return None if value is None else as_label_map(value)


def _separator(name: str, value: Any) -> str:
    return check_separator(value)


def _cost_matrix(name: str, value: Any) -> CostMatrix | None:
    return None if value is None else as_cost_matrix(value)


class Settings(Parameters):
    """Settings of a training; see `featkit.train` for their meaning.

    They are stored in model files, as plain data.
    """

    label: str = parameter(DEFAULT_LABEL, "Column of the classes.", convert=_column_name)
    group: str | None = parameter(None, "Column or name stem of the groups.", convert=_column_name)
    fold: str | None = parameter(None, "Column of published folds.", convert=_column_name)
    folds: int | None = parameter(None, "Number of folds.", at_least=2)
    split: str | None = parameter(
        None, "Column of train, validation and test.", convert=_column_name
    )
    shares: Sequence[float] | None = parameter(
        None, "Shares of train, validation and test, or of train and test.", convert=_shares
    )
    split_by_row: bool = parameter(False, "Whether groups may be divided.", convert=_flag)
    model: str = parameter(
        AUTO, "Names of estimators, or auto; the first is kept.", convert=_model_names
    )
    parameters: Mapping[str, Any] | None = parameter(
        None, "Parameters of the estimators, by name.", convert=_estimator_parameters
    )
    select: int | None = parameter(None, "Number of columns that feature selection keeps.")
    exclude: Sequence[str] = parameter((), "Columns that are not features.", convert=_column_list)
    include: Sequence[str] = parameter(
        (), "Features that are kept although they leak the class.", convert=_column_list
    )
    seed: int = parameter(0, "Seed of all random choices.", at_least=0, at_most=2**32 - 1)

    label_map: LabelMap | None = parameter(None, "Common labels.", convert=_label_map)
    datasets: Sequence[str] = parameter(
        (), "Names of the tables, if several were joined.", convert=_dataset_names
    )
    leave_one_dataset_out: bool = parameter(
        False, "Whether each dataset is an outer fold.", convert=_flag
    )
    calibrate: str | None = parameter(
        None, "Calibration of the probabilities.", choices=CALIBRATIONS
    )
    prediction_sets: bool = parameter(
        False, "Whether prediction sets are fitted, also for a named model.", convert=_flag
    )
    target: str | None = parameter(None, "Column of numbers to predict.", convert=_column_name)
    multilabel: str | None = parameter(
        None, "Column of several labels to predict.", convert=_column_name
    )
    label_separator: str = parameter(
        SEPARATOR, "Text between the labels of a cell.", convert=_separator
    )
    empty_is_no_label: bool = parameter(
        False, "Whether a row with an empty cell has none of the labels.", convert=_flag
    )

    ensemble: bool = parameter(False, "Whether auto may combine candidates.", convert=_flag)
    normalize_by: str | None = parameter(
        None, "Column or name stem of groups to normalise within.", convert=_column_name
    )
    normalization: str = parameter(STANDARD, "Centre and scale of a group.", choices=METHODS)
    normalize_min_rows: int = parameter(
        MIN_ROWS, "Fewest values of a column in a group of its own statistics.", at_least=2
    )

    leave_one_group_out: bool = parameter(
        False, "Whether each group is an outer fold.", convert=_flag
    )
    costs: CostMatrix | None = parameter(
        None, "Cost of each wrong prediction.", convert=_cost_matrix
    )
    group_file: str | None = parameter(None, "Name of the file that the groups come from.")
    compare_splits: bool = parameter(
        True, "Whether the split is compared with others.", convert=_flag
    )
    budget: float | None = parameter(
        None, "Seconds that a training with auto should take.", above=0, at_most=MAX_SECONDS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if both := sorted({*self.exclude} & {*self.include}):
            raise ParameterError(f"column {both[0]!r} is in exclude and in include: choose one")
        if self.parameters and self.model == AUTO:
            raise ParameterError(
                "parameters belong to one estimator: name a model, such as random_forest"
            )
        if self.budget is not None and AUTO not in self.models:
            raise ParameterError(
                f"budget limits what {AUTO} tries, and {self.model} has nothing to try: omit it, or"
                f" name {AUTO}"
            )
        if self.leave_one_dataset_out and self.split_by_row:
            raise ParameterError(
                "leave_one_dataset_out and split_by_row exclude each other: all rows of a dataset"
                " are test rows together"
            )
        if self.leave_one_group_out and self.split_by_row:
            raise ParameterError(
                "leave_one_group_out and split_by_row exclude each other: all rows of a group are"
                " test rows together"
            )
        if self.leave_one_group_out and self.group is None:
            raise ParameterError(
                "leave_one_group_out needs a group: name the column of the groups, such as speaker"
            )
        if self.group is not None:
            group_column(self.group)  # raises if a name stem is malformed
        self._check_task()
        self._check_normalization()

    def _check_task(self) -> None:
        named = {"label": self.label, "target": self.target, "multilabel": self.multilabel}
        named = {name: column for name, column in named.items() if column is not None}
        if self.label == DEFAULT_LABEL:
            del named["label"]  # the default
        if len(named) > 1:
            raise ParameterError(
                f"{' and '.join(named)} exclude each other: choose one column to predict, label for"
                " classes, target for numbers or multilabel for several labels"
            )
        target = TARGETS[self.task]
        for name in ("calibrate", "prediction_sets"):
            if self.task != CLASSIFICATION and getattr(self, name):
                raise ParameterError(f"{name} applies to classes, not to {target}: omit it")
        if self.task != CLASSIFICATION and self.costs is not None:
            raise ParameterError(f"costs apply to classes, not to {target}: omit them")
        if self.label_map is not None and self.task == MULTILABEL:
            raise ParameterError("a label map applies to one label for each row, not to several")
        if self.task != MULTILABEL and (
            self.label_separator != SEPARATOR or self.empty_is_no_label
        ):
            raise ParameterError(
                "label_separator and empty_is_no_label apply to a column of several labels: name it"
                " with multilabel"
            )
        if self.label_map is not None and self.task == REGRESSION:
            raise ParameterError("a label map applies to labels, not to a numeric target")

    def _check_normalization(self) -> None:
        if self.normalize_by is None:
            if (self.normalization, self.normalize_min_rows) != (STANDARD, MIN_ROWS):
                raise ParameterError(
                    "normalization and normalize_min_rows need the groups to normalise within: name"
                    " their column as normalize_by"
                )
        elif group_column(self.normalize_by) == self.target_column:
            raise ParameterError(
                f"normalize_by {self.normalize_by!r} is what is predicted, which predictions lack;"
                " name another column"
            )

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models on the leaderboard; the first is kept."""
        return tuple(self.model.split(","))

    @property
    def task(self) -> str:
        """Name of the task, one of `featkit.models.task.TASKS`."""
        if self.target is not None:
            return REGRESSION
        return CLASSIFICATION if self.multilabel is None else MULTILABEL

    @property
    def target_column(self) -> str:
        """Column of what is predicted: classes, numbers or several labels."""
        return self.target or self.multilabel or self.label

    @property
    def needs_inner_folds(self) -> bool:
        """Whether something besides the model itself is fitted or selected on inner folds."""
        if AUTO in self.models or self.multilabel is not None:  # thresholds of labels
            return True
        return self.calibrate is not None or self.prediction_sets

    @property
    def by_dataset(self) -> bool:
        """Whether names of recordings and groups hold within a dataset only."""
        return bool(self.datasets) or self.leave_one_dataset_out

    @property
    def key_columns(self) -> list[str]:
        """Columns that the settings name and that are not features."""
        dataset = DATASET if self.by_dataset else None
        named = [*self.required_columns, dataset, *self.exclude]
        return [name for name in named if name is not None]

    @property
    def required_columns(self) -> list[str]:
        """Columns that each table of a training must have."""
        groups = [group_column(one) for one in (self.group, self.normalize_by) if one is not None]
        named = [self.target_column, *groups, self.fold, self.split]
        return list(dict.fromkeys(name for name in named if name is not None))
