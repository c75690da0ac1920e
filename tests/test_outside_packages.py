"""Packages add families, sets and formats by entry points: the documented one, and faulty ones."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals
from featkit._utils.registry import RegistryError
from featkit.datasets.recordings import DATASET_FORMATS, read_manifest
from featkit.errors import FeatkitError, ParameterError
from featkit.features.family import FAMILIES, descriptors_by_name
from featkit.features.sets.loading import FEATURE_SETS
from featkit.table.table_files import TABLE_FORMATS

ROOT = Path(__file__).parent.parent

REGISTRIES = (FAMILIES, FEATURE_SETS, DATASET_FORMATS, TABLE_FORMATS)


def documented_files():
    """The files of the documented package by name."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (section,) = re.findall(r"^## Add items from another package\n(.*?)^## ", text, re.S | re.M)
    return dict(
        re.findall(r"`([\w/]+\.(?:py|toml))`[^\n]*\n\n```\w+\n(.*?)^```", section, re.S | re.M)
    )


def install(folder, name, version, entry_points, modules):
    """Put modules and the description of a package into a folder, as an installer does."""
    for file, text in modules.items():
        (folder / file).parent.mkdir(exist_ok=True, parents=True)
        (folder / file).write_text(text, "utf-8")
    described = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    described.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (described / "METADATA").write_text(metadata, "utf-8")
    lines = [
        line
        for group, entries in entry_points.items()
        for line in (f"[{group}]", *(f"{key} = {value}" for key, value in entries.items()))
    ]
    (described / "entry_points.txt").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder in which Python looks for packages; all traces are removed after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for registry in REGISTRIES:
        registry.clear()
    descriptors_by_name.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith(("featkit_rumble", "faulty")):
            del sys.modules[name]


@pytest.fixture
def rumble(site):
    """The documented package, installed."""
    files = documented_files()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    modules = {name: text for name, text in files.items() if name.startswith("featkit_rumble/")}
    modules["featkit_rumble/__init__.py"] = ""
    install(site, project["name"], project["version"], project["entry-points"], modules)
    descriptors_by_name.cache_clear()
    return site


def test_the_documented_package_adds_one_item_of_each_kind(rumble):
    added = ("rumble_share", "rumble", "field_log", "json_table")
    for registry, name in zip(REGISTRIES, added, strict=True):
        assert registry.names == [*registry.own_names, name]
        assert registry.package_of(name) == "featkit-rumble"
        assert registry.package_of(registry.own_names[0]) is None
        assert registry[name].name == name
    assert featkit.describe("rumble_share_max").reference == "this page"
    assert "rumble" in featkit.feature_sets()
    row = featkit.analyse([signals.sine(50.0, 8000) + signals.sine(900.0, 8000)], 8000, "rumble")[0]
    assert row[0] == pytest.approx(0.5, abs=0.01)


def test_the_documented_tests_pass(rumble, tmp_path, monkeypatch):
    (tmp_path / "test_contract.py").write_text(documented_files()["tests/test_contract.py"])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    monkeypatch.setenv("PYTHONPATH", f"{rumble}:{Path(featkit.__file__).parent.parent}")
    done = subprocess.run(
        [*command, "test_contract.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_added_items_work_on_the_command_line(rumble, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", signals.sine(50.0, 8000), 8000)
    (tmp_path / "log").write_text("# field log\nbridge a.wav\n")
    monkeypatch.setenv("PYTHONPATH", f"{rumble}:{Path(featkit.__file__).parent.parent}")
    featkit_command = [sys.executable, "-m", "featkit"]
    arguments = ["extract", "--manifest", "log", "--features", "rumble", "-o", "t.json"]
    subprocess.run([*featkit_command, *arguments], cwd=tmp_path, check=True, capture_output=True)
    table = featkit.FeatureTable.read(tmp_path / "t.json")
    assert list(table.keys["site"]) == ["bridge"]
    np.testing.assert_allclose(table.values, [[1, 1]], atol=0.01)
    listed = subprocess.run(
        [*featkit_command, "features"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "share of power below 100 Hz (of the package featkit-rumble)" in listed.stdout


def test_the_version_of_the_package_is_in_the_provenance(rumble, tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.sine(50.0, 8000), 8000)
    output = tmp_path / "t.parquet"
    featkit.extract(tmp_path / "a.wav", output=output, features="rumble", n_jobs=1)
    provenance = featkit.FeatureTable.read(output).provenance
    assert provenance["versions"]["featkit-rumble"] == "1.0"
    featkit.extract(tmp_path / "a.wav", output=output, features="genre75", n_jobs=1, fresh=True)
    assert "featkit-rumble" not in featkit.FeatureTable.read(output).provenance["versions"]


def test_a_manifest_of_an_added_format_is_read_and_listed_in_errors(rumble, tmp_path):
    (tmp_path / "log").write_text(DATASET_FORMATS["field_log"].example)
    (recording,) = read_manifest(tmp_path / "log")
    assert (recording.path, recording.fields) == ("a.wav", {"site": "bridge"})


FAULTY = "from featkit.features.family import FAMILIES\n\nFAMILY = FAMILIES['rms']\nNONE = 3\n"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rms", "faulty:FAMILY", r"'faulty' registers the family 'rms', which featkit already has"),
        ("Loud-ness", "faulty:FAMILY", r"'Loud-ness', which must be lower-case words"),
    ],
)
def test_a_name_that_is_taken_or_invalid_is_an_error_when_items_are_listed(
    site, name, value, message
):
    install(site, "faulty", "2.1", {"featkit.families": {name: value}}, {"faulty.py": FAULTY})
    with pytest.raises(RegistryError, match=message):
        list(FAMILIES)
    assert FAMILIES["rms"].name == "rms"  # featkit's own items work all the same


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("faulty:NONE", "it must be a Family, got 3"),
        ("faulty:MISSING", "AttributeError"),
        ("faulty_absent:FAMILY", "ModuleNotFoundError"),
        ("faulty:FAMILY", r"family 'rms': its module is named 'growl'"),
    ],
)
def test_an_item_that_cannot_be_used_names_its_package(site, value, message):
    install(site, "faulty", "2.1", {"featkit.families": {"growl": value}}, {"faulty.py": FAULTY})
    assert "growl" in FAMILIES
    text = f"'growl' of the package 'faulty' .*{message}.*; update or uninstall the package"
    with pytest.raises(RegistryError, match=text):
        FAMILIES["growl"]


def test_a_descriptor_that_featkit_has_is_an_error_that_names_the_package(site):
    module = FAULTY.replace("FAMILIES['rms']", "replace(FAMILIES['rms'], name='growl')")
    module = f"from dataclasses import replace\n{module}"
    entry = {"featkit.families": {"growl": "faulty:FAMILY"}}
    install(site, "faulty", "1.0", entry, {"faulty.py": module})
    descriptors_by_name.cache_clear()
    with pytest.raises(FeatkitError, match="'rms' and 'growl': rename it in the package 'faulty'"):
        featkit.describe("no_such_column")


def test_two_packages_cannot_add_the_same_name(site):
    for package in ("faulty", "faultytoo"):
        entry = {"featkit.families": {"growl": f"{package}:FAMILY"}}
        install(site, package, "1.0", entry, {f"{package}.py": FAULTY})
    with pytest.raises(RegistryError, match="'growl', which faulty already has"):
        list(FAMILIES)


def test_a_feature_set_must_be_a_definition(site):
    entry = {"featkit.feature_sets": {"growls": "faulty:NONE"}}
    install(site, "faulty", "1.0", entry, {"faulty.py": FAULTY})
    with pytest.raises(RegistryError, match="it must be a feature set, a dict or the path"):
        featkit.feature_set("growls")


def test_without_the_package_the_error_names_the_item():
    with pytest.raises(ParameterError, match="unknown feature set 'rumble'"):
        featkit.feature_set("rumble")
