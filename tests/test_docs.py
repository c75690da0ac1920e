"""The documents agree with the code: their examples run, their commands and links exist."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals
from featkit.auditing import checks as checks_package
from featkit.auditing import defects as defects_package
from featkit.auditing import measures as measures_package
from featkit.auditing.check import CHECKS
from featkit.auditing.defect import DEFECTS
from featkit.auditing.measure import MEASURES
from featkit.cli._main import COMMANDS
from featkit.cli._run_command import RunCommand
from featkit.features import families as families_package
from featkit.features.family import FAMILIES, descriptors_by_name

ROOT = Path(__file__).parent.parent

DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
)

README_WORDS = 1500

GENERATED = ("reference/", "project/")
"""Pages that the build of the site writes; its own check of links reads them."""


def blocks(name, language):
    text = (ROOT / name).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


FAMILY = "spectral_peak_share"


def documented_module(attribute="FAMILY"):
    """The first module of the documents that exports a name, such as `CHECK`."""
    return next(b for b in blocks("CONTRIBUTING.md", "python") if f"\n{attribute} = " in b)


AUDIT_MODULES = {
    "MEASURE": (measures_package, "measures/peak_level.py"),
    "CHECK": (checks_package, "checks/quiet_recordings.py"),
    "DEFECT": (defects_package, "defects/muted_parts.py"),
}


@pytest.fixture
def documented_family(tmp_path, monkeypatch):
    (tmp_path / f"{FAMILY}.py").write_text(documented_module(), "utf-8")
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(tmp_path)])
    descriptors_by_name.cache_clear()
    yield FAMILY
    descriptors_by_name.cache_clear()
    FAMILIES.clear()
    sys.modules.pop(f"featkit.features.families.{FAMILY}", None)


def test_the_documented_family_works(documented_family):
    family = FAMILIES[documented_family]
    features = featkit.feature_set(
        {"features": [{"family": documented_family, "statistics": ["max", "mean"]}]}
    )
    sr = 22050
    impulse = family.reference_cases[0].signal(sr)
    greatest, _ = featkit.analyse([impulse], sr, features)[0]
    assert greatest == pytest.approx(1 / 1025, abs=1e-6)
    tone, noise = featkit.analyse([signals.sine(1000.0, sr), signals.noise(sr)], sr, features)[:, 1]
    assert tone > 10 * noise
    assert np.isnan(featkit.analyse([np.zeros(sr, np.float32)], sr, features)).all()
    assert featkit.describe("spectral_peak_share_max").reference == "this page"


@pytest.fixture
def documented_audit_modules(tmp_path, monkeypatch):
    for attribute, (package, file) in AUDIT_MODULES.items():
        module = tmp_path / "modules" / file
        module.parent.mkdir(parents=True)
        module.write_text(documented_module(attribute), "utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(module.parent)])
    registries = (MEASURES, CHECKS, DEFECTS)
    for registry in registries:
        registry.clear()
    yield
    for registry in registries:
        registry.clear()
    for package, file in AUDIT_MODULES.values():
        sys.modules.pop(f"{package.__name__}.{Path(file).stem}", None)


def test_the_documented_check_measure_and_defect_work(documented_audit_modules, tmp_path):
    sr = 22050
    noise = 0.1 * np.random.default_rng(0).normal(size=(4, 3 * sr))
    noise[2] *= 1e-3
    noise[3, 2 * sr :] = 0
    for name, y in zip("abcd", noise, strict=True):
        soundfile.write(tmp_path / f"{name}.wav", y, sr, subtype="PCM_24")
    audit = featkit.audit(tmp_path, checks=["quiet_recordings", "defects"])
    (quiet,) = (issue for issue in audit.issues if issue.check == "quiet_recordings")
    assert quiet.message == "c.wav has a peak of -67 dBFS; the median is -7 dBFS"
    (muted,) = (issue for issue in audit.issues if issue.kind == "muted parts")
    (place,) = muted.places
    assert (place.path, place.start, place.end) == ("d.wav", 2.0, 3.0)


@pytest.fixture(scope="module")
def project_with_the_documented_modules(tmp_path_factory):
    """A copy of the package to which the documents' modules were added, with its settings."""
    project = tmp_path_factory.mktemp("project")
    package = Path(featkit.__file__).parent
    shutil.copytree(package, project / "featkit", ignore=shutil.ignore_patterns("__pycache__"))
    module = project / "featkit" / "features" / "families" / f"{FAMILY}.py"
    module.write_text(documented_module(), "utf-8")
    for attribute, (_, file) in AUDIT_MODULES.items():
        module = project / "featkit" / "auditing" / file
        module.write_text(documented_module(attribute), "utf-8")
    (project / "tests" / "features" / "families").mkdir(parents=True)
    for name in (
        "setup.cfg",
        "pyproject.toml",
        "tests/conftest.py",
        "tests/extras.py",
        "tests/stores.py",
        "tests/features/families/test_families.py",
    ):
        shutil.copyfile(ROOT / name, project / name)
    return project


MODULES = [
    f"featkit/features/families/{FAMILY}.py",
    *(f"featkit/auditing/{file}" for _, file in AUDIT_MODULES.values()),
]
PROJECT_CHECKS = {
    "ruff check": ["ruff", "check", "--no-cache", *MODULES],
    "ruff format": ["ruff", "format", "--no-cache", "--check", *MODULES],
    "mypy": ["mypy", "--cache-dir", os.devnull, "--follow-imports", "silent", *MODULES],
    "contract tests": ["pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-k", FAMILY, "tests"],
}


@pytest.mark.parametrize("command", PROJECT_CHECKS.values(), ids=PROJECT_CHECKS)
def test_the_documented_modules_pass_the_projects_checks(
    command, project_with_the_documented_modules
):
    pytest.importorskip(command[0])
    project = project_with_the_documented_modules
    done = subprocess.run(
        [sys.executable, "-P", "-m", *command],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= README_WORDS


def commands():
    """Name and words of each featkit command in the documents, in code blocks and in tables."""
    for document in DOCUMENTS:
        lines = "\n".join(blocks(document, "sh"))
        for line in re.findall(r"^(?:.*/)?featkit (.+)$", lines, flags=re.MULTILINE):
            whole = shlex.split(line, comments=True)
            name, *words = takewhile(lambda word: word not in ("|", "||", "&&"), whole)
            yield pytest.param(name, words, id=f"{document}: {name}")


@pytest.mark.parametrize(("name", "words"), list(commands()))
def test_the_documents_commands_exist_and_have_their_options(name, words):
    if name.startswith("-"):
        return
    parameters = RunCommand(COMMANDS[name]).params
    options = {option for p in parameters for option in [*p.opts, *p.secondary_opts]}
    assert {word for word in words if re.match(r"--?[a-z]", word)} <= options


def slug(heading):
    """The anchor that a heading has on a page."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_linked_files_and_headings_exist(document):
    text = (ROOT / document).read_text("utf-8")
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        if target.startswith(("https://", "http://", *GENERATED)):
            continue
        file = (ROOT / document).parent / target if target else ROOT / document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), flags=re.MULTILINE)
            assert anchor in map(slug, headings), f"{target}#{anchor}"


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
