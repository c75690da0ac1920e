"""The layout: folders, private modules, and the public names."""

import ast
import importlib
from pathlib import Path

import pytest
from extras import folders_without_package

import featkit

PACKAGE = Path(featkit.__file__).parent

ENTRIES_AT_MOST = 24
"""Names in the package's folder, so that a reader takes them in at a glance."""


def modules():
    """Full name and syntax tree of each module of the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(file.read_text("utf-8"))


MODULES = dict(modules())


def imported(tree):
    """Full names of the modules that a module may import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_listing_of_the_package_is_short():
    entries = [entry for entry in PACKAGE.iterdir() if entry.name != "__pycache__"]
    assert len(entries) <= ENTRIES_AT_MOST


@pytest.mark.parametrize("name", MODULES)
def test_a_private_module_is_imported_within_its_own_folder_only(name):
    for module in imported(MODULES[name]):
        parts = module.split(".")
        private = [k for k, part in enumerate(parts) if part.startswith("_")]
        if module in MODULES and private and parts[:2] != ["featkit", "_utils"]:
            folder = ".".join(parts[: private[0]])
            assert name == folder or name.startswith(f"{folder}."), module


@pytest.mark.parametrize("name", MODULES)
def test_packages_hold_no_implementation(name):
    folder = PACKAGE.parent / name.replace(".", "/")
    if folder.is_dir():
        definitions = (ast.FunctionDef, ast.ClassDef)
        assert not [node.name for node in MODULES[name].body if isinstance(node, definitions)]


def test_every_public_name_is_there():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    names = [a.asname for node in stub.body if isinstance(node, ast.ImportFrom) for a in node.names]
    assert sorted(names) == sorted(featkit.__all__)
    assert all(getattr(featkit, name) is not None for name in names)


def test_every_module_can_be_imported():
    folders = [f"featkit.{folder.replace('/', '.')}." for folder in folders_without_package()]
    for name in MODULES:
        if name != "featkit.__main__" and not name.startswith(tuple(folders)):
            assert importlib.import_module(name).__name__ == name
