"""The model file, ``.fk``: data only, whole, and refused if it is anything else.

A line that says what it is, the SHA-256 of what follows, then a ZIP archive: the pipeline as skops
writes it (a JSON of types and parts, arrays as ``.npy``, boosted trees as XGBoost's UBJ in one of
them) and `CARD`, a JSON of everything else.

The digest finds what was cut or altered by accident. A file made to do harm has a right digest; so
before anything is built from it, every type that it names must be on the list of its estimator,
every size within bounds, and afterwards nodes and coefficients must fit the columns and classes: a
tree whose child lies outside of it would read another's memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.io import replacing
from featkit.errors import ModelError
from featkit.models._metadata_schema import CARRIED, MOST_SAID, check_card
from featkit.models._model_validation import PREPARATIONS, check_parameters, check_parts, is_array
from featkit.models._pipeline_schema import build as built
from featkit.models.classifier import Classifier
from featkit.models.estimator import Estimator, estimator, pipeline

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAGIC = b"featkit model 1\n"
"""Format and version."""

CARD = "featkit.json"
SCHEMA = "schema.json"

MOST_BYTES = 2**30
"""Largest file that is looked at."""

MOST_UNPACKED = 2**32
"""Largest sum of what its archive unpacks to."""

SURELY_UNPACKED = 2**26
"""What a file of any size may unpack to."""

MOST_EXPANDED = 100
"""How many times its own size that may be, beyond that; a forest's is about ten times, without what
its leaves say of the classes: of many classes nearly all is 0 (see `_leaves`)."""

KEPT_UNPACKED = 2**29
"""What is kept unpacked while a model is built; more is packed again, which takes time."""

NODE_BYTES = 64
"""Of a node of a tree of scikit-learn's."""

NPY_BYTES = 256
"""Of the head of an array, at most."""

MOST_TEXT = 2**28
"""Largest schema or card: that of a forest of 12,000 trees."""

MOST_PARTS = 200_000
"""Most arrays in it: a forest has five for each tree."""

OLDEST_PROTOCOL = 2
"""Of skops's forms of schemas, the oldest that featkit ever wrote."""

TYPES = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "featkit.models.estimators.analysis_of_variance",
        "featkit.models.resolution.Rescaler",
        "numpy.dtype",
        "numpy.float64",
        "numpy.int64",
        "numpy.ndarray",
        "sklearn.feature_selection._univariate_selection.SelectKBest",
        "sklearn.impute._base.MissingIndicator",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
    }
)
"""What the pipeline of any estimator may consist of."""

LOADERS = {
    "builtins.dict": {"DictNode"},
    "builtins.list": {"ListNode"},
    "builtins.str": {"JsonNode", "TypeNode"},
    "builtins.tuple": {"TupleNode"},
    "featkit.models.estimators.analysis_of_variance": {"FunctionNode"},
    "numpy.dtype": {"DTypeNode"},
    "numpy.float64": {"NdArrayNode"},
    "numpy.int64": {"NdArrayNode"},
    "numpy.ndarray": {"NdArrayNode"},
    "sklearn.tree._tree.Tree": {"TreeNode"},
}
"""How a type may be built, by skops's names; all others by setting attributes."""


def write_model(model: Classifier, path: str | os.PathLike[str]) -> None:
    """Write a model: whole, or not at all.

    Raises
    ------
    ModelError
        If it is larger than a model file can be.
    WriteError
        If the file cannot be written.
    """
    import skops.io

    archive = io.BytesIO(skops.io.dumps(model.pipeline, compression=zipfile.ZIP_DEFLATED))
    card = {name: getattr(model, name) for name in CARRIED}
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr(CARD, json.dumps(card, ensure_ascii=False, sort_keys=True, allow_nan=False))
    content = archive.getvalue()
    _check_size(model, content)
    with replacing(path) as scratch:
        scratch.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)


def _check_size(model: Classifier, content: bytes) -> None:
    """Refuse to write what would be refused for its size when it is read."""
    try:
        if len(MAGIC) + 32 + len(content) > MOST_BYTES:
            raise ModelError(f"larger than a model file can be ({MOST_BYTES} bytes)")
        _check_count(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_texts(archive, len(content))
            parts = _parts(json.loads(archive.read(SCHEMA)))
            trees = [_arrays_of(part) for part in parts if part["__loader__"] == "TreeNode"]
            sizes = {part.filename: part.file_size for part in archive.infolist()}
        leaves = _leaves(sizes, trees, len(model.classes))
        _check_unpacked(sum(sizes.values()), leaves, len(content))
    except ModelError as error:
        raise ModelError(
            f"the {model.name} of {len(model.classes)} classes cannot be written: {error}. Train"
            " another model, such as logistic, or one of fewer classes or rows"
        ) from None


def read_model(path: str | os.PathLike[str]) -> Classifier:
    """Read a model; nothing in the file is executed.

    Raises
    ------
    ModelError
        If it is not a model file, or one that was cut, altered, or made to do harm.
    """
    try:
        return _read(_content(Path(path)))
    except ModelError as error:
        raise ModelError(f"{os.fspath(path)}: {error}") from None
    # A crafted file can make JSON, NumPy and scikit-learn raise whatever they like.
    except Exception as error:
        raise ModelError(
            f"{os.fspath(path)}: not a model that can be used: {type(error).__name__}:"
            f" {_plainly(error)}"
        ) from error


def _content(path: Path) -> bytes:
    """The archive, as it was written."""
    try:
        # What is no file may be endless, and a pipe may keep whoever opens it waiting.
        if path.exists() and not path.is_file():
            raise ModelError("is not a file, but a folder, a pipe or a device")
        with path.open("rb") as file:
            whole = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelError(error.strerror or str(error)) from None
    if len(whole) > MOST_BYTES:
        raise ModelError(f"larger than a model file can be ({MOST_BYTES} bytes)")
    if not whole.startswith(MAGIC):
        raise ModelError(_what_else(whole))
    digest = whole[len(MAGIC) : len(MAGIC) + 32]
    content = whole[len(MAGIC) + 32 :]
    if hashlib.sha256(content).digest() != digest:
        raise ModelError(
            "cut or altered since it was written: get it again from where it came from"
        )
    return content


def _what_else(whole: bytes) -> str:
    kind = MAGIC.split()[:2]
    if whole.split(maxsplit=2)[:2] == kind:
        return "a model of another version of the format: a newer featkit may read it"
    if whole.startswith(b"\x80"):
        return "a pickle, which could run anything: featkit reads models that featkit wrote, only"
    return "not a model that featkit wrote"


def _read(content: bytes) -> Classifier:
    card, chosen, schema, arrays = _checked(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        contents = {name: archive.read(name) for name in sorted(arrays)}
    try:
        pipeline = built(schema, contents)
        _check_pipeline(pipeline, chosen, card)
    # Parts of one scikit-learn can lack what another looks for.
    except AttributeError as error:
        raise ModelError(
            f"not a model that can be used: {_plainly(error)}{_other_version(card['training'])}"
        ) from error
    return Classifier(pipeline=pipeline, **card)


def _checked(content: bytes) -> tuple[dict[str, Any], Estimator, Any, set[str]]:
    """Card, estimator, schema and names of the arrays, before anything is built from them."""
    _check_count(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_texts(archive, len(content))
        card = json.loads(archive.read(CARD))
        schema = json.loads(archive.read(SCHEMA))
        sizes = {part.filename: part.file_size for part in archive.infolist()}
    check_card(card)
    chosen = estimator(card["name"])
    arrays, trees = _check_types(schema, chosen)
    leaves = _leaves(sizes, trees, len(card["classes"]))
    for size in (sum(sizes.values()), sum(sizes[name] for name in arrays)):
        _check_unpacked(size, leaves, len(content))
    return card, chosen, schema, set(arrays)


def _check_count(content: bytes) -> None:
    # Counted before they are listed, since a list of millions fills the memory.
    if content.count(b"PK\x01\x02") > MOST_PARTS:
        raise ModelError("it has more parts than a model can have")


def _arrays_of(tree: dict[str, Any]) -> tuple[str, str]:
    """Names of the arrays of a tree's nodes, and of their class values."""
    held = tree["content"]["content"]
    return held["nodes"]["file"], held["values"]["file"]


def _leaves(sizes: dict[str, int], trees: list[tuple[str, str]], classes: int) -> int:
    """Bytes of the class values of all nodes, if each has one number per class."""
    return sum(
        min(sizes[values], sizes[nodes] // NODE_BYTES * classes * 8 + NPY_BYTES)
        for nodes, values in trees
    )


def _other_version(training: dict[str, Any]) -> str:
    then, now = training["versions"].get("scikit-learn"), version("scikit-learn")
    if then is None or then == now:
        return ""
    return (
        f". It was trained with scikit-learn {_plainly(then)}, and this is {now}: install that"
        " version, or train it again"
    )


def _plainly(text: object) -> str:
    """What an error says, or a file: not too much of it, and nothing that moves a cursor."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:MOST_SAID])


def _check_texts(archive: zipfile.ZipFile, packed: int) -> None:
    """Refuse card and schema that are too large, and parts that are packed otherwise."""
    sizes = [archive.getinfo(name).file_size for name in (CARD, SCHEMA)]
    _check_unpacked(sum(sizes), 0, packed)
    if max(sizes) > MOST_TEXT:
        raise ModelError("its description is larger than that of a model can be")
    # Others may need any amount of memory for a few bytes.
    packings = {part.compress_type for part in archive.infolist()}
    if packings - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ModelError("it is packed otherwise than featkit does")


def _check_unpacked(size: int, leaves: int, packed: int) -> None:
    if size > MOST_UNPACKED or size - leaves > max(SURELY_UNPACKED, MOST_EXPANDED * packed):
        raise ModelError(
            f"it unpacks to more than a model can hold ({size / 1e9:.2g} GB, at most"
            f" {MOST_UNPACKED / 1e9:.2g})"
        )


def _check_types(schema: Any, chosen: Estimator) -> tuple[list[str], list[tuple[str, str]]]:
    """Refuse, before anything is built, what a fitted pipeline does not consist of.

    Parts lose their numbers, by which one could stand for another that looks different. Returns the
    names of the arrays, once for each time that one is used, and those of each tree.
    """
    if not isinstance(schema, dict) or not schema.get("protocol", 0) >= OLDEST_PROTOCOL:
        raise ModelError("its schema is of a form that featkit never wrote")
    arrays, trees, types = [], [], TYPES | chosen.types
    for part in _parts(schema):
        part.pop("__id__", None)
        kind, loader = f"{part.get('__module__')}.{part.get('__class__')}", part.get("__loader__")
        if kind not in types:
            raise ModelError(
                f"it names a type that no model of featkit consists of: {kind[:MOST_SAID]!r}"
            )
        if loader not in LOADERS.get(kind, {"ObjectNode"}):
            raise ModelError(f"it wants to build {kind} as no model needs: {loader!r:.{MOST_SAID}}")
        if loader == "NdArrayNode":
            if part["type"] != "numpy":
                raise ModelError("it holds an array of objects, which no model of featkit does")
            arrays.append(part["file"])
        if loader == "TreeNode":
            _check_tree(part["__reduce__"]["args"])
            trees.append(_arrays_of(part))
    return arrays, trees


def _check_tree(args: Any) -> None:
    """Trees are the one thing that is built by a call; theirs have one output.

    scikit-learn reads as many numbers of classes as a tree is said to have outputs, there or not.
    """
    given, one = args["content"], {"__loader__": "JsonNode", "content": "1"}
    if args["__loader__"] != "TupleNode" or len(given) != 3 or not one.items() <= given[2].items():
        raise ModelError("a tree has another number of outputs than one")


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Each part, without recursion: a schema may be as deep as it likes."""
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if "__class__" in part or "__loader__" in part:
                yield part
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _check_pipeline(pipeline: Any, chosen: Estimator, card: dict[str, Any]) -> None:
    """Refuse parts that are none of this estimator's, or do not fit together."""
    from sklearn.pipeline import Pipeline

    check_parts(pipeline, Pipeline, but={"steps"})
    own = _own(chosen, [name for name, _ in pipeline.steps])
    check_parameters(pipeline, own, but={"steps"})
    columns, classes = len(card["columns"]), card["classes"]
    width = columns
    for (name, step), (_, fresh) in zip(pipeline.steps[:-1], own.steps[:-1], strict=True):
        width = PREPARATIONS[name](step, fresh, width)
    model = pipeline.steps[-1][1]
    if not is_array(model.classes_, len(classes), kinds="U") or list(model.classes_) != classes:
        raise ModelError("its classes are others than those of its estimator")
    chosen.check(model, width, len(classes))
    P = pipeline.predict_proba(np.array([np.zeros(columns), np.full(columns, np.nan)]))
    if P.shape != (2, len(classes)) or not np.isfinite(P).all():
        raise ModelError("it does not give a probability for each class")


def _own(chosen: Estimator, steps: list[str]) -> Pipeline:
    """The unfitted pipeline with these steps; earlier versions had none that rescales."""
    from sklearn.pipeline import Pipeline

    for select in (None, 1):
        own = pipeline(chosen.name, select=select).steps
        for made in (own, [(name, step) for name, step in own if name != "resolve"]):
            if [name for name, _ in made] == steps:
                return Pipeline(made)
    raise ModelError(f"its steps are none that the estimator {chosen.name!r} has")
