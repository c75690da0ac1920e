"""The public names of featkit, and those that the documentation imports."""

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name
from types import GenericAlias, ModuleType

import featkit

TASKS = {
    "Extract features": ["extract", "analyse", "load", "merge", "Extraction", "FeatureExtractor"],
    "Feature sets and columns": ["feature_set", "feature_sets", "describe", "FeatureSet", "Column"],
    "Sequences for networks": [
        "sequences",
        "sequences_of",
        "sequence_set",
        "SequenceSet",
        "ClipSequences",
    ],
    "Tables": ["FeatureTable", "inspect", "diff", "Inspection", "Difference", "Failure"],
    "Audit a dataset": ["audit", "Audit", "Issue"],
    "Train and predict": ["train", "load_model", "load_result", "Model", "Result", "Predictions"],
    "Evaluate on other datasets": ["evaluate", "EvaluationResult"],
    "Ship a model": ["check_onnx", "OnnxExport", "OnnxCheck"],
    "Progress of long runs": ["Progress"],
    "Explain and report": [
        "explain",
        "load_explanation",
        "Explanation",
        "write_report",
        "write_evaluation_report",
    ],
}
"""The names of `featkit` by task: each has a page. Modules and errors have pages of modules."""

MODULES = {
    "featkit.errors": "The exceptions that featkit raises.",
    "featkit.plots": "Figures for papers.",
    "featkit.explanation": "SHAP values and the rankings that follow from them.",
    "featkit.models": "Estimators as scikit-learn pipelines.",
    "featkit.models.splits": "Splitters that keep groups together.",
    "featkit.models.networks.parameters": "Parameters of the networks.",
    "featkit.signals": "Synthetic signals for examples and tests.",
    "featkit.dsp.calibrated_signals": "Signals of a known sound pressure.",
    "featkit.datasets.synthetic": "A corpus of synthetic recordings.",
    "featkit.schema": "Key columns, quality columns and reserved names of a table.",
    "featkit.table.dataframes": "Tables from DataFrames.",
    "featkit.auditing.groups": "Groups of an audit as a file.",
    "featkit.report.audit_page": "The HTML report of an audit.",
    "featkit.testing": "Contract tests for items of your own package.",
    "featkit.features.family": "The contract of a family of descriptors.",
    "featkit.auditing.check": "The contract of a check of an audit.",
    "featkit.auditing.measure": "The contract of a measure of an audit.",
    "featkit.auditing.defect": "The contract of a defect of an audit.",
}
"""Modules with a page, and what they are for. Other modules may change without notice."""


CONSTANT = re.compile(r'^([A-Z]\w+)(?:: [^=\n]+)? = (?:.*\n)(?:[ )\]}].*\n)*"""', re.MULTILINE)
"""A constant of a module, with the string below it that describes it."""


def public_names(module: ModuleType) -> list[str]:
    """Return the public names of a module: its `__all__`, or the names that it defines.

    A package without `__all__` exports the names that it imports as themselves
    (``from m import name as name``). Aliases of types, and names of `featkit` itself, are left out.
    """
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    source = inspect.getsource(module)
    exported = re.findall(r"^from \S+ import (\w+) as \1$", source, flags=re.MULTILINE)
    constants = [
        name
        for name in CONSTANT.findall(source)
        if not isinstance(getattr(module, name), GenericAlias)
    ]
    defined = [
        name
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]
    names = {*exported, *constants, *defined}
    return sorted(n for n in names if not n.startswith("_") and not is_top_level(module, n))


def is_top_level(module: ModuleType, name: str) -> bool:
    """Tell whether a name of a module is a name of `featkit`, too, and has its page there."""
    titles = {title for titles in TASKS.values() for title in titles}
    return name in titles and getattr(featkit, name) is getattr(module, name)


def module_names() -> dict[str, list[str]]:
    """Return the public names of each module with a page."""
    return {name: public_names(resolve_name(name)) for name in MODULES}


def imported_names(text: str) -> Iterator[str]:
    """Yield the full names of featkit that the Python blocks of a page use."""
    for block in re.findall(
        r"^```(?:python|\{code-cell\}.*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE
    ):
        for module, names in re.findall(r"from (featkit[\w.]*) import ([\w, ]+)", block):
            yield from (f"{module}.{name.split(' as ')[0].strip()}" for name in names.split(","))
        yield from re.findall(r"\bfeatkit(?:\.\w+)+(?=\()", block)


def missing_names(root: Path) -> list[str]:
    """Return what the reference lacks: public names, names that pages import, and docstrings."""
    modules = module_names()
    listed = {f"featkit.{name}" for names in TASKS.values() for name in names}
    listed |= {f"{module}.{name}" for module, names in modules.items() for name in names}
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    pages += sorted((root / "docs" / "tutorials").glob("*.md"))
    wanted = {f"featkit.{name}" for name in featkit.__all__}
    for page in pages:
        wanted |= set(imported_names(page.read_text("utf-8")))
    wanted = {name for name in wanted if name not in MODULES and name not in modules}
    documented = {id(resolve_name(name)) for name in listed}
    faults = [
        f"{name} is not in the reference"
        for name in sorted(wanted)
        if name not in listed and id(resolve_name(name)) not in documented
    ]
    return faults + [f"{name} has no docstring" for name in undescribed(listed)]


def undescribed(names: Iterable[str]) -> Iterator[str]:
    """Yield the classes, functions, methods and properties without a docstring.

    Constants have a string below them, or they would not be listed.
    """
    for name in sorted(names):
        value = resolve_name(name)
        if inspect.isfunction(value) and not value.__doc__:
            yield name
        if not inspect.isclass(value):
            continue
        # Data classes without a docstring have their signature instead.
        if not value.__doc__ or value.__doc__.startswith(f"{value.__name__}("):
            yield name
        for member, content in vars(value).items():
            is_code = inspect.isfunction(content) or isinstance(
                content, property | classmethod | staticmethod | cached_property
            )
            if is_code and not member.startswith("_") and not content.__doc__:
                yield f"{name}.{member}"
