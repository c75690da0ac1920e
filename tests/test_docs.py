"""What is written down is true: the documented family works, the README names what there is."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import featkit
from featkit import families as families_package
from featkit import signals
from featkit.families import families

ROOT = Path(__file__).parent.parent


def blocks(name, language):
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def documented_family(tmp_path, monkeypatch):
    (module,) = (block for block in blocks("CONTRIBUTING.md", "python") if "FAMILY" in block)
    (tmp_path / "spectral_peak_share.py").write_text(module, "utf-8")
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(tmp_path)])
    families.cache_clear()
    yield "spectral_peak_share"
    families.cache_clear()
    sys.modules.pop("featkit.families.spectral_peak_share", None)


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
