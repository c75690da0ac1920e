"""The check of groups that leak."""

from dataclasses import replace

import numpy as np
from audited import issues_of, one_issue, voices, with_tags

from featkit.auditing.groups import recording_groups


def with_column(data, name, values, **attributes):
    return replace(data, table=data.table.with_key(name, values.astype(object)), **attributes)


def members(issue):
    return sorted(map(sorted, issue.groups))


def by_speaker(data, speaker):
    names = data.row_names
    return sorted(sorted(names[speaker == name].tolist()) for name in np.unique(speaker))


def test_a_column_of_speakers_whose_division_raises_the_score_is_reported():
    data, speaker = voices()
    issue = one_issue("leaking_groups", with_column(data, "speaker", speaker))
    assert (issue.severity, issue.kind) == ("high", "groups by column")
    assert "divides 20 of 20 likely groups by column 'speaker'" in issue.message
    change, low, high = issue.evidence["accuracy_change"]
    assert low < change < high < 0
    assert change == issue.evidence["grouped_accuracy"] - issue.evidence["accuracy"]
    assert members(issue) == by_speaker(data, speaker)
    assert "'speaker'" in issue.remedy


def test_artists_of_tags_are_groups_that_can_be_written():
    data, speaker = voices()
    tagged = replace(data, measured=with_tags(data, artist=speaker))
    issue = one_issue("leaking_groups", tagged)
    assert (issue.severity, issue.kind) == ("high", "groups by tag")
    groups = recording_groups(data, [issue])
    assert len(set(groups.values())) == 20


def test_recordings_without_a_tag_are_groups_of_their_own():
    data, speaker = voices(groups=30, apart=3.0)
    some = np.where(speaker < "s28", speaker, "")
    issue = one_issue("leaking_groups", replace(data, measured=with_tags(data, artist=some)))
    assert len(issue.groups) == 28


def test_names_of_files_show_groups_whatever_the_folders_are_called():
    data, speaker = voices()
    label = data.table.column("label")
    folder = np.where(label == "cat", "the cat", "dog")
    names = [f"{f}/{s}-{k}.wav" for k, (f, s) in enumerate(zip(folder, speaker, strict=True))]
    issue = one_issue("leaking_groups", with_column(data, "path", np.array(names)))
    assert issue.kind == "groups by name"
    assert len(issue.groups) == 20


def test_recordings_in_clusters_are_of_medium_severity():
    data, speaker = voices(groups=40, takes=5, columns=20)
    issue = one_issue("leaking_groups", data)
    assert (issue.severity, issue.kind) == ("medium", "groups by timbre")
    speakers = dict(zip(data.row_names.tolist(), speaker.tolist(), strict=True))
    pure = [len({speakers[path] for path in own}) == 1 for own in issue.groups]
    assert np.mean(pure) > 0.9


def test_groups_that_the_split_keeps_together_are_no_issue():
    data, speaker = voices()
    data = with_column(data, "speaker", speaker)
    assert not issues_of("leaking_groups", replace(data, group="speaker"))


def test_likely_groups_within_the_given_groups_are_no_issue():
    data, speaker = voices()
    data = with_column(data, "speaker", speaker)
    pairs = np.array([f"pair {int(name[1:]) // 4}{int(name[1:]) % 2}" for name in speaker])
    assert not issues_of("leaking_groups", with_column(data, "pair", pairs, group="pair"))


def test_folds_that_divide_speakers_are_reported_with_their_name():
    data, speaker = voices()
    folds = np.arange(len(speaker)) % 4
    data = with_column(with_column(data, "speaker", speaker), "fold", folds.astype(str))
    issue = one_issue("leaking_groups", replace(data, fold="fold"))
    assert "4 folds of column 'fold'" in issue.message
    assert issue.evidence["grouped_protocol"] == "4 folds by speaker"


def test_groups_without_effect_are_one_issue_of_low_severity():
    data, speaker = voices(apart=0.0, groups=24)
    rng = np.random.default_rng(0)
    data = with_column(data, "artist", rng.permutation(speaker))
    data = with_column(data, "speaker", rng.permutation(speaker))
    issue = one_issue("leaking_groups", data)
    assert (issue.severity, issue.kind, issue.groups) == ("low", "groups without effect", ())


def test_labels_that_no_model_can_learn_are_a_reason():
    data, _ = voices()
    label = np.full(len(data.table), "dog")
    label[0] = "cat"
    issue = one_issue("leaking_groups", with_column(data, "label", label))
    assert (issue.severity, issue.kind) == ("low", "no score")
    assert "'cat' has 1 row" in issue.message


def test_likely_groups_that_no_split_can_keep_together_are_named():
    data, speaker = voices(takes=4)
    label = data.table.column("label")
    artist = np.where(label == "cat", "one", speaker)
    issue = one_issue("leaking_groups", with_column(data, "artist", artist))
    assert issue.severity == "low"
    assert "no split into folds keeps these together" in issue.message


def test_groups_of_the_user_stay_together_when_likely_groups_are_joined():
    data, speaker = voices(groups=40, takes=4, columns=20, apart=3.0)
    numbers = np.array([int(name[1:]) for name in speaker])
    takes = np.arange(len(speaker)) % 2
    session = np.array([f"{number}-{take}" for number, take in zip(numbers, takes, strict=True)])
    data = with_column(with_column(data, "speaker", speaker), "session", session)
    issue = one_issue("leaking_groups", replace(data, group="session"))
    assert issue.evidence["group"] == "speaker"
    assert members(issue) == by_speaker(data, speaker)


def test_rows_without_paths_are_named_by_their_numbers():
    data, speaker = voices(apart=3.0)
    keys = {"label": data.table.keys["label"], "speaker": speaker.astype(object)}
    issue = one_issue("leaking_groups", replace(data, table=replace(data.table, keys=keys)))
    assert "5 folds by row" in issue.message
    assert all(path.startswith("row ") for own in issue.groups for path in own)
