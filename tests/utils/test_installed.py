from importlib.metadata import PackageNotFoundError, distributions, version

import pytest

from featkit._utils import installed
from featkit._utils.installed import installed_version


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in which packages are looked for first."""
    monkeypatch.syspath_prepend(tmp_path)
    installed.installed_version.cache_clear()
    installed._distributions.cache_clear()
    yield tmp_path
    installed.installed_version.cache_clear()
    installed._distributions.cache_clear()


def describe(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "METADATA").write_text(text)


def test_versions_are_those_of_the_standard_library():
    names = {each.metadata["Name"] for each in distributions()}
    assert {"numpy", "scikit-learn"} <= names
    for name in names:
        assert installed_version(name) == version(name)


@pytest.mark.parametrize("name", ["toy-package", "Toy_Package", "toy.package"])
def test_all_spellings_of_a_name_are_the_same_package(folder, name):
    text = "Metadata-Version: 2.1\nName: toy.package\nVersion: 1.2+local\n\nVersion: 9"
    describe(folder, "toy_package-1.2+local.dist-info", text)
    assert installed_version(name) == "1.2+local" == version(name)


def test_a_package_that_is_missing_has_no_version(folder):
    assert installed_version("toy-package") is None
    with pytest.raises(PackageNotFoundError):
        version("toy-package")


def test_a_version_is_read_from_the_head_of_a_description_only(folder):
    describe(folder, "toy-1.0.dist-info", "Metadata-Version: 2.1\nName: toy\n\nVersion: 3\n")
    assert installed._stated_version(str(folder / "toy-1.0.dist-info" / "METADATA")) is None


def test_other_forms_of_descriptions_are_found(folder):
    (folder / "toy.egg-info").mkdir()
    (folder / "toy.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.0\nVersion: 0.7\n")
    assert installed_version("toy") == "0.7"
