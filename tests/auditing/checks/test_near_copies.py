"""Near copies: clusters with offset and score, severity, and what belongs to other checks."""

import numpy as np
import pytest
import soundfile
import soxr

import featkit

SR = 16000


def sound(seed, seconds=4.0):
    """Noise with a random envelope and a few tones: no two seeds have anything in common."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SR)) / SR
    y = rng.standard_normal(len(t)) * np.repeat(rng.random(len(t) // 800), 800)
    for frequency in rng.uniform(200, 3000, 12):
        y += np.sin(2 * np.pi * frequency * t) * (rng.random() < t / seconds)
    return 0.2 * y / np.max(np.abs(y))


def write(folder, name, y, sr=SR):
    (folder / name).parent.mkdir(exist_ok=True)
    soundfile.write(folder / name, y, sr, subtype="PCM_16")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six recordings in two classes, with copies of three of them and an overlapping cut."""
    folder = tmp_path_factory.mktemp("near")
    for k in range(6):
        write(folder, f"{'ab'[k % 2]}/{k}.wav", sound(k))
    rng = np.random.default_rng(9)
    noisy = sound(0) + 0.3 * np.std(sound(0)) * rng.standard_normal(4 * SR)
    write(folder, "a/0 noisy.wav", -0.25 * noisy)
    write(folder, "a/0 slow.wav", soxr.resample(sound(0), SR, 8000), 8000)
    write(folder, "b/2 cut.wav", sound(2)[SR : 3 * SR])
    write(folder, "b/3 later.wav", np.concatenate([sound(7)[: 2 * SR], sound(3)[: 2 * SR]]))
    write(folder, "b/5 quiet.wav", 0.5 * sound(5))
    return folder


@pytest.fixture(scope="module")
def issues(folder):
    found = featkit.audit(folder, labels="folder", checks=["exact_copies", "near_copies"]).issues
    found = [one for one in found if one.check == "near_copies"]
    return {issue.places[0].path: issue for issue in found}


def test_all_copies_of_a_recording_are_one_issue(issues):
    issue = issues["a/0.wav"]
    assert issue.kind == "near copies"
    assert [place.path for place in issue.places] == ["a/0.wav", "a/0 noisy.wav", "a/0 slow.wav"]
    assert issue.remove == ("a/0 noisy.wav", "a/0 slow.wav")
    assert set(issue.together) == {"a/0.wav", *issue.remove}
    rows = {(row["first"], row["second"]): row for row in issue.evidence["pairs"]}
    noisy = rows["a/0 noisy.wav", "a/0.wav"]
    assert noisy["inverted"]
    assert noisy["level"] == pytest.approx(12, abs=0.7)
    assert issue.severity == "medium"


def test_a_cut_has_the_offset_and_the_common_part(issues):
    issue = issues["a/2.wav"]
    assert issue.kind == "near copies"
    assert issue.evidence["offset"] == pytest.approx(-1, abs=0.001)
    own, other = issue.places
    assert (own.start, own.end) == pytest.approx((1, 3), abs=0.1)
    assert (other.start, other.end) == pytest.approx((0, 2), abs=0.1)
    assert "in b/2 cut.wav 1.00 s earlier" in issue.message
    assert set(issue.remove) == {"a/2.wav", "b/2 cut.wav"}  # which label is right is unknown


def test_the_copy_is_compared_with_the_recording_that_is_kept(tmp_path):
    write(tmp_path, "a cut.wav", 0.25 * sound(2)[SR : 3 * SR])
    write(tmp_path, "b.wav", sound(2))
    (issue,) = featkit.audit(tmp_path, checks=["near_copies"]).issues
    assert issue.message.startswith("b.wav and a cut.wav are copies (match 1.00, 2.0 s in common, ")
    assert "1.00 s earlier, 12 dB quieter" in issue.message
    assert issue.evidence["offset"] == pytest.approx(-1, abs=0.001)
    assert issue.evidence["level"] == pytest.approx(-12, abs=0.1)


def test_copies_in_two_classes_are_graver(issues):
    assert issues["a/2.wav"].severity == "high"
    assert issues["a/2.wav"].message.endswith("their labels differ: a, b")


def test_an_overlap_is_no_copy_and_removes_nothing(issues):
    issue = next(one for one in issues.values() if one.kind == "common sound")
    assert {place.path for place in issue.places} == {"b/3.wav", "b/3 later.wav"}
    assert abs(issue.evidence["offset"]) == pytest.approx(2, abs=0.001)
    assert issue.evidence["common_duration"] == pytest.approx(2, abs=0.1)
    assert issue.remove == ()
    assert len(issue.together) == 2


def test_other_pairs_and_exact_copies_are_not_reported(issues):
    # Half the level of 16 bits is an exact copy at another level, which has a check of its own.
    assert len(issues) == 3


def test_copies_across_the_published_split_are_graver(folder):
    rows = [(path.relative_to(folder).as_posix(), "train") for path in folder.glob("*/*.wav")]
    parts = dict(rows) | {"b/3.wav": "test"}
    (folder / "parts.csv").write_text(
        "path,split\n" + "".join(f"{path},{part}\n" for path, part in sorted(parts.items()))
    )
    found = featkit.audit(manifest=folder / "parts.csv", split="split", checks=["near_copies"])
    (issue,) = [one for one in found.issues if one.kind == "common sound"]
    assert issue.severity == "high"
    assert "different parts of 'split': train, test" in issue.message
