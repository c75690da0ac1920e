"""Results of trainings as files."""

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import ModelError
from featkit.models import result_file
from featkit.storage import archive
from featkit.storage.archive import Archive, read_archive, write_archive


def classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(36, 3)) + np.arange(36)[:, None] % 3
    names = np.array(["low", "mid", "high"])
    paths = [f"{k}.wav" for k in range(36)]
    table = pd.DataFrame(X, columns=list("abc"))
    return table.assign(label=names[np.arange(36) % 3], path=paths)


def numbers():
    return classes().drop(columns="label").assign(y=lambda table: table["a"] * 3 + 1)


def labels():
    return classes().assign(label=["x;y", "y", "x"] * 12)


TRAININGS = {
    "classes": (classes, {"model": "logistic", "calibrate": "sigmoid"}),
    "number": (numbers, {"model": "ridge", "target": "y"}),
    "labels": (labels, {"model": "logistic", "multilabel": "label"}),
}


@pytest.fixture(scope="module", params=TRAININGS)
def result(request):
    make, options = TRAININGS[request.param]
    return featkit.train(make(), folds=2, **options)


def test_a_saved_result_is_the_same(result, tmp_path):
    result.save(tmp_path / "r.fkr")
    loaded = featkit.load_result(tmp_path / "r.fkr")
    assert loaded.scores == result.scores
    pd.testing.assert_frame_equal(loaded.predictions, result.predictions, check_exact=True)
    assert loaded.effort == result.effort
    assert loaded.leaderboard.equals(result.leaderboard)
    assert repr(loaded) == repr(result)
    loaded.save(tmp_path / "again.fkr")
    assert (tmp_path / "again.fkr").read_bytes() == (tmp_path / "r.fkr").read_bytes()
    for one, name in ((result, "one.fk"), (loaded, "two.fk")):
        one.model.save(tmp_path / name)
    assert (tmp_path / "one.fk").read_bytes() == (tmp_path / "two.fk").read_bytes()


def test_a_loaded_result_gives_the_same_report_and_predicts_from_sound(tmp_path):
    result = featkit.train(classes(), model="logistic", folds=2)
    result.save(tmp_path / "r.fkr")
    loaded = featkit.load_result(tmp_path / "r.fkr")
    pages = []
    for one in (result, loaded):
        featkit.write_report(tmp_path / "r.html", model=one.model)
        pages.append((tmp_path / "r.html").read_bytes())
    assert pages[0] == pages[1]
    assert loaded.model.sound is not None
    assert loaded.model.predict(classes()).data.equals(result.model.predict(classes()).data)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("results") / "r.fkr"
    featkit.train(classes(), model="logistic", folds=2).save(path)
    return path


def test_a_file_beyond_the_largest_size_is_not_read_whole(tmp_path, monkeypatch):
    path = tmp_path / "r.fkr"
    write_archive(path, result_file.MAGIC, Archive({}, {}, {"part": b"x" * 5000}))
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    assert len(archive.bounded_bytes(path, 1000)) == 1001
    with pytest.raises(ModelError, match="larger than a result can be \\(1000 bytes\\)"):
        featkit.load_result(path)


def test_altered_files_are_refused(saved, tmp_path):
    whole, path = saved.read_bytes(), tmp_path / "r.fkr"
    for content in (whole[:-1], whole[:99] + bytes([whole[99] ^ 1]) + whole[100:], whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"r\.fkr: truncated or altered"):
            featkit.load_result(path)
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="not a result"):
        featkit.load_result(path)
    with pytest.raises(ModelError, match="folder"):
        featkit.load_result(tmp_path)


def changed(archive, name):
    document, arrays, parts = {**archive.document}, {**archive.arrays}, {**archive.parts}
    if name == "no model":
        parts = {}
    elif name == "altered model":
        parts = {result_file.MODEL: parts[result_file.MODEL][:-1]}
    elif name == "scores":
        document["scores"] = {**document["scores"], "model": "svm"}
    elif name == "type":
        document["predictions"] = [{**document["predictions"][0], "dtype": "category"}]
    elif name == "length":
        arrays["predictions/0"] = np.arange(3)
    elif name == "effort":
        document["effort"] = {"logistic": [1, "x", 2]}
    elif name == "number":
        document["effort"] = {"logistic": [10**400, 1, 2]}
    return Archive(document, arrays, parts)


@pytest.mark.parametrize(
    "name", ["no model", "altered model", "scores", "type", "length", "effort", "number"]
)
def test_files_with_a_correct_hash_and_wrong_content_are_refused(saved, tmp_path, name):
    wrong = changed(read_archive(saved, result_file.MAGIC, "result"), name)
    write_archive(tmp_path / "w.fkr", result_file.MAGIC, wrong)
    with pytest.raises(ModelError, match=r"w\.fkr: "):
        featkit.load_result(tmp_path / "w.fkr")
