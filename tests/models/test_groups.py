"""Groups that nobody named are found, offered and scored; tables without any are left in peace."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline

import featkit
from featkit.cli._main import main
from featkit.errors import ParameterError
from featkit.explanation import explain
from featkit.models import pipeline, training
from featkit.models.splits import GroupFolds
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable
from featkit.table.group_detection import likely_groups, noun_of
from featkit.table.inspection import inspect
from featkit.table.name_stems import Stem, parse_stem

VOICES = [f"v{k}" for k in range(6)]


def people(count=40, takes=4, seed=0, spread=0.3):
    """Takes of people, who resemble themselves, and of whom each is well or sick."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(count), takes)
    voice = rng.normal(size=(count, 6))[who] + spread * rng.normal(size=(len(who), 6))
    data = pd.DataFrame(voice, columns=VOICES)
    data["label"] = np.where(rng.permutation(count)[who] % 2, "sick", "well")
    return data, who, np.tile(np.arange(1, takes + 1), count)


def emotions(actors=24, seed=0):
    """The layout of a published corpus: modality-channel-emotion-intensity-statement-take-actor."""
    rng = np.random.default_rng(seed)
    rows = [
        (emotion, intensity, statement, take, actor)
        for actor in range(1, actors + 1)
        for emotion in range(1, 7)
        for intensity in (1, 2)
        for statement in (1, 2)
        for take in (1, 2)
    ]
    emotion, _, statement, _, actor = np.array(rows).T
    sound = rng.normal(size=(8, 12))[emotion] + 0.5 * rng.normal(size=(3, 12))[statement]
    sound += rng.normal(size=(actors + 1, 12))[actor] + 0.5 * rng.normal(size=(len(rows), 12))
    data = pd.DataFrame(sound, columns=[f"f{k}" for k in range(12)])
    data["label"] = [f"emotion {k}" for k in emotion]
    names = [f"03-01-{e:02d}-{i:02d}-{s:02d}-{t:02d}-{a:02d}.wav" for e, i, s, t, a in rows]
    return data, names, actor


def found(data, label="label", **how):
    table = FeatureTable.of(data, keys=[label])
    y = table.column(label)
    return likely_groups(table, table.values, y, passed_over=[label], **how)


def divides_alike(key, other):
    pairs = set(zip(key, other, strict=True))
    return len(pairs) == len(set(key)) == len(set(other))


# Names of columns


@pytest.mark.parametrize(
    ("column", "noun"),
    [
        ("id", "id"),
        ("ID", "id"),
        ("patient_id", "patient"),
        ("PatientID", "patient"),
        ("patientid", "patient"),
        ("subject#", "subject"),
        ("subjects", "subject"),
        ("Actor", "actor"),
        ("spk", "spk"),
        ("user id", "user"),
        ("file_name", "file"),
        ("session_uuid", "session"),
        ("valid", None),
        ("num_pulses", None),
        ("key", None),
        ("grid", None),
        ("MDVP:Fo(Hz)", None),
        ("zero_crossing_number", None),
    ],
)
def test_what_the_name_of_a_column_says(column, noun):
    assert noun_of(column)[0] == noun


@pytest.mark.parametrize("name", ["id", "patient", "Subject_ID", "speaker", "who"])
@pytest.mark.parametrize("as_text", [False, True])
def test_columns_that_name_people_are_offered(name, as_text):
    data, who, _ = people()
    values = [f"p{k}" for k in who] if as_text else who
    (likely,) = found(data.assign(**{name: values}))
    assert (likely.group, likely.groups, likely.rows) == (name, 40, 160)


@pytest.mark.parametrize("name", ["actor", "code"])
@pytest.mark.parametrize("as_text", [False, True])
def test_people_of_whom_each_is_in_all_classes_are_offered_too(name, as_text):
    data, who, _ = people()
    data["label"] = np.array(["glad", "sad", "angry", "calm"])[np.arange(len(who)) % 4]
    values = [f"p{k}" for k in who] if as_text else who
    (likely,) = found(data.assign(**{name: values}))
    assert likely.group == name


def test_the_group_that_keeps_most_together_comes_first():
    data, who, _ = people()
    data = data.assign(track=[f"t{k // 2}" for k in range(160)], artist=who // 2, album=who)
    assert [likely.group for likely in found(data)] == ["artist", "album", "track"]


# Names of recordings


@pytest.mark.parametrize(
    "pattern",
    [
        "phon_R01_S{who:02d}_{take}",
        "{label}.{who:05d}.{take}.wav",
        "spk_{who:04d}_take{take}",
        "speaker{who}/utt{take}.wav",
        "{who:03d}_1b{take}_Al_sc_Meditron.wav",
        "{who:03d}_1b1_Al_sc_AKGC417L_{take}.wav",
        "1-{who:06d}-{letter}-0.wav",
        "take{take}-of-{who:03d}.wav",
        "{row:05d}-p{who:02d}.wav",
        "{who:02d}{letter}01Wa.wav",
        "data/{label}/{who:03d}_{take}.wav",
    ],
)
def test_names_that_share_a_stem_are_offered(pattern):
    data, who, take = people()
    names = [
        pattern.format(who=w, take=t, label=y, row=k, letter="abcdefgh"[t])
        for k, (w, t, y) in enumerate(zip(who, take, data["label"], strict=True))
    ]
    (likely,) = found(data.assign(name=names))
    assert divides_alike(parse_stem(likely.group).of(names).tolist(), who.tolist())


def test_an_actor_is_found_where_all_fields_are_crossed():
    data, names, actor = emotions()
    (likely,) = found(data.assign(filename=names))
    assert likely.group == "stem(filename, 7)"
    folders = [f"Actor_{a:02d}/{name}" for a, name in zip(actor, names, strict=True)]
    (likely,) = found(data.assign(path=folders))
    assert divides_alike(parse_stem(likely.group).of(folders).tolist(), actor.tolist())


@pytest.mark.parametrize("pattern", ["{digit}_{name}_{take}.wav", "{name}_{digit}{take:02d}.wav"])
def test_a_few_speakers_who_are_in_all_classes_are_found(pattern):
    """The layouts of published corpora of four and of six speakers."""
    rng = np.random.default_rng(0)
    speakers = ["jackson", "theo", "nicolas", "george"]
    rows = [(s, d, t) for s in range(4) for d in range(10) for t in range(6)]
    who, digit, _ = np.array(rows).T
    sound = rng.normal(size=(4, 8))[who] + 2 * rng.normal(size=(10, 8))[digit]
    data = pd.DataFrame(sound + 0.4 * rng.normal(size=sound.shape), columns=list("abcdefgh"))
    names = [pattern.format(digit=d, name=speakers[s], take=t) for s, d, t in rows]
    (likely,) = found(data.assign(label=[f"d{k}" for k in digit], file=names))
    assert divides_alike(parse_stem(likely.group).of(names).tolist(), who.tolist())


def test_recordings_of_which_only_some_have_others_of_their_source_are_found():
    data, _, _ = people(count=60, takes=3)
    rows = np.r_[0:90, 90:180:3]  # of 30 sources three each, of 30 one
    names = [f"1-{100000 + k // 3}-{'ABC'[k % 3]}-0.wav" for k in rows]
    (likely,) = found(data.iloc[rows].reset_index(drop=True).assign(name=names))
    assert divides_alike(parse_stem(likely.group).of(names).tolist(), (rows // 3).tolist())


def test_people_in_folders_of_any_name_are_found():
    data, who, take = people()
    first, last = (
        ["ann", "bo", "carl-otto", "di"],
        ["Lee", "O'Neil", "van Dam", "Ek", "7", "Å", "x"],
    )
    names = [
        f"{first[w % 4]} {last[w % 7]} {'i' * w}/{t}.wav" for w, t in zip(who, take, strict=True)
    ]
    (likely,) = found(data.assign(path=names))
    assert likely.group == "folder(path)"


def test_a_counter_after_a_stem_is_evidence_where_rows_do_not_resemble_each_other():
    data, who, take = people(spread=50.0)
    names = [f"phon_S{w:02d}_{t}" for w, t in zip(who, take, strict=True)]
    (likely,) = found(data.assign(name=names))
    assert likely.group == "stem(name, 1-3)"
    assert "a counter follows each" in likely.why


@pytest.mark.parametrize(
    "pattern",
    [
        "clip_{row:04d}.wav",
        "{label}_{row:04d}.wav",
        "{label}/{row:03d}.wav",
        "fold{fold}/{label}/{row}.wav",
        "fold{fold}_{row:04d}",
        "2021-03-{day:02d}_{row:05d}",
        "{hash}.wav",
        "{word} {other} {row}",
        "{label}.{number:05d}.wav",
    ],
)
def test_names_that_only_count_rows_are_no_group(pattern):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(300, 6)), columns=VOICES)
    data["label"] = np.repeat(["x", "y", "z"], 100)
    data["v0"] += np.repeat([0, 3, 6], 100)
    words = ["the", "my", "love", "on", "in", "no"]
    names = [
        pattern.format(
            row=k,
            number=k % 100,
            label=label,
            fold=k % 5 + 1,
            day=k % 28 + 1,
            hash=rng.bytes(8).hex(),
            word=rng.choice(words),
            other=rng.choice(words),
        )
        for k, label in enumerate(data["label"])
    ]
    assert not found(data.assign(name=names))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(6, 200),
    classes=st.integers(2, 5),
    values=st.integers(2, 60),
    apart=st.floats(0, 20),
)
def test_honest_tables_are_left_in_peace(seed, rows, classes, values, apart):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    data = pd.DataFrame(rng.normal(size=(rows, 6)), columns=VOICES).assign(label=y.astype(str))
    data["v0"] += apart * y
    data["count"] = rng.poisson(5, rows)
    data["dice"] = np.arange(rows) % 6
    data["octave"] = np.argsort(np.argsort(data["v1"])) // 10
    data["mood"] = [f"m{k}" for k in rng.integers(0, values, rows)]
    data["title"] = [f"{rng.integers(10**6):06d}-{rng.integers(99)}" for _ in range(rows)]
    assert not [one for one in found(data) if one.why != "each of them in one class"]


# Scores


def test_the_score_by_the_likely_group_is_the_one_that_the_group_gives():
    data, who, take = people()
    named = data.assign(name=[f"phon_S{w:02d}_{t}" for w, t in zip(who, take, strict=True)])
    result = featkit.train(named, model="svm")
    by_group = result.scores["by_group"]
    assert by_group["group"] == "stem(name, 1-3)"
    asked = featkit.train(named, model="svm", group="stem(name, 1-3)")
    told = {name: of["value"] for name, of in asked.scores["models"]["svm"].items()}
    assert by_group["scores"] == pytest.approx(told, rel=1e-12)
    by_column = featkit.train(data.assign(who=[f"S{w:02d}" for w in who]), model="svm", group="who")
    assert told["accuracy"] == by_column.scores["models"]["svm"]["accuracy"]["value"]
    assert by_group["own"]["accuracy"] > 0.8
    assert by_group["scores"]["accuracy"] < 0.7
    assert by_group["difference"]["high"] < 0
    assert asked.scores["likely_groups"] == []
    assert asked.scores["by_group"] is None
    assert asked.scores["unit"] == "name stem"


def test_the_score_by_the_likely_group_agrees_with_scikit_learn():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="logistic", folds=4)
    X, y = data[VOICES].to_numpy(), data["label"].to_numpy(str)
    answers = np.empty_like(y)
    for train, test in GroupFolds(4).split(X, y, who.astype(str)):
        model: Pipeline = pipeline("logistic").fit(X[train], y[train])
        answers[test] = model.predict(X[test])
    expected = accuracy_score(y, answers)
    assert result.scores["by_group"]["scores"]["accuracy"] == pytest.approx(expected)
    assert result.scores["by_group"]["commonest"] == 0.5


def test_the_first_warning_tells_both_scores_and_what_to_do():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="svm")
    by_group = result.scores["by_group"]
    first = result.warnings[0]
    assert "column 'patient' may say what belongs together" in first
    own, unseen = (by_group[name]["accuracy"] for name in ("own", "scores"))
    assert f"accuracy of svm {own:.3f}. " in first
    assert f"on one side it is {unseen:.3f} (5 folds by patient)" in first
    assert first.endswith("To keep them together, name the group: patient")
    assert "patient" not in result.model.columns


def test_auto_scores_the_kept_candidate_by_the_likely_group(monkeypatch):
    monkeypatch.setattr(training, "names", lambda: ["logistic", "svm"])
    data, who, _ = people(count=16, takes=3)
    steps = []
    result = featkit.train(
        data.assign(patient=who), folds=2, progress=lambda *told: steps.append(told[:2])
    )
    by_group = result.scores["by_group"]
    assert by_group["candidate"] == result.model.training["candidate"]
    assert by_group["scores"]["accuracy"] < by_group["own"]["accuracy"]
    assert steps[-1][0] == steps[-1][1] == len(steps)


def test_a_group_of_a_rare_class_is_scored_by_as_many_folds_as_it_allows():
    data, who, _ = people()
    data["label"] = np.where(who < 3, "rare", "common")
    by_group = featkit.train(data.assign(patient=who), model="logistic").scores["by_group"]
    assert by_group["protocol"] == "3 folds by patient"
    data["label"] = np.where(who < 1, "rare", "common")
    result = featkit.train(data.assign(patient=who), model="logistic", folds=2)
    assert result.scores["by_group"] is None
    assert "may say what belongs together" in result.warnings[0]
    assert "If so, name the group: patient" in result.warnings[0]


def test_a_ratio_is_kept_for_the_likely_group():
    data, who, _ = people()
    by_group = featkit.train(data.assign(patient=who), model="logistic", shares=(70, 30)).scores[
        "by_group"
    ]
    assert by_group["protocol"] == "70/30 by patient"


def test_a_group_of_single_rows_is_taken_for_none():
    data, who, take = people()
    data["name"] = [f"phon_S{w:02d}_{t}" for w, t in zip(who, take, strict=True)]
    scores = featkit.train(data, model="logistic", group="name", folds=3).scores
    assert scores["by_group"]["group"] == "stem(name, 1-3)"


def test_published_folds_that_divide_people_are_doubted():
    data, who, take = people()
    scores = featkit.train(
        data.assign(patient=who, fold=take), model="logistic", fold="fold"
    ).scores
    assert scores["by_group"]["group"] == "patient"
    assert "may say what belongs together" in scores["warnings"][0]


def test_a_published_split_of_whole_groups_and_one_by_row_are_not_doubted():
    data, who, _ = people()
    data = data.assign(patient=who, fold=who % 3)
    for how in ({"fold": "fold"}, {"split_by_row": True}):
        scores = featkit.train(data, model="logistic", **how).scores
        assert scores["likely_groups"] == []
        assert scores["by_group"] is None


# Everywhere that it is told


def named_table(folder):
    data, who, take = people()
    data["name"] = [f"phon_S{w:02d}_{t}" for w, t in zip(who, take, strict=True)]
    file = folder / "voices.csv"
    data.to_csv(file, index=False)
    return data, who, file


def test_the_command_line_tells_the_likely_group_first_and_takes_it(tmp_path):
    _, _, file = named_table(tmp_path)
    run = CliRunner().invoke
    model, scores = str(tmp_path / "m.fk"), str(tmp_path / "s.json")
    first = run(
        main,
        ["train", str(file), "--model", "logistic", "-o", model, "--scores", scores, "--quiet"],
    )
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith('likely group: --group "stem(name, 1-3)" gives accuracy 0.')
    assert "commonest class alone 0." in first.stdout.splitlines()[0]
    told = first.stderr.split("warning: ")[1:]
    assert "may say what belongs together" in told[0]
    # Neither the advice to look for a group nor the column is named a second time.
    assert not any("'path'" in text or "not learnt from: name" in text for text in told)
    written = json.loads((tmp_path / "s.json").read_text("utf-8"))
    assert next(iter(written)) == "likely_groups"
    assert written["likely_groups"][0]["group"] == written["by_group"]["group"] == "stem(name, 1-3)"
    assert featkit.load_model(model).scores["by_group"] == written["by_group"]
    again = run(
        main,
        [
            "train",
            str(file),
            "--model",
            "svm",
            "--group",
            "stem(name, 1-3)",
            "-o",
            model,
            "--quiet",
        ],
    )
    assert again.exit_code == 0, again.output
    assert "160 rows of 40 name stems" in again.stdout
    assert "likely group" not in again.output
    told = run(main, ["inspect", str(file)])
    assert 'If so, train with --group "stem(name, 1-3)"' in told.stderr


def test_a_table_is_inspected_for_groups_without_its_classes_for_one(tmp_path):
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(40), 5)
    genre = np.array(["rock", "jazz", "folk", "pop"])[song // 10]
    sound = rng.normal(size=(40, 6))[song] + 0.3 * rng.normal(size=(200, 6))
    data = pd.DataFrame(sound, columns=VOICES).assign(genre=genre)
    data["filename"] = [
        f"{g}.{s % 10:05d}.{k % 5}.wav" for k, (g, s) in enumerate(zip(genre, song, strict=True))
    ]
    (warning,) = inspect(FeatureTable.of(data)).warnings
    assert 'train with --group "stem(filename, 1-2)"' in warning


def test_the_page_tells_the_score_by_the_likely_group_and_does_not_reassure():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="logistic", folds=3)
    text = page(model=result)
    assert "With all rows of each “patient” on one side" in text
    assert "a split by row is the same" not in text
    assert "nothing was found that says" not in text
    plain = page(model=featkit.train(data, model="logistic", folds=3))
    assert "nothing was found that says which of them belong together" in plain


def test_rows_of_a_model_of_stems_are_explained_by_the_folds_that_had_not_seen_them():
    data, who, take = people()
    data["name"] = [f"phon_S{w:02d}_{t}" for w, t in zip(who, take, strict=True)]
    result = featkit.train(data, model="logistic", group="stem(name, 1-3)", folds=4)
    explanation = explain(result.model, FeatureTable.of(data))
    assert set(explanation.folds) == {"1", "2", "3", "4"}
    assert len(set(explanation.groups)) == 40


# Stems


@pytest.mark.parametrize(
    ("group", "name", "stem"),
    [
        ("stem(name, 1-5)", "phon_R01_S01_2", "phon_R01_S01"),
        ("stem(name, 1)", "03a01Wa.wav", "03"),
        ("stem(name, 7)", "03-01-06-01-02-01-12.wav", "12"),
        ("stem(name, 2-3)", "1-F03-Å.wav", "F03"),
        ("stem(name, 9)", "a_1", "a_1"),
        ("folder(name)", "ann lee/7/1.wav", "ann lee/7"),
        ("folder(name)", r"ann\1.wav", "ann"),
        ("folder(name)", "1.wav", "1.wav"),
    ],
)
def test_the_stem_of_a_name(group, name, stem):
    parsed = parse_stem(group)
    assert parsed.of([name]).tolist() == [stem]
    assert str(parsed) == group
    assert parsed.column == "name"


def test_stems_that_are_none():
    assert parse_stem("artist") is None
    assert parse_stem("stem") is None
    assert parse_stem("stem(a, b, 2)") == Stem("a, b", 2, 2)
    with pytest.raises(ParameterError, match="fields are counted from 1"):
        parse_stem("stem(name, 3-2)")
    data, _, _ = people()
    with pytest.raises(ParameterError, match="fields are counted from 1"):
        featkit.train(data, group="stem(name, 0)")
    with pytest.raises(ParameterError, match="unknown column 'nam'"):
        featkit.train(data.assign(name="a_1"), group="stem(nam, 1)")


def test_fields_behind_folders_of_several_lengths_are_not_compared():
    folders = ["1 - dog bark", "2 - rain", "3 - sea waves", "4 - clock"]
    paths = [f"{folders[k % 4]}/{1 + k // 16}-{1000 + k // 4}-A.ogg" for k in range(64)]
    rng = np.random.default_rng(0)
    voice = rng.normal(size=(64, 4)) + 3 * np.arange(64)[:, None] // 16
    data = pd.DataFrame(voice, columns=list("abcd")).assign(label=[p.split("/")[0] for p in paths])
    data["path"] = paths
    table = FeatureTable.of(data)
    found = likely_groups(table, table.matrix(list("abcd")), table.column("label"))
    assert not [one for one in found if one.group.startswith("stem")]
