"""The folder in which the blocks of each page start: made recordings, tables and models.

The names are those that the pages use. All sound is synthetic, so that nothing is downloaded; the
scores mean nothing.
"""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

import featkit
from featkit.datasets.synthetic import write_corpus
from featkit.dsp.synthesis import SR, STYLES, clip

LABELS = {"ambient": "blues", "house": "hiphop", "rock": "rock", "swing": "jazz"}
"""The synthetic style of each genre."""

ARTISTS = ("anna", "ben", "carla", "dao", "eve")
TRACKS = 2

MAP = """unmapped = "keep"
drop = ["jazz"]

[labels]
"Blues-like" = ["blues", "Folk & Blues"]
"Rock/Metal" = ["rock", "metal", "Rock & Metal"]
"HipHop/Rap" = ["hiphop"]
"""


def make(folder: Path) -> None:
    """Write all files of the start."""
    make_recordings(folder)
    make_tables(folder)
    make_models(folder)
    (folder / "shards").mkdir()
    make_annotations(folder)
    make_manifests(folder)


def make_recordings(folder: Path) -> None:
    """Write the folders of recordings, ``recordings/LABEL/ARTIST_TRACK.wav`` and others."""
    made = folder / "synthetic"
    write_corpus(made, clips_per_style=len(ARTISTS) * TRACKS)
    for style, label in LABELS.items():
        files = sorted((made / style).glob("*.wav"))
        for k, file in enumerate(files):
            name = f"{ARTISTS[k // TRACKS]}_{k % TRACKS + 1}.wav"
            copy(file, folder / "recordings" / label / name)
            copy(file, folder / "esc10" / label / f"{k % 3 + 1}-{1000 + k}-A.wav")
            if k < 4:
                copy(file, folder / "corpus" / label / name)
                copy(file, folder / "actors" / f"{ARTISTS[k // 2]}_{k % 2}_{label}.wav")
        for k, file in enumerate(files[:2]):
            copy(file, folder / "new-recordings" / f"{label}-{k}.wav")
            copy(file, folder / "patients" / f"{label}-{k}.wav")
            copy(file, folder / "machines" / f"{label}-{k}.wav")
            copy(file, folder / "marsh" / f"MARSH_20260501_0{k}{len(label)}000.wav")
        copy(files[0], folder / "field" / f"{label}.wav")
    shutil.rmtree(made)
    # Other clips than those of `recordings/`, as other datasets have.
    for index, (style, label) in enumerate(LABELS.items()):
        for number in range(6):
            y = clip(STYLES[style], np.random.default_rng([9, index, number]))
            write_sound(folder / "korean" / label / f"{number}.wav", y)
    song = clip(STYLES["rock"], np.random.default_rng([7, 7]))
    write_sound(folder / "song.wav", song)
    write_sound(folder / "song.mp3", song)
    write_sound(folder / "dawn.wav", song)
    write_sound(folder / "field" / "dawn.wav", song)
    write_sound(folder / "speech" / "talk.wav", song)
    shutil.make_archive(str(folder / "corpus"), "zip", folder / "corpus")


def copy(source: Path, target: Path) -> None:
    """Copy a file into a folder that may not exist yet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def write_sound(file: Path, y: np.ndarray) -> None:
    """Write samples in the format that the suffix names."""
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, y, SR)


def make_tables(folder: Path) -> None:
    """Write tables of features, and others that differ in their keys and labels."""
    extracted = {"features": "genre75", "n_jobs": None}
    pattern = "{label}/{artist}_{track}"
    home = featkit.extract(folder / "recordings", name_pattern=pattern, **extracted).table
    for name in ("features", "corpus", "gtzan", "a"):
        home.write(folder / f"{name}.parquet")
    other = featkit.extract(folder / "korean", labels="folder", **extracted).table
    for name in ("other", "korean", "b"):
        other.write(folder / f"{name}.parquet")
    label, numbers = home.data["label"].to_numpy(), np.arange(len(home.data))
    calm = np.isin(label, ["blues", "jazz"])
    speakers = names("s", numbers % 4)
    emotion, rows = other.data["label"].to_numpy(), np.arange(len(other.data))
    tables = {
        "old": (home, {"speaker": speakers}),
        "new": (home, {"speaker": speakers}),
        "emodb": (home, {"emotion": label, "speaker": speakers}),
        "patients": (
            home,
            {"label": np.where(calm, "well", "sick"), "patient": names("p", numbers % 8)},
        ),
        "alarms": (home, {"label": np.where(calm, "silence", "speech")}),
        "voices": (
            other,
            {
                "emotion": emotion,
                "speaker": names("v", rows % 6),
                "sex": np.where(rows % 2, "female", "male"),
                "device": np.where(rows % 3, "phone", "studio"),
                "valence": (other.data["spectral_centroid_mean"] / 1000 + rows % 2).astype(str),
            },
        ),
        "jamendo": (
            other,
            {
                "tags": [f"{name};live" if k % 2 else name for k, name in enumerate(emotion)],
                "group": names("g", rows % 6),
                "split": np.where(rows % 6 < 4, "train", "test"),
            },
        ),
    }
    for name, (table, keys) in tables.items():
        for key, values in keys.items():
            table = table.with_key(key, np.asarray(values))
        table.write(folder / f"{name}.parquet")
    (folder / "map.toml").write_text(MAP, "utf-8")
    (folder / "shares.csv").write_text("class,share\nspeech,0.7\nsilence,0.3\n", "utf-8")
    (folder / "cost.csv").write_text("true,well,sick\nwell,0,1\nsick,20,0\n", "utf-8")


def names(prefix: str, numbers: np.ndarray) -> list[str]:
    """Return the names of groups, such as ``s03``."""
    return [f"{prefix}{number:02d}" for number in numbers]


def make_models(folder: Path) -> None:
    """Train the models that pages use."""
    train = partial(featkit.train, folds=3, compare_splits=False)
    table = folder / "features.parquet"
    models = {
        "genre": train(table, group="artist", model="logistic", prediction_sets=True),
        "forest": train(table, group="artist", model="random_forest"),
        "boosting": train(table, group="artist", model="xgboost"),
        "emotion": train(
            folder / "emodb.parquet", label="emotion", group="speaker", model="logistic"
        ),
        "calls": train(table, group="artist", model="svm"),
        "alarm": train(folder / "alarms.parquet", model="logistic"),
    }
    for name, result in models.items():
        result.model.save(folder / f"{name}.fk")


SELECTIONS = """Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tAnnotation
1\tSpectrogram 1\t1\t0.25\t1.75\twren
2\tSpectrogram 1\t1\t2.5\t4.0\train
"""

GRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
6
<exists>
1
"IntervalTier"
"words"
0
6
2
0
3
"good"
3
6
"morning"
"""

BIRDNET = """Start (s),End (s),Scientific name,Common name,Confidence
0.0,3.0,Troglodytes troglodytes,Eurasian Wren,0.8213
3.0,6.0,Turdus merula,Eurasian Blackbird,0.7312
"""


def make_annotations(folder: Path) -> None:
    """Write annotations of the recordings in ``field/`` and ``speech/``."""
    files = {
        "tables/dawn.Table.1.selections.txt": SELECTIONS,
        "dawn.Table.1.selections.txt": SELECTIONS,
        "grids/talk.TextGrid": GRID,
        "birdnet/dawn.BirdNET.results.csv": BIRDNET,
    }
    for name, text in files.items():
        write_text(folder / name, text)


def write_text(file: Path, text: str) -> None:
    """Write a text into a folder that may not exist yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def make_manifests(folder: Path) -> None:
    """Write a manifest, and small datasets in the layout of ESC-50, FMA and MTG-Jamendo."""
    esc = ["filename,fold,target,category,esc10,src_file,take"]
    fma = [",album,artist,set,set,track,track", ",comments,id,split,subset,genre_top,title"]
    fma.append("track_id,,,,,,")
    jamendo = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
    manifest = ["path,label"]
    for k, file in enumerate(sorted((folder / "new-recordings").glob("*.wav"))):
        label = file.stem.partition("-")[0]
        manifest.append(f"new-recordings/{file.name},{label}")
        esc.append(f"1-{k}-A.wav,{k % 5 + 1},{k},{label},True,{k},A")
        copy(file, folder / "ESC-50" / "audio" / f"1-{k}-A.wav")
        fma.append(f"{k + 1},0,{k},training,{('small', 'medium')[k % 2]},Rock,song {k}")
        write_sound(folder / "fma_medium" / "000" / f"{k + 1:06d}.mp3", soundfile.read(file)[0])
        jamendo.append(f"track_{k}\tartist_{k}\talbum_{k}\t0{k}/{k}.wav\t6.0\tgenre---{label}")
        copy(file, folder / "jamendo" / f"0{k}" / f"{k}.wav")
    texts = {
        "corpus.csv": manifest,
        "ESC-50/meta/esc50.csv": esc,
        "fma_metadata/tracks.csv": fma,
        "splits/split-0/autotagging_genre-train.tsv": jamendo,
    }
    for name, lines in texts.items():
        write_text(folder / name, "\n".join(lines) + "\n")
