"""A fitted pipeline as parts of a model file: the schema and the arrays that skops writes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

SCHEMA = "schema.json"


def pipeline_parts(pipeline: Any) -> dict[str, bytes | str]:
    """The parts of an archive of skops, where numbers replace the addresses of objects.

    Equal models thus have equal files.
    """
    import skops.io

    archive = skops.io.dumps(pipeline)
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        schema = json.loads(source.read(SCHEMA))
        for number, part in enumerate(schema_parts(schema), start=1):
            if "__id__" in part:
                # Whether equal numbers or texts are one object is chance.
                is_constant = part["__loader__"] == "JsonNode"
                part["__id__"] = number if is_constant else ids.setdefault(part["__id__"], number)
            if "file" in part:
                new = f"{len(files)}{os.path.splitext(part['file'])[1]}"
                part["file"] = files.setdefault(part["file"], new)
        arrays = {new: source.read(old) for old, new in files.items()}
    return {**arrays, SCHEMA: json.dumps(schema)}


def schema_parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Each part, without recursion: the depth of a schema has no bound."""
    stack = [schema]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if "__class__" in part or "__loader__" in part:
                yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
