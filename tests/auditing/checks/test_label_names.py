"""The check of names of labels and groups."""

from labelled_tables import audited, labelled, paths

from featkit.auditing.checks.label_names import CHECK


def named(labels, **columns):
    data = labelled(len(labels))
    data["label"] = labels
    for name, values in columns.items():
        data[name] = values
    return data


def test_spellings_of_a_label_are_one_severe_issue():
    data = named(["Rock"] * 6 + ["rock"] * 3 + ["rock "] * 2 + ["jazz"] * 5)
    (issue,) = CHECK.run(audited(data))
    assert issue.severity == "high"
    assert issue.kind == "look-alike spelling"
    assert issue.evidence["names"] == ["Rock", "rock", "rock "]
    assert issue.evidence["recordings"] == [6, 3, 2]
    assert paths(issue) == [f"{k:03}.wav" for k in range(6, 11)]
    assert issue.message.startswith("the names 'Rock' (6), 'rock' (3), 'rock ' (2) of label differ")
    assert issue.remedy == "if they mean the same, write all as 'Rock'"


def test_characters_that_are_not_visible_are_shown():
    data = named(["rock"] * 6 + ["ro\u200bck"] * 3)
    (issue,) = CHECK.run(audited(data))
    assert r"'ro\u200bck' (3)" in issue.message


def test_a_typing_error_is_less_severe():
    data = named(["classical"] * 30 + ["clasical"] * 2)
    (issue,) = CHECK.run(audited(data))
    assert issue.severity == "medium"
    assert issue.kind == "likely typing error"
    assert "differ by one letter" in issue.message


def test_words_for_a_missing_name_are_reported():
    data = named(["rock"] * 9 + ["unknown"] * 2 + ["-"] + [""] * 3)
    (issue,) = CHECK.run(audited(data))
    assert issue.kind == "missing name"
    assert issue.severity == "medium"
    assert "6 recordings may have no label: it is an empty cell (3)" in issue.message
    assert "'unknown' (2), '-' (1), and would count as a name" in issue.message


def test_empty_cells_alone_are_less_severe():
    (issue,) = CHECK.run(audited(named(["rock"] * 9 + [""] * 3)))
    assert issue.severity == "low"
    assert "is left out of a training" in issue.message


def test_groups_are_checked_too():
    data = named(["rock", "jazz"] * 6, artist=["Anna", "anna", "Ben", "Cleo"] * 3)
    (issue,) = CHECK.run(audited(data, group="artist"))
    assert issue.evidence["column"] == "artist"
    assert "groups" in issue.message


def test_a_missing_group_is_said_to_stop_a_training():
    data = named(["rock", "jazz"] * 6, artist=["Anna", "", "Ben", "Cleo"] * 3)
    (issue,) = CHECK.run(audited(data, group="artist"))
    assert issue.severity == "medium"
    assert "a training refuses rows without a group" in issue.message


def test_segments_of_a_recording_count_once():
    data = named(["Rock"] * 6 + ["rock"] * 6)
    data["path"] = [f"{k // 3}.wav" for k in range(12)]
    (issue,) = CHECK.run(audited(data))
    assert issue.evidence["recordings"] == [2, 2]


def test_distinct_names_give_no_issue():
    assert not list(CHECK.run(audited(named(["rock", "jazz", "pop", "reggae"] * 5))))
