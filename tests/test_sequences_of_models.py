"""Models of sequences get them from sound, by the provenance of their training."""

import numpy as np
import pytest
from extracting import SR, clip, write_audio
from sequence_tables import same_sequences

import featkit
from featkit.errors import ModelError
from featkit.executors.opening import open_executor
from featkit.features.onnx_models import model
from featkit.sound_model import _SoundExtraction as SoundExtraction
from featkit.storage import reading

SMALL = "mel16,mfcc8"


class Keeper:
    """A target that keeps the tables of a batch."""

    max_rows = 2

    def write(self, tables):
        self.tables = [*tables]
        return ()


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Training recordings, and shorter and longer ones to predict."""
    folder = tmp_path_factory.mktemp("sounds")
    for k, seconds in enumerate([0.3, 0.4]):
        write_audio(folder / "training" / f"{k}.wav", clip(k, seconds))
    for k, seconds in enumerate([0.2, 0.6, 0.4]):
        write_audio(folder / "new" / f"{k}.wav", clip(5 + k, seconds))
    return folder


def processed(provenance, folder, **options):
    target = Keeper()
    with open_executor(1, None) as executor:
        SoundExtraction().process(provenance, folder, target, executor=executor, **options)
    return target.tables


def test_sequences_have_the_frames_of_the_training(folders):
    training = featkit.sequences(folders / "training", features=SMALL).table
    tables = processed(training.provenance, folders / "new")
    assert [len(table) for table in tables] == [2, 1]
    frames = training.sequences.shapes["mel16"][1]
    assert {table.sequences.shapes["mel16"] for table in tables} == {(16, frames)}
    whole = featkit.sequences(folders / "new", features=SMALL).table
    for name in ("mel16", "mfcc8"):
        values = np.concatenate([table.sequences.kinds[name].read() for table in tables])
        expected = whole.sequences.kinds[name].read()[:, :, :frames]
        np.testing.assert_array_equal(values, expected)


def test_a_set_with_its_own_length_gives_the_same_sequences_again(folders):
    options = {"features": SMALL, "seconds": 0.35, "dtype": "float16"}
    training = featkit.sequences(folders / "training", **options).table
    with open_executor(1, None) as executor:
        again = SoundExtraction().extract(
            training.sequences.provenance, folders / "training", executor=executor
        )
    same_sequences(again.table, training)


def test_annotated_intervals_are_predicted_by_a_set_of_fixed_seconds(folders, tmp_path):
    training = featkit.sequences(folders / "training", features=SMALL, seconds=0.15).table
    (tmp_path / "m.csv").write_text("path,start,end\n0.wav,0,0.1\n2.wav,0.1,0.4\n")
    corpus = {"manifest": tmp_path / "m.csv"}
    (table,) = processed(training.provenance, folders / "new", corpus=corpus)
    assert table.keys["start"].tolist() == [0.0, pytest.approx(0.1, abs=1 / SR)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "other"}, "computes the sequence set 'custom' differently"),
        ({"sequence_set": {"kinds": ["nothing"]}}, "sequences cannot be computed here: .*nothing"),
        ({"sequence_set": 3}, "sequences cannot be computed here"),
        ({"sequences": {}}, "sequences cannot be computed here"),
    ],
)
def test_a_provenance_that_cannot_be_followed_is_an_error(folders, change, message):
    training = featkit.sequences(folders / "training", features=SMALL).table
    with pytest.raises(ModelError, match=message):
        processed({**training.provenance, **change}, folders / "new")


@pytest.mark.parametrize("key", ["sequence_set", "feature_set"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "{folder}/any.onnx", "sha256": "a" * 64}, "without their folder"),
        ({"model": "../any.onnx", "sha256": "a" * 64}, "without their folder"),
        ({"model": "C:any.onnx", "sha256": "a" * 64}, "without their folder"),
        ({"model": "any.onnx"}, "the file 'any.onnx' has no SHA-256"),
        ({"model": "any.onnx", "sha256": ""}, "the file 'any.onnx' has no SHA-256"),
        ("{folder}/any.toml", "must be a table, got"),
        ("https://example.org/any.toml", "must be a table, got"),
    ],
)
def test_a_model_of_any_origin_opens_no_file_of_its_choice(
    key, change, message, tmp_path, monkeypatch
):
    def opened(path, *args, **kwargs):
        raise AssertionError(path)

    for name in ("any.onnx", "any.toml"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(model, "read_model", opened)
    monkeypatch.setattr(reading, "local_copy", opened)
    monkeypatch.chdir(tmp_path)
    if isinstance(change, str):
        definition = change.format(folder=tmp_path)
    else:
        own = {name: text.format(folder=tmp_path) for name, text in change.items()}
        entries = [{"family": "embedding", "statistics": ["mean"], **own}]
        definition = {"name": "any", "kinds" if key == "sequence_set" else "features": entries}
    provenance = {key: definition, "fingerprint": "a", "sequences": {}, "excerpt": {}}
    with pytest.raises(ModelError, match=message):
        processed(provenance, tmp_path)


def test_a_model_of_sequences_has_no_feature_set(folders):
    training = featkit.sequences(folders / "training", features=SMALL).table
    with pytest.raises(ModelError, match="predicts from sequences: it has no feature set"):
        SoundExtraction().feature_set(training.provenance)
