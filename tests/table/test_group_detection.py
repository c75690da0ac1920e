"""Group detection: groups that no setting names are found, and tables without groups have none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import file_names, noise, people

from featkit.table.feature_table import FeatureTable
from featkit.table.group_detection import group_noun, group_similarity, likely_groups
from featkit.table.inspection import inspect
from featkit.table.name_stems import parse_stem

VOICES = [f"v{k}" for k in range(6)]

N_PEOPLE, N_FILES, N_SEGMENTS = 24, 5, 4


def emotions(actors=24, seed=0):
    """Return rows, names and actors in the layout of a published corpus.

    The names are modality-channel-emotion-intensity-statement-take-actor.
    """
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


def likely_groups_of(data):
    table = FeatureTable.of(data, keys=["label"])
    return likely_groups(table, table.values, table.column("label"), exclude=["label"])


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
def test_nouns_of_column_names(column, noun):
    assert group_noun(column)[0] == noun


@pytest.mark.parametrize("name", ["id", "patient", "Subject_ID", "speaker", "who"])
@pytest.mark.parametrize("as_text", [False, True])
def test_columns_that_name_people_are_likely_groups(name, as_text):
    data, who, _ = people()
    values = [f"p{k}" for k in who] if as_text else who
    (likely,) = likely_groups_of(data.assign(**{name: values}))
    assert (likely.group, likely.groups, likely.rows) == (name, 40, 160)


@pytest.mark.parametrize("name", ["actor", "code"])
@pytest.mark.parametrize("as_text", [False, True])
def test_people_who_are_in_all_classes_are_likely_groups(name, as_text):
    data, who, _ = people()
    data["label"] = np.array(["glad", "sad", "angry", "calm"])[np.arange(len(who)) % 4]
    values = [f"p{k}" for k in who] if as_text else who
    (likely,) = likely_groups_of(data.assign(**{name: values}))
    assert likely.group == name


def test_the_group_that_keeps_most_together_comes_first():
    data, who, _ = people()
    data = data.assign(track=[f"t{k // 2}" for k in range(160)], artist=who // 2, album=who)
    assert [likely.group for likely in likely_groups_of(data)] == ["artist", "album", "track"]


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
def test_names_that_share_a_stem_are_likely_groups(pattern):
    data, who, take = people()
    names = [
        pattern.format(who=w, take=t, label=y, row=k, letter="abcdefgh"[t])
        for k, (w, t, y) in enumerate(zip(who, take, data["label"], strict=True))
    ]
    (likely,) = likely_groups_of(data.assign(name=names))
    assert divides_alike(parse_stem(likely.group).of(names).tolist(), who.tolist())


def test_an_actor_is_found_among_crossed_fields():
    data, names, actor = emotions()
    (likely,) = likely_groups_of(data.assign(filename=names))
    assert likely.group == "stem(filename, 7)"
    folders = [f"Actor_{a:02d}/{name}" for a, name in zip(actor, names, strict=True)]
    (likely,) = likely_groups_of(data.assign(path=folders))
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
    (likely,) = likely_groups_of(data.assign(label=[f"d{k}" for k in digit], file=names))
    assert divides_alike(parse_stem(likely.group).of(names).tolist(), who.tolist())


def test_sources_are_found_if_only_some_have_several_recordings():
    data, _, _ = people(count=60, takes=3)
    rows = np.r_[0:90, 90:180:3]  # of 30 sources three each, of 30 one
    names = [f"1-{100000 + k // 3}-{'ABC'[k % 3]}-0.wav" for k in rows]
    (likely,) = likely_groups_of(data.iloc[rows].reset_index(drop=True).assign(name=names))
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
    (likely,) = likely_groups_of(data.assign(path=names))
    assert likely.group == "folder(path)"


def test_a_counter_after_a_stem_is_evidence_without_resemblance():
    data, who, take = people(spread=50.0)
    names = file_names(who, take)
    (likely,) = likely_groups_of(data.assign(name=names))
    assert likely.group == "stem(name, 1-3)"
    assert "a counter follows each" in likely.why


@pytest.mark.parametrize("spread", [50.0, 0.3])
def test_minutes_are_no_counter_but_an_hour_of_sounds_that_resemble_each_other_is_a_group(spread):
    data, hour, take = people(count=24, spread=spread)
    times = [f"2019-05-22T{h:02d}:{15 * t - 15:02d}:00" for h, t in zip(hour, take, strict=True)]
    groups = [likely.group for likely in likely_groups_of(data.assign(recorded_at=times))]
    assert groups == (["stem(recorded_at, 1-4)"] if spread < 1 else [])


def test_fields_behind_folders_of_several_lengths_are_not_compared():
    folders = ["1 - dog bark", "2 - rain", "3 - sea waves", "4 - clock"]
    paths = [f"{folders[k % 4]}/{1 + k // 16}-{1000 + k // 4}-A.ogg" for k in range(64)]
    rng = np.random.default_rng(0)
    voice = rng.normal(size=(64, 4)) + 3 * np.arange(64)[:, None] // 16
    data = pd.DataFrame(voice, columns=list("abcd")).assign(label=[p.split("/")[0] for p in paths])
    data["path"] = paths
    table = FeatureTable.of(data)
    groups = likely_groups(table, table.matrix(list("abcd")), table.column("label"))
    assert not [likely for likely in groups if likely.group.startswith("stem")]


# Tables without groups


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
def test_names_that_only_count_rows_are_no_groups(pattern):
    rng = np.random.default_rng(0)
    data = noise(300, VOICES, seed=1)
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
    assert not likely_groups_of(data.assign(name=names))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(6, 200),
    classes=st.integers(2, 5),
    values=st.integers(2, 60),
    apart=st.floats(0, 20),
)
def test_tables_without_groups_have_no_likely_groups(seed, rows, classes, values, apart):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    data = noise(rows, VOICES, seed + 1).assign(label=y.astype(str))
    data["v0"] += apart * y
    data["count"] = rng.poisson(5, rows)
    data["dice"] = np.arange(rows) % 6
    data["octave"] = np.argsort(np.argsort(data["v1"])) // 10
    data["mood"] = [f"m{k}" for k in rng.integers(0, values, rows)]
    data["title"] = [f"{rng.integers(10**6):06d}-{rng.integers(99)}" for _ in range(rows)]
    assert not [
        group for group in likely_groups_of(data) if group.why != "each of them in one class"
    ]


# Recordings with several rows


def segments(column, names, spread):
    """Return likely groups, people and names of segments of people who differ by `spread`."""
    rng = np.random.default_rng(0)
    rows = np.arange(N_PEOPLE * N_FILES * N_SEGMENTS)
    who, file = rows // (N_FILES * N_SEGMENTS), rows // N_SEGMENTS
    X = (
        spread * rng.normal(size=(N_PEOPLE, 8))[who]
        + rng.normal(size=(N_PEOPLE * N_FILES, 8))[file]
    )
    X += 0.1 * rng.normal(size=X.shape)
    y = np.array(["sick", "well"])[who % 2]
    texts = [
        names.format(who=a + 1, file=b, take=b % N_FILES + 1)
        for a, b in zip(who, file, strict=True)
    ]
    table = FeatureTable.of(pd.DataFrame(X).assign(**{column: texts, "label": y}))
    return likely_groups(table, X, y, exclude=["label"]), who, texts


@pytest.mark.parametrize("column", ["filename", "file", "recording", "path"])
def test_people_are_found_by_names_of_files_with_several_rows(column):
    (likely,), who, texts = segments(column, "s{who:02d}_take{take}.wav", spread=3)
    stems = parse_stem(likely.group).of(texts).tolist()
    assert len(set(stems)) == len(set(zip(stems, who.tolist(), strict=True))) == N_PEOPLE


def test_the_file_is_the_group_if_its_name_has_no_stem():
    (likely,), _, _ = segments("filename", "clip_{file:04d}.wav", spread=0)
    assert likely.group == "filename"
    assert likely.groups == N_PEOPLE * N_FILES


def test_a_duplicate_file_name_does_not_hide_the_people():
    rng = np.random.default_rng(0)
    who = np.arange(96) // 4
    X = rng.normal(size=(24, 8))[who] + 0.2 * rng.normal(size=(96, 8))
    names = [f"s{a:02d}_{k % 4}.wav" for k, a in enumerate(who)]
    names[1] = names[0]
    y = np.array(["a", "b"])[who % 2]
    table = FeatureTable.of(pd.DataFrame(X).assign(filename=names))
    (likely,) = likely_groups(table, X, y)
    assert likely.group == "stem(filename, 1-2)"


# Inspection, without known classes


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
    assert warning.startswith("column 'speaker' may identify groups")


def test_inspect_finds_groups_among_unknown_classes(tmp_path):
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


def test_similarity_is_that_of_the_groups_and_not_of_their_sizes():
    rng = np.random.default_rng(0)
    speaker = np.arange(120) % 20
    X = 3 * rng.normal(size=(20, 6))[speaker] + rng.normal(size=(120, 6))
    table = FeatureTable({"path": [f"{k}.wav" for k in range(120)]}, [*"abcdef"], X)
    y = np.where(speaker % 2, "cat", "dog")
    lift, z = group_similarity(table, X, y, speaker.astype(str))
    assert lift > 0.8
    assert z > 10
    lift, z = group_similarity(table, X, y, rng.permutation(speaker).astype(str))
    assert abs(lift) < 0.2
    assert abs(z) < 3
