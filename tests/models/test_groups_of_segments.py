"""Groups where files have several rows, and where the classes are not known."""

import numpy as np
import pandas as pd
import pytest

from featkit.table.feature_table import FeatureTable
from featkit.table.group_detection import likely_groups
from featkit.table.inspection import inspect
from featkit.table.name_stems import parse_stem

PEOPLE, FILES, SEGMENTS = 24, 5, 4


def segments(column, names, spread):
    """Rows of people who sound different, if `spread` says so, in files that sound different."""
    rng = np.random.default_rng(0)
    rows = np.arange(PEOPLE * FILES * SEGMENTS)
    who, file = rows // (FILES * SEGMENTS), rows // SEGMENTS
    X = spread * rng.normal(size=(PEOPLE, 8))[who] + rng.normal(size=(PEOPLE * FILES, 8))[file]
    X += 0.1 * rng.normal(size=X.shape)
    y = np.array(["sick", "well"])[who % 2]
    texts = [
        names.format(who=a + 1, file=b, take=b % FILES + 1) for a, b in zip(who, file, strict=True)
    ]
    table = FeatureTable.of(pd.DataFrame(X).assign(**{column: texts, "label": y}))
    return likely_groups(table, X, y, passed_over=["label"]), who, texts


@pytest.mark.parametrize("column", ["filename", "file", "recording", "path"])
def test_people_are_found_by_the_names_of_files_that_have_several_rows(column):
    (likely,), who, texts = segments(column, "s{who:02d}_take{take}.wav", spread=3)
    stems = parse_stem(likely.group).of(texts).tolist()
    assert len(set(stems)) == len(set(zip(stems, who.tolist(), strict=True))) == PEOPLE


def test_the_file_is_the_group_where_its_name_tells_no_more():
    (likely,), _, _ = segments("filename", "clip_{file:04d}.wav", spread=0)
    assert likely.group == "filename"
    assert likely.groups == PEOPLE * FILES


def test_a_file_that_is_named_twice_does_not_hide_the_people():
    rng = np.random.default_rng(0)
    who = np.arange(96) // 4
    X = rng.normal(size=(24, 8))[who] + 0.2 * rng.normal(size=(96, 8))
    names = [f"s{a:02d}_{k % 4}.wav" for k, a in enumerate(who)]
    names[1] = names[0]
    y = np.array(["a", "b"])[who % 2]
    table = FeatureTable.of(pd.DataFrame(X).assign(filename=names))
    (likely,) = likely_groups(table, X, y)
    assert likely.group == "stem(filename, 1-2)"


@pytest.mark.parametrize("column", ["class", "target", "status", "digit", "genre_id"])
@pytest.mark.parametrize("kind", [int, str])
def test_inspect_takes_no_classes_for_groups(column, kind):
    rng = np.random.default_rng(0)
    number = np.arange(400) % 10
    X = 2 * rng.normal(size=(10, 6))[number] + rng.normal(size=(400, 6))
    data = pd.DataFrame(X, columns=list("abcdef")).assign(**{column: number.astype(kind)})
    assert inspect(FeatureTable.of(data)).warnings == []
    data["speaker"] = np.arange(400) // 40
    (warning,) = inspect(FeatureTable.of(data)).warnings
    assert warning.startswith("column 'speaker' may say what belongs together")
