"""Registries: an item is one file, and every file must define a valid item."""

import sys
from dataclasses import dataclass

import pytest

from featkit._utils.registry import Registry, RegistryError, exported
from featkit.cli._main import COMMANDS
from featkit.datasets.recordings import DATASET_FORMATS
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES
from featkit.models.estimator import ESTIMATORS


@dataclass(frozen=True)
class Animal:
    name: str


ANIMAL = "from test_registry_items import Animal\n\nANIMAL = Animal({name!r})\n"


@pytest.fixture
def animals(tmp_path, monkeypatch):
    """An empty registry, and a function that adds a file to its folder."""
    package = tmp_path / "animals"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "test_registry_items", sys.modules[__name__])
    registry = Registry("animal", "animals", exported("animals", "ANIMAL", Animal))

    def add(file, text=None):
        (package / file).write_text(text or ANIMAL.format(name=file.removesuffix(".py")))

    yield registry, add
    for module in [name for name in sys.modules if name.partition(".")[0] == "animals"]:
        del sys.modules[module]


def test_a_file_is_an_item(animals):
    registry, add = animals
    assert list(registry) == []
    add("hen.py")
    add("cat.py")
    assert list(registry) == registry.names == ["cat", "hen"]
    assert len(registry) == 2
    assert "hen" in registry
    assert "dog" not in registry
    assert registry["hen"] == Animal("hen")
    assert dict(registry.items()) == {"cat": Animal("cat"), "hen": Animal("hen")}


def test_an_item_is_loaded_once_until_the_registry_is_cleared(animals):
    registry, add = animals
    add("hen.py")
    first = registry["hen"]
    assert registry["hen"] is first
    loads = []
    # Counts loads: an item alone does not show how often it was loaded.
    registry._load = lambda name: loads.append(name) or Animal(name)
    assert registry["hen"] is first
    registry.clear()
    assert registry["hen"] == Animal("hen")
    assert loads == ["hen"]


def test_names_are_listed_without_loading(animals):
    registry, add = animals
    add("broken.py", "raise AssertionError('loaded')")
    assert registry.names == ["broken"]
    assert "animals.broken" not in sys.modules


def test_private_modules_and_other_suffixes_are_no_items(animals):
    registry, add = animals
    for file in ("_helper.py", "notes.txt", "hen.py"):
        add(file, None if file == "hen.py" else "no item")
    assert registry.names == ["hen"]


def test_items_may_have_another_suffix(tmp_path, animals):
    _, add = animals
    add("hen.toml", "legs = 2")
    texts = Registry("animal", "animals", Animal, suffix=".toml")
    assert dict(texts) == {"hen": Animal("hen")}


def test_an_unknown_name_is_an_error_with_a_suggestion(animals):
    registry, add = animals
    add("horse.py")
    message = "unknown animal 'hores': did you mean 'horse'? available: horse"
    with pytest.raises(ParameterError) as caught:
        registry["hores"]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ANIMAL = 'hen'", r"animals\.hen: must export ANIMAL, a Animal, got 'hen'"),
        ("ANIMALS = []", r"animals\.hen: must export ANIMAL, a Animal, got None"),
        (ANIMAL.format(name="cock"), "hen.py defines the animal 'cock': .* same name"),
    ],
)
def test_a_file_that_defines_no_valid_item_is_refused(animals, text, message):
    registry, add = animals
    add("hen.py", text)
    with pytest.raises(RegistryError, match=message):
        registry["hen"]


def test_an_item_without_a_name_is_refused(animals):
    _, add = animals
    add("hen.py")
    nameless = Registry("animal", "animals", lambda name: object())
    with pytest.raises(RegistryError, match="defines the animal None"):
        nameless["hen"]


@pytest.mark.parametrize("registry", [FAMILIES, DATASET_FORMATS, ESTIMATORS, COMMANDS])
def test_all_items_of_the_package_have_the_name_of_their_file(registry):
    assert len(registry) > 0
    assert [item.name for item in registry.values()] == registry.names
