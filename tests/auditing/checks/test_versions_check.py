"""The issues of versions: one for each piece, graver across classes, none for near copies."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from pieces import SR, draw_piece, draw_version, render

from featkit.auditing.audit import audit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for name, piece, version in [("rock/one", 1, 11), ("rock/two", 2, 21), ("jazz/three", 1, 12)]:
        y = render(draw_piece(piece, beats=16), draw_version(version), seed=version)
        (folder / name).parent.mkdir(exist_ok=True)
        sf.write(folder / f"{name}.wav", y, SR)
    y, _ = sf.read(folder / "rock/two.wav", dtype="float32")
    noise = np.random.default_rng(0).standard_normal(len(y) - SR // 2)
    sf.write(folder / "rock/fast.wav", soxr.resample(y, SR, SR / 1.12), SR)
    sf.write(folder / "jazz/copy.wav", 0.5 * y[SR // 2 :] + 0.003 * noise, SR)
    return folder


def test_versions_in_two_classes_are_one_issue_of_medium_severity(folder: Path) -> None:
    result = audit(folder, labels="folder", checks=["versions"])
    (issue,) = result.issues
    assert {place.path for place in issue.places} == {"rock/one.wav", "jazz/three.wav"}
    assert issue.severity == "medium"
    assert issue.message.endswith("; their labels differ: jazz, rock")
    assert set(issue.together) == {"rock/one.wav", "jazz/three.wav"}
    assert 0.6 < issue.evidence["score"] <= 1
    assert all(0 <= place.start < place.end for place in issue.places)


def test_versions_without_classes_are_a_hint(folder: Path) -> None:
    (issue,) = audit(folder, checks=["versions"]).issues
    assert issue.severity == "low"
    assert "different" not in issue.message
