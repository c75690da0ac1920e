"""What is written down is true: the documented family works, the README names what there is."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.features import families as families_package
from featkit.features.family import FAMILIES, families

ROOT = Path(__file__).parent.parent


def blocks(name, language):
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


FAMILY = "spectral_peak_share"


def documented_module():
    (module,) = (block for block in blocks("CONTRIBUTING.md", "python") if "FAMILY" in block)
    return module


@pytest.fixture
def documented_family(tmp_path, monkeypatch):
    (tmp_path / f"{FAMILY}.py").write_text(documented_module(), "utf-8")
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(tmp_path)])
    families.cache_clear()
    yield FAMILY
    families.cache_clear()
    FAMILIES.clear()
    sys.modules.pop(f"featkit.features.families.{FAMILY}", None)


def test_the_documented_family_works(documented_family):
    family = families()[documented_family]
    features = featkit.feature_set(
        {"features": [{"family": documented_family, "statistics": ["max", "mean"]}]}
    )
    sr = 22050
    impulse = family.oracles[0].signal(sr)
    greatest, _ = featkit.analyse([impulse], sr, features)[0]
    assert greatest == pytest.approx(1 / 1025, abs=1e-6)
    tone, noise = featkit.analyse([signals.sine(1000.0, sr), signals.noise(sr)], sr, features)[:, 1]
    assert tone > 10 * noise
    assert np.isnan(featkit.analyse([np.zeros(sr, np.float32)], sr, features)).all()
    assert featkit.describe("spectral_peak_share_max").reference == "this page"


@pytest.fixture(scope="module")
def project_with_the_documented_family(tmp_path_factory):
    """A copy of the package to which the family was added, with the project's settings."""
    project = tmp_path_factory.mktemp("project")
    package = Path(featkit.__file__).parent
    shutil.copytree(package, project / "featkit", ignore=shutil.ignore_patterns("__pycache__"))
    module = project / "featkit" / "features" / "families" / f"{FAMILY}.py"
    module.write_text(documented_module(), "utf-8")
    (project / "tests" / "features").mkdir(parents=True)
    for name in (
        "setup.cfg",
        "pyproject.toml",
        "tests/conftest.py",
        "tests/features/test_families.py",
    ):
        shutil.copyfile(ROOT / name, project / name)
    return project


MODULE = f"featkit/features/families/{FAMILY}.py"
CHECKS = {
    "ruff check": ["ruff", "check", "--no-cache", MODULE],
    "ruff format": ["ruff", "format", "--no-cache", "--check", MODULE],
    "mypy": ["mypy", "--cache-dir", os.devnull, "--follow-imports", "silent", MODULE],
    "contract tests": ["pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-k", FAMILY, "tests"],
}


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS)
def test_the_documented_family_passes_the_projects_checks(
    command, project_with_the_documented_family
):
    pytest.importorskip(command[0])
    project = project_with_the_documented_family
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_names_every_family():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in families():
        assert f"`{name}`" in text


def test_the_readmes_commands_have_the_options_they_use():
    for block in blocks("README.md", "sh"):
        for command in re.findall(r"^featkit (.+)$", block, flags=re.MULTILINE):
            name, *words = shlex.split(command)
            known = subprocess.run(
                [sys.executable, "-m", "featkit", name, "--help"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for word in words:
                assert not word.startswith("-") or word in known


def test_linked_files_exist():
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text("utf-8")):
            assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_examples_feature_set_is_one():
    mapping = tomllib.loads((ROOT / "examples" / "mine.toml").read_text("utf-8"))
    assert featkit.feature_set(mapping).name == "mine"


def test_the_pipeline_example_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "pipeline.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    scores = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert float(scores["genre75"]) > float(scores["two columns"])
