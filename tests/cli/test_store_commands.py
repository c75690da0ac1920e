"""Every command with its files in a store: the same bytes as with local files."""

import io
import json
import zipfile

import pytest
import stores
from command_line import SMALL_SET, error_line, run
from extracting import write_noise

import featkit

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("s3fs")

LABELS = ("calm", "loud")

TRAIN = ("--model", "logistic", "--folds", "2", "--jobs", "1")


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A folder with recordings, small files, and what the commands make of them."""
    folder = tmp_path_factory.mktemp("local")
    for number in range(12):
        write_noise(folder / "corpus" / LABELS[number % 2] / f"{number:02}.wav", number)
    (folder / "corpus/calm/broken.wav").write_bytes(b"RIFF")
    (folder / "mine.toml").write_text(SMALL_SET)
    rows = [f"{LABELS[k % 2]}/{k:02}.wav,{LABELS[k % 2]},g{k // 2}\n" for k in range(12)]
    (folder / "list.csv").write_text("path,label,group\n" + "".join(rows))
    (folder / "groups.csv").write_text(
        "path,group\n" + "".join(r.replace(",calm", "", 1).replace(",loud", "", 1) for r in rows)
    )
    (folder / "map.toml").write_text('unmapped = "keep"\n[labels]\n"quiet" = ["calm"]\n')
    (folder / "prior.csv").write_text("class,share\ncalm,3\nloud,1\n")
    (folder / "drop.txt").write_text("tempo\n")
    (folder / "cost.csv").write_text("true,calm,loud\ncalm,0,1\nloud,2,0\n")
    corpus = folder / "corpus"
    extract(corpus, folder, folder)
    run(
        "train",
        folder / "t.parquet",
        "--group",
        folder / "groups.csv",
        *TRAIN,
        *train_outputs(folder),
    )
    return folder


def extract(corpus, folder, output, status=0):
    return run(
        *("extract", corpus, "--manifest", f"{folder}/list.csv", "--jobs", 1),
        *("--features", f"{folder}/mine.toml", "-o", f"{output}/t.parquet"),
        status=status,
    )


def train_outputs(folder):
    names = {"-o": "m.fk", "--scores": "s.json", "--predictions": "p.csv"}
    return [word for option, name in names.items() for word in (option, f"{folder}/{name}")]


@pytest.fixture
def remote(local, bucket, tmp_path, monkeypatch):
    """The same files in a bucket; the current folder is another one, and stays empty."""
    monkeypatch.chdir(tmp_path)
    store = fsspec.filesystem("s3")
    for file in local.iterdir():
        if file.is_file() and file.suffix != ".parts":
            store.put_file(str(file), f"{bucket}/{file.name}")
    yield bucket
    assert all(file.suffix == ".parts" for file in tmp_path.iterdir())


@pytest.fixture
def sounds(local, remote):
    """The bucket with the recordings."""
    fsspec.filesystem("s3").put(f"{local}/corpus/", f"{remote}/corpus/", recursive=True)
    return remote


def content(url):
    return fsspec.filesystem("s3").cat_file(url)


def test_extract_writes_the_same_table_and_saves_finished_rows_here(local, remote, tmp_path):
    made = extract(local / "corpus", remote, f"{remote}/made")
    assert content(f"{remote}/made/t.parquet") == (local / "t.parquet").read_bytes()
    assert "t.parquet.parts" in made.stderr
    again = extract(local / "corpus", remote, f"{remote}/made")
    assert "12 files from earlier runs" in again.stderr
    assert (tmp_path / "t.parquet.parts").exists()


def test_failures_are_listed_next_to_the_table(local, remote):
    made = run(
        "extract",
        local / "corpus",
        "-o",
        f"{remote}/f/t.csv",
        "--jobs",
        1,
        status=3,
    )
    name = f"{remote}/f/t.csv.failures.csv"
    assert name in made.stderr
    assert b"broken.wav" in content(name)
    assert name in run("inspect", f"{remote}/f/t.csv").stdout


def test_a_checkpoint_belongs_to_one_table_of_a_store(local, remote):
    extract(local / "corpus", remote, f"{remote}/one")
    other = extract(local / "corpus", remote, f"{remote}/two", status=2)
    assert f"output was {remote}/one/t.parquet, is {remote}/two/t.parquet" in other.stderr
    assert "--fresh" in other.stderr
    assert not fsspec.filesystem("s3").exists(f"{remote}/two/t.parquet")


def test_train_writes_the_same_files_without_a_name_of_the_store(local, remote):
    groups = ("--group", f"{remote}/groups.csv")
    run("train", f"{remote}/t.parquet", *groups, *TRAIN, *train_outputs(f"{remote}/made"))
    for name in ("s.json", "p.csv"):
        assert content(f"{remote}/made/{name}") == (local / name).read_bytes()
    made = metadata(content(f"{remote}/made/m.fk"))
    assert made == metadata((local / "m.fk").read_bytes())
    assert not any(word.encode() in made for word in (stores.SECRET, remote))


def metadata(model):
    """What a model file says; its arrays have random names."""
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        return archive.read("featkit.json")


def test_train_reads_label_maps_costs_and_lists_of_columns(remote):
    done = run(
        *("train", f"{remote}/t.parquet", "--label-map", f"{remote}/map.toml", *TRAIN),
        *("--exclude-from", f"{remote}/drop.txt", "-o", f"{remote}/mapped.fk"),
    )
    assert "mapped.fk: logistic" in done.stderr
    model = featkit.load_model(f"{remote}/mapped.fk")
    assert model.classes == ["loud", "quiet"]
    assert "tempo" not in model.columns
    run("train", f"{remote}/t.parquet", "--cost", f"{remote}/cost.csv", *TRAIN)


def test_predict_reads_a_model_a_table_and_shares(local, remote):
    for folder in (local, remote):
        prior = f"{folder}/prior.csv"
        run(
            "predict",
            f"{folder}/m.fk",
            f"{folder}/t.parquet",
            "--class-prior",
            prior,
            "-o",
            f"{folder}/rows.csv",
        )
    assert content(f"{remote}/rows.csv") == (local / "rows.csv").read_bytes()


def test_predict_writes_predictions_of_recordings(local, remote):
    for folder in (local, remote):
        run(
            "predict",
            f"{folder}/m.fk",
            local / "corpus/loud",
            "--jobs",
            1,
            "-o",
            f"{folder}/sound.csv",
        )
    assert content(f"{remote}/sound.csv") == (local / "sound.csv").read_bytes()


def test_evaluate_writes_scores_predictions_and_a_report(local, remote):
    made = {}
    for folder in (str(local), remote):
        outputs = ("-o", f"{folder}/e.json", "--predictions", f"{folder}/e.csv")
        done = run(
            *("evaluate", f"{folder}/m.fk", f"{folder}/t.parquet", *outputs, "--jobs", 1),
            *("--group", f"{folder}/groups.csv", "--report", f"{folder}/e.html"),
        )
        made[folder] = done.stdout
    assert made[str(local)] == made[remote]
    for name in ("e.json", "e.csv", "e.html"):
        assert content(f"{remote}/{name}") == (local / name).read_bytes()


def test_inspect_and_diff_read_tables(local, remote):
    shown = run("inspect", f"{remote}/t.parquet").stdout
    expected = run("inspect", local / "t.parquet").stdout
    assert shown.replace(remote, str(local)).split() == expected.split()
    run("diff", local / "t.parquet", f"{remote}/t.parquet")


def test_report_and_explain_write_pages(local, sounds):
    for folder in (local, sounds):
        table = (f"{folder}/t.parquet", "--group", f"{folder}/groups.csv")
        also = ("--csv", f"{folder}/csv", "--sound", f"{folder}/corpus")
        run("report", f"{folder}/m.fk", *table, "-o", f"{folder}/r.html", *also)
        run("report", f"{folder}/s.json", "-o", f"{folder}/scores.html")
        song = f"{folder}/corpus/loud/01.wav"
        run("explain", f"{folder}/m.fk", song, "-o", f"{folder}/x.html", "--jobs", 1)
    for name in ("r.html", "scores.html", "x.html", "csv/scores.csv"):
        assert content(f"{sounds}/{name}") == (local / name).read_bytes(), name


def test_audit_writes_issues_groups_and_a_cleaned_table(local, sounds):
    for folder in (local, sounds):
        run(
            *("audit", f"{folder}/t.parquet", "--jobs", 1, "--fail-on", "never"),
            *("--sound", f"{folder}/corpus"),
            *("-o", f"{folder}/i.json", "--report", f"{folder}/a.html"),
            *("--write-groups", f"{folder}/g.csv", "--cleaned", f"{folder}/c.parquet"),
        )
    for name in ("g.csv", "c.parquet"):
        assert content(f"{sounds}/{name}") == (local / name).read_bytes()
    assert (
        json.loads(content(f"{sounds}/i.json"))["issues"]
        == json.loads((local / "i.json").read_text())["issues"]
    )
    assert content(f"{sounds}/a.html").startswith(b"<!DOCTYPE html>")


def test_labels_reads_and_writes_maps_and_features_reads_sets(local, remote):
    run("labels", f"{remote}/t.parquet", "--map", f"{remote}/map.toml", "-o", f"{remote}/draft.csv")
    assert content(f"{remote}/draft.csv").startswith(b"label,common")
    shown = run("features", f"{remote}/mine.toml", "--columns").stdout
    assert shown == run("features", local / "mine.toml", "--columns").stdout
    assert run("features", f"{remote}/mine.toml").stdout.startswith("name")


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (("inspect", "{}/none.csv"), "{}/none.csv: cannot read it: there is no such file", 1),
        (("diff", "{}/none.csv", "{}/none.csv"), "none.csv: cannot read it: there is no", 2),
        (
            ("predict", "{}/none.fk", "x.wav"),
            "{}/none.fk: cannot read it: there is no such file",
            1,
        ),
        (("train", "s3://no-such-bucket/t.csv"), "s3://no-such-bucket/t.csv: cannot read it", 1),
        (("labels", "{}/t.csv", "-o", "s3://no-such-bucket/m.csv"), "there is no bucket", 2),
        (("labels", "{}/t.csv", "-o", "{}/map.toml"), "{}/map.toml: the file name must end in", 2),
        (("labels", "{}/t.csv", "-o", "S3A://BUCKET/t.csv"), "is an input", 2),
        (("labels", "{}/t.csv", "-o", "https://example.org/m.csv"), "can only be read", 2),
        (("demo", "-o", "{}/demo"), "{}/demo: the demo writes to a folder of this machine", 2),
        (("inspect", "s3://me:swordfish@b/t.csv"), "s3://me@b/t.csv: contains a password", 2),
        (("inspect", "nothing://b/t.csv"), "nothing:// is not a protocol of fsspec", 2),
    ],
)
def test_errors_are_one_plain_line(remote, arguments, message, status):
    bucket = remote.removeprefix("s3://")
    words = [word.replace("{}", remote).replace("BUCKET", bucket) for word in arguments]
    line = error_line(*words, status=status)
    assert message.replace("{}", remote) in line
    assert stores.SECRET not in line
