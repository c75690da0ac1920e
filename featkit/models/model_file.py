"""The model file, ``.fk``: data only, complete, and refused if it is anything else.

A file consists of a line with format and version, the SHA-256 hash of the rest, and a ZIP archive.
The archive holds the pipeline as skops writes it (a JSON of types and parts, arrays as ``.npy``,
boosted trees as XGBoost's UBJ in one of them) and `METADATA`, a JSON of everything else. A network
has other parts than a pipeline: see `featkit.models.networks.network_file`.

The hash detects damage. A malicious file has a correct hash, so it is checked before anything is
built from it: every type that it names must be on the list of its estimator, and every size within
bounds. Afterwards, nodes and coefficients must fit the columns and classes: a node with a child
outside of its tree would read memory out of bounds.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from featkit._utils.installed import missing_package
from featkit.errors import ModelError
from featkit.models._metadata_schema import metadata_of, read_metadata
from featkit.models._pipeline_parts import SCHEMA, pipeline_parts, schema_parts
from featkit.models._pipeline_schema import build
from featkit.models.estimator import SEQUENCES, Estimator
from featkit.models.model import Model
from featkit.models.pipeline_check import check_pipeline
from featkit.models.task import TASKS
from featkit.storage.archive import bounded_bytes
from featkit.storage.urls import shown
from featkit.storage.writing import replacing

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

MAGIC = b"featkit model 1\n"
"""Format and version."""

DIGEST_BYTES = 32

METADATA = "featkit.json"

STORED = ".safetensors"
"""Suffix of parts that are not compressed: weights hardly become smaller."""

MAX_BYTES = 2**30
"""Greatest size of a file."""

MAX_UNPACKED = 2**32
"""Greatest size of the unpacked archive, in bytes."""

SAFE_UNPACKED = 2**26
"""Size in bytes that any archive may unpack to."""

MAX_EXPANSION = 100
"""Beyond that, how many times its own size an archive may unpack to. Forests reach 10, without the
class values of their leaves, which are nearly all 0 if there are many classes (see `_leaves`)."""

NODE_BYTES = 64
"""Size of a node of a scikit-learn tree."""

NPY_HEADER_BYTES = 256
"""Greatest size of the header of an array."""

MAX_JSON_BYTES = 2**28
"""Greatest size of schema and metadata: that of a forest of 12,000 trees."""

MAX_PARTS = 200_000
"""Greatest number of arrays: a forest has five for each tree."""

MAX_MESSAGE = 200
"""Maximum number of characters that an error message quotes from the file."""

OLDEST_PROTOCOL = 2
"""The oldest protocol of skops that featkit ever wrote."""

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
"""Types that the pipeline of any estimator may consist of."""

LOADERS = {
    "builtins.dict": {"DictNode"},
    "builtins.list": {"ListNode"},
    "builtins.str": {"JsonNode", "TypeNode"},
    "builtins.tuple": {"TupleNode"},
    "featkit.models.estimators.analysis_of_variance": {"FunctionNode"},
    "featkit.models.one_vs_rest.mean_analysis_of_variance": {"FunctionNode"},
    "numpy.dtype": {"DTypeNode"},
    "numpy.float64": {"NdArrayNode"},
    "numpy.int64": {"NdArrayNode"},
    "numpy.ndarray": {"NdArrayNode"},
    "sklearn.tree._tree.Tree": {"TreeNode"},
}
"""How a type may be built, by the names of skops; all others by setting attributes."""


def write_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file atomically.

    Parameters
    ----------
    model : Model
        The model.
    path : path
        The file.

    Raises
    ------
    ModelError
        If the model is larger than a model file can be.
    WriteError
        If the file cannot be written.
    """
    content = model_bytes(model)
    with replacing(path) as scratch:
        scratch.write_bytes(content)


def model_bytes(model: Model) -> bytes:
    """Return the content of the file of a model.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    bytes
        The same for equal models.

    Raises
    ------
    ModelError
        If the model is larger than a model file can be.
    """
    parts = _network_parts(model) if model.reads_sequences else pipeline_parts(model.pipeline)
    metadata = json.dumps(metadata_of(model), ensure_ascii=False, sort_keys=True, allow_nan=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, part in {**parts, METADATA: metadata}.items():
            info = zipfile.ZipInfo(name)  # without the time
            info.external_attr = 0o600 << 16
            packed = not name.endswith(STORED)
            out.writestr(info, part, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    content = archive.getvalue()
    _check_size(model, content)
    return MAGIC + hashlib.sha256(content).digest() + content


def _network_parts(model: Model) -> dict[str, bytes | str]:
    from featkit.models.networks.network_file import network_parts

    return {**network_parts(model.pipeline.named_steps["model"])}


def _check_size(model: Model, content: bytes) -> None:
    """Refuse to write a file that would be too large to be read."""
    try:
        if len(MAGIC) + DIGEST_BYTES + len(content) > MAX_BYTES:
            raise ModelError(f"larger than a model file can be ({MAX_BYTES} bytes)")
        _check_count(content)
        if model.reads_sequences:
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_texts(archive, (METADATA, SCHEMA), len(content))
            parts = schema_parts(json.loads(archive.read(SCHEMA)))
            trees = [_tree_arrays(part) for part in parts if part["__loader__"] == "TreeNode"]
            sizes = {part.filename: part.file_size for part in archive.infolist()}
        leaves = _leaves(sizes, trees, len(model.classes))
        _check_unpacked(sum(sizes.values()), leaves, len(content))
    except ModelError as error:
        raise ModelError(
            f"the {model.name} of {len(model.classes)} classes cannot be written: {error}. Train"
            " another model, such as logistic, or one with fewer classes or rows"
        ) from None


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Model
        Without the extraction from sound, which `featkit.load_model` adds.

    Raises
    ------
    ModelError
        If it is not a model file, or is truncated, altered or malicious.
    """
    try:
        return model_of(bounded_bytes(path, MAX_BYTES))
    except ModelError as error:
        raise ModelError(f"{shown(path)}: {error}") from None


def model_of(whole: bytes) -> Model:
    """Build the model of the content of a model file; nothing in it is executed.

    Parameters
    ----------
    whole : bytes
        The content.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        As for `read_model`.
    """
    try:
        return _read(_content(whole))
    except ModelError:
        raise
    except ModuleNotFoundError as error:
        raise ModelError(missing_package(error)) from None
    # A malicious file can make JSON, NumPy and scikit-learn raise any exception.
    except Exception as error:
        raise ModelError(
            f"not a usable model: {type(error).__name__}: {_printable(error)}"
        ) from error


def _content(whole: bytes) -> bytes:
    """The archive, whose hash is correct."""
    if len(whole) > MAX_BYTES:
        raise ModelError(f"larger than a model file can be ({MAX_BYTES} bytes)")
    if not whole.startswith(MAGIC):
        raise ModelError(_other_format(whole))
    start = len(MAGIC) + DIGEST_BYTES
    content = whole[start:]
    if hashlib.sha256(content).digest() != whole[len(MAGIC) : start]:
        raise ModelError("truncated or altered: get a new copy of the file")
    return content


def _other_format(whole: bytes) -> str:
    if whole.split(maxsplit=2)[:2] == MAGIC.split()[:2]:
        return "a model of another version of the format: a newer featkit may read it"
    if whole.startswith(b"\x80"):
        return "a pickle, which could execute anything: featkit reads only models that it wrote"
    return "not a model that featkit wrote"


def _read(content: bytes) -> Model:
    _check_count(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_texts(archive, (METADATA,), len(content))
        stored = json.loads(archive.read(METADATA))
        try:
            metadata = read_metadata(stored)
        except ValueError as error:
            raise ModelError(f"{_printable(error)}. Train the model again") from None
        own_estimator = TASKS[metadata["task"]].estimators[metadata["name"]]
        if own_estimator.inputs == SEQUENCES:
            fitted = _read_network(archive, metadata)
        else:
            fitted = _read_pipeline(archive, len(content), own_estimator, metadata)
    return Model(pipeline=fitted, **metadata)


def _read_network(archive: zipfile.ZipFile, metadata: Mapping[str, Any]) -> Pipeline:
    from sklearn.pipeline import Pipeline

    from featkit.models.networks.network_file import read_network

    try:
        network = read_network(
            archive, metadata["name"], metadata["classes"], metadata["provenance"]
        )
    except ValueError as error:
        raise ModelError(_printable(error)) from None
    return Pipeline([("model", network)])


def _read_pipeline(
    archive: zipfile.ZipFile, packed: int, own_estimator: Estimator, metadata: Mapping[str, Any]
) -> Pipeline:
    """The pipeline of an archive of `packed` bytes, checked before anything is built."""
    _check_texts(archive, (METADATA, SCHEMA), packed)
    schema = json.loads(archive.read(SCHEMA))
    sizes = {part.filename: part.file_size for part in archive.infolist()}
    arrays, trees = _check_types(schema, own_estimator)
    leaves = _leaves(sizes, trees, len(metadata["classes"]))
    for size in (sum(sizes.values()), sum(sizes[name] for name in arrays)):
        _check_unpacked(size, leaves, packed)
    contents = {name: archive.read(name) for name in sorted(set(arrays))}
    try:
        fitted: Pipeline = build(schema, contents)
        task = TASKS[metadata["task"]]
        check_pipeline(fitted, own_estimator, len(metadata["columns"]), metadata["classes"], task)
    # Attributes of scikit-learn objects differ from version to version.
    except AttributeError as error:
        advice = _version_advice(metadata["training_metadata"].versions)
        raise ModelError(f"not a usable model: {_printable(error)}{advice}") from error
    return fitted


def _check_count(content: bytes) -> None:
    # Entries are counted before they are listed: a list of millions would fill the memory.
    if content.count(b"PK\x01\x02") > MAX_PARTS:
        raise ModelError("it has more parts than a model can have")


def _tree_arrays(tree: dict[str, Any]) -> tuple[str, str]:
    """Names of the arrays with a tree's nodes and their class values."""
    state = tree["content"]["content"]
    return state["nodes"]["file"], state["values"]["file"]


def _leaves(sizes: dict[str, int], trees: list[tuple[str, str]], classes: int) -> int:
    """Bytes of the class values of all nodes, if each has one number per class."""
    return sum(
        min(sizes[values], sizes[nodes] // NODE_BYTES * classes * 8 + NPY_HEADER_BYTES)
        for nodes, values in trees
    )


def _version_advice(versions: Mapping[str, str]) -> str:
    trained, installed = versions.get("scikit-learn"), version("scikit-learn")
    if trained is None or trained == installed:
        return ""
    return (
        f". It was trained with scikit-learn {_printable(trained)}, and {installed} is installed:"
        " install that version, or train it again"
    )


def _printable(text: object) -> str:
    """The start of a text that may come from the file, without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:MAX_MESSAGE])


def _check_texts(archive: zipfile.ZipFile, names: Sequence[str], packed: int) -> None:
    """Refuse large JSON, and compression that featkit does not use."""
    sizes = [archive.getinfo(name).file_size for name in names]
    _check_unpacked(sum(sizes), 0, packed)
    if max(sizes) > MAX_JSON_BYTES:
        raise ModelError("its schema or metadata are larger than those of a model can be")
    # Other methods may need any amount of memory for a few bytes.
    methods = {part.compress_type for part in archive.infolist()}
    if methods - {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ModelError("it is compressed by a method that featkit does not use")


def _check_unpacked(size: int, leaves: int, packed: int) -> None:
    if size > MAX_UNPACKED or size - leaves > max(SAFE_UNPACKED, MAX_EXPANSION * packed):
        raise ModelError(
            f"it unpacks to more than a model can hold ({size / 1e9:.2g} GB, at most"
            f" {MAX_UNPACKED / 1e9:.2g})"
        )


def _check_types(schema: Any, own_estimator: Estimator) -> tuple[list[str], list[tuple[str, str]]]:
    """Refuse types that no fitted pipeline contains, before anything is built.

    The numbers of parts are removed: with them, a part could be replaced by one of another type.
    Returns the names of the arrays, once for each use, and those of each tree.
    """
    if not isinstance(schema, dict) or not schema.get("protocol", 0) >= OLDEST_PROTOCOL:
        raise ModelError("its schema has a form that featkit never wrote")
    arrays, trees, types = [], [], TYPES | own_estimator.types
    for part in schema_parts(schema):
        part.pop("__id__", None)
        kind, loader = f"{part.get('__module__')}.{part.get('__class__')}", part.get("__loader__")
        if kind not in types:
            raise ModelError(f"it names a type that no model uses: {kind[:MAX_MESSAGE]!r}")
        if loader not in LOADERS.get(kind, {"ObjectNode"}):
            raise ModelError(
                f"it builds {kind} in a way that no model needs: {loader!r:.{MAX_MESSAGE}}"
            )
        if loader == "NdArrayNode":
            if part["type"] != "numpy":
                raise ModelError("it holds an array of objects, which no model does")
            arrays.append(part["file"])
        if loader == "TreeNode":
            _check_tree(part["__reduce__"]["args"])
            trees.append(_tree_arrays(part))
    return arrays, trees


def _check_tree(args: Any) -> None:
    """Refuse trees with several outputs; only trees are built by a call.

    scikit-learn reads the number of classes of each output without a check that it exists.
    """
    given, one = args["content"], {"__loader__": "JsonNode", "content": "1"}
    if args["__loader__"] != "TupleNode" or len(given) != 3 or not one.items() <= given[2].items():
        raise ModelError("a tree does not have exactly one output")
