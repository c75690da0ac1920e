"""`featkit predict -`: one sound file or one table from standard input."""

import io

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.cli._standard_input import HEAD_BYTES, PipedSound

SR = 8000

FEATURES = {
    "name": "small",
    "sample_rate": SR,
    "features": [{"family": "spectral_centroid", "statistics": ["mean", "std"]}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with recordings, their table and a model."""
    place = tmp_path_factory.mktemp("piped")
    for k in range(12):
        y = signals.noise(SR, 1, seed=k) if k % 2 else signals.sine(300 + 10 * k, SR, 1)
        kind = place / "train" / ("tone", "noise")[k % 2]
        kind.mkdir(parents=True, exist_ok=True)
        soundfile.write(kind / f"{k}.wav", y, SR)
    long = signals.noise(SR, 6, seed=99)
    soundfile.write(place / "long.wav", long, SR)  # longer than the bytes that decide
    soundfile.write(place / "long.flac", long, SR)
    table = featkit.extract(
        place / "train", features=FEATURES, labels="folder", output=place / "t.parquet"
    ).table
    table.data.to_csv(place / "t.csv", index=False)
    featkit.train(table, model="logistic", folds=2).model.save(place / "m.fk")
    return place


def predict(folder, content, *arguments):
    command = ["predict", str(folder / "m.fk"), "-", *map(str, arguments)]
    return CliRunner().invoke(main, command, input=content)


@pytest.mark.parametrize("name", ["long.wav", "long.flac"])
def test_a_sound_is_predicted_like_its_file(folder, tmp_path, name):
    content = (folder / name).read_bytes()
    assert len(content) > HEAD_BYTES
    done = predict(folder, content, "-o", tmp_path / "p.csv")
    assert done.exit_code == 0
    expected = featkit.load_model(folder / "m.fk").predict(folder / name).data
    actual = pd.read_csv(tmp_path / "p.csv")
    np.testing.assert_array_equal(actual["p_noise"], expected["p_noise"])
    assert not (tmp_path / "p.csv.parts").exists()
    shown = predict(folder, content).stdout.splitlines()
    assert shown[1].startswith("-\tnoise\t")


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_table_is_predicted_like_its_file(folder, name):
    done = predict(folder, (folder / name).read_bytes())
    assert done.exit_code == 0
    expected = featkit.load_model(folder / "m.fk").predict(folder / name).data
    rows = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == expected["path"].tolist()
    assert [row[1] for row in rows] == expected["predicted"].tolist()


@pytest.mark.parametrize(
    ("content", "message", "status"),
    [
        (b"", "standard input is empty", 2),
        (b"a,b\n1,2\n", "lacks 2 of the model", 1),
        (bytes(1000), "-: decode: libsndfile cannot decode this file", 3),
    ],
)
def test_other_inputs_are_errors(folder, content, message, status):
    done = predict(folder, content)
    assert message in done.output
    assert done.exit_code == status
    assert "Traceback" not in done.output


def test_standard_input_is_the_only_input(folder):
    done = predict(folder, b"x", folder / "long.wav")
    assert (done.exit_code, "give no other input" in done.output) == (2, True)


@pytest.mark.parametrize("size", [1, 3, 100, -1])
def test_a_piped_sound_gives_all_bytes(size):
    sound = PipedSound(b"abcd", io.BytesIO(b"efgh"))
    pieces = [*iter(lambda: sound.read(size), b"")]
    assert b"".join(pieces) == b"abcdefgh"
