"""The installation for predictions: its list of packages, what works with it, and the service."""

import asyncio
import configparser
import os
import re
import subprocess
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals

PROJECT = Path(__file__).parent.parent
SERVICE = PROJECT / "examples" / "service"
PARTS = ("runtime", "train", "explain", "report")

BLOCKED = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

NAMES = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Blocked())
"""

PREDICT = """
import featkit
model = featkit.load_model("m.fk")
print(*model.predict_arrays(*featkit.load("a.wav")).tolist())
print(*[model.predict("a.wav").columns[f"p_{name}"][0] for name in model.classes])
model.predict("a.wav", output="p.csv")
print(*[model.predict("a.wav", output="p.csv").columns[f"p_{name}"][0] for name in model.classes])
"""

COMMAND = "from featkit.cli import main; main()"


def requirements():
    """The requirements of the package, and those of its extras by name."""
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    extras = setup["options.extras_require"]
    return setup["options"]["install_requires"].split(), {n: extras[n].split() for n in extras}


def names(packages):
    return {re.split("[<>=]", package)[0] for package in packages}


def blocked_modules():
    """Modules of the packages that are required, but not in the runtime."""
    whole, extras = requirements()
    modules = {"pillow": "PIL"}
    others = names(whole) - names(extras["runtime"])
    return ",".join(sorted({modules.get(name, name) for name in others} | {"numba"}))


def run(folder, code, *arguments):
    command = [sys.executable, "-c", BLOCKED + code, blocked_modules(), *arguments]
    package = Path(featkit.__file__).parent.parent  # not a checkout without the compiled core
    own = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a recording, a model and its table."""
    place = tmp_path_factory.mktemp("runtime")
    clips = [
        signals.noise(22050, 0.5, seed=k) if k % 2 else signals.sine(300 + k, 22050, 0.5)
        for k in range(12)
    ]
    for k, y in enumerate(clips):
        kind = place / ("tone", "noise")[k % 2]
        kind.mkdir(exist_ok=True)
        soundfile.write(kind / f"{k}.wav", y, 22050)
    soundfile.write(place / "a.wav", clips[0], 22050)
    table = featkit.extract(
        [place / "tone", place / "noise"],
        features="genre75",
        labels="folder",
        output=place / "t.parquet",
    ).table
    featkit.train(table, model="logistic", folds=3).model.save(place / "m.fk")
    return place


def test_the_parts_are_the_requirements_of_the_package():
    whole, extras = requirements()
    assert {line for part in PARTS for line in extras[part]} == set(whole)


def test_the_list_of_the_service_is_that_of_the_runtime():
    _, extras = requirements()
    lines = (SERVICE / "requirements.txt").read_text("utf-8").splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    assert listed[: len(extras["runtime"])] == extras["runtime"]
    assert names(listed[len(extras["runtime"]) :]) == {"fastapi", "uvicorn"}


def test_predictions_need_the_runtime_only(folder):
    assert {"matplotlib", "pandas", "pyarrow", "shap", "xgboost"} <= {*blocked_modules().split(",")}
    done = run(folder, PREDICT)
    assert done.stderr == ""
    rows = [np.array(line.split(), dtype=float) for line in done.stdout.splitlines()]
    model = featkit.load_model(folder / "m.fk")
    expected = model.predict(folder / "a.wav").data.filter(like="p_").to_numpy()[0]
    assert len(rows) == 3
    for row in rows:
        np.testing.assert_array_equal(row, expected)


def test_the_command_predicts_with_the_runtime_only(folder):
    done = run(folder, COMMAND, "predict", "m.fk", "a.wav")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith("a.wav\ttone\t")


@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        (["train", "t.parquet"], "pandas"),
        (["report", "m.fk", "t.parquet", "-o", "r.html"], "jinja2|markupsafe|pandas|pyarrow"),
    ],
)
def test_other_commands_name_the_package_that_they_lack(folder, arguments, package):
    done = run(folder, COMMAND, *arguments)
    assert done.returncode == 1
    assert re.search(f"this needs the package ({package}), which is not installed", done.stderr)
    assert "Traceback" not in done.stderr


def test_the_page_shows_the_files_of_the_service():
    page = (PROJECT / "docs" / "deploy.md").read_text("utf-8")
    for name in ("app.py", "Containerfile"):
        assert f"```text\n{(SERVICE / name).read_text('utf-8')}```" in page


@pytest.fixture
def client(folder, monkeypatch):
    """Client of the service."""
    testclient = pytest.importorskip("fastapi.testclient")
    monkeypatch.setenv("MODEL", str(folder / "m.fk"))
    monkeypatch.setenv("MAX_BYTES", "100000")
    spec = util.spec_from_file_location("service_app", SERVICE / "app.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with testclient.TestClient(module.app) as opened:
        yield opened


def test_the_service_gives_the_probabilities_of_the_file(client, folder):
    answer = client.post("/predict", content=(folder / "a.wav").read_bytes())
    model = featkit.load_model(folder / "m.fk")
    (expected,) = model.predict(folder / "a.wav").data.filter(like="p_").to_numpy().tolist()
    assert answer.json() == dict(zip(model.classes, expected, strict=True))
    assert client.get("/health").json() == {"model": "logistic", "classes": ["noise", "tone"]}


def test_the_service_refuses_what_it_cannot_use(client):
    assert client.post("/predict", content=b"no sound").status_code == 422
    assert client.post("/predict", content=b"").status_code == 422
    assert client.post("/predict", content=bytes(100_001)).status_code == 413
    assert "larger than 100000 bytes" in client.post("/predict", content=bytes(200_000)).text


def test_the_service_ends_uploads_that_do_not_arrive(client):
    client.app.routes[-1].endpoint.__globals__["UPLOAD_SECONDS"] = 0.2

    async def upload():
        async def receive():
            if not parts:
                await asyncio.sleep(30)
            return parts.pop()

        async def send(message):
            sent.append(message)

        parts = [{"type": "http.request", "body": b"RIFF", "more_body": True}]
        sent = []
        scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
        scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": ""}
        await asyncio.wait_for(client.app(scope, receive, send), 10)
        return sent

    start, body = asyncio.run(upload())
    assert start["status"] == 408
    assert b"not here after 0.2 s" in body["body"]
