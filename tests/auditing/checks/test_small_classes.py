"""The check of classes with too few recordings or groups; `train` agrees with it."""

import pytest
from labelled_tables import audited, labelled, paths

import featkit
from featkit.auditing.checks.small_classes import CHECK
from featkit.errors import FeatkitError


def sized(**counts):
    data = labelled(sum(counts.values()))
    data["label"] = [name for name, count in counts.items() for _ in range(count)]
    return data


def trains(data, **options):
    try:
        featkit.train(data, model="logistic", **options)
    except FeatkitError:
        return False
    return True


def test_classes_with_fewer_recordings_than_folds_are_refused_by_a_training():
    data = sized(cat=20, dog=20, elk=3, owl=4)
    (issue,) = CHECK.run(audited(data))
    assert issue.severity == "high"
    assert issue.kind == "too few recordings"
    assert issue.evidence["classes"] == ["elk", "owl"]
    assert issue.evidence["missing"] == [2, 1]
    assert "'elk' (3 recordings), 'owl' (4 recordings); 3 recordings are missing" in issue.message
    assert paths(issue) == [f"{k:03}.wav" for k in range(40, 47)]
    assert not trains(data)
    assert trains(sized(cat=20, dog=20, elk=5))


def test_groups_count_if_there_are_any():
    data = sized(cat=20, dog=20, elk=12)
    data["farm"] = [f"f{k % 8}" for k in range(40)] + [f"f{k % 3}" for k in range(12)]
    (issue,) = CHECK.run(audited(data, group="farm"))
    assert issue.kind == "too few groups"
    assert issue.evidence["missing"] == [2]
    assert "'elk' (3 farms); 2 farms are missing" in issue.message
    assert not trains(data, group="farm")


def test_the_planned_number_of_folds_counts():
    data = sized(cat=20, dog=20, elk=12)
    assert not list(CHECK.run(audited(data)))
    (issue,) = CHECK.run(audited(data, training_options={"folds": 15}))
    assert issue.evidence["missing"] == [3]
    assert not trains(data, folds=15)


def test_a_class_of_few_recordings_has_uncertain_scores():
    (issue,) = CHECK.run(audited(sized(cat=20, dog=20, elk=7)))
    assert issue.severity == "low"
    assert "'elk' (7 recordings)" in issue.message


def test_a_class_without_training_recordings_is_severe():
    data = sized(cat=20, dog=20, elk=12)
    data["split"] = (["train", "test"] * 20) + ["testing"] * 12
    (issue,) = CHECK.run(audited(data, split="split"))
    assert issue.severity == "high"
    assert issue.evidence["classes"] == ["elk"]
    assert not trains(data, split="split")


def test_a_class_without_test_recordings_is_not_scored():
    data = sized(cat=20, dog=20, elk=12)
    data["split"] = (["train", "test"] * 20) + ["train", "val"] * 6
    (issue,) = CHECK.run(audited(data, split="split"))
    assert issue.severity == "medium"
    assert issue.kind == "class without test recordings"


def test_a_class_in_one_published_fold_cannot_be_predicted():
    data = sized(cat=20, dog=20, elk=12, owl=12)
    data["fold"] = ["1", "2", "3", "4", "5"] * 8 + ["1"] * 12 + ["2", "3"] * 6
    severe, mild = CHECK.run(audited(data, fold="fold"))
    assert severe.severity == "high"
    assert severe.evidence["classes"] == ["elk"]
    assert mild.severity == "low"
    assert mild.evidence["present"] == [2]


@pytest.mark.parametrize("label", ["", "nan"])
def test_recordings_without_label_are_of_no_class(label):
    data = sized(cat=20, dog=20)
    data.loc[:1, "label"] = label
    assert not list(CHECK.run(audited(data)))
