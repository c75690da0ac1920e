"""The report: one file that loads nothing, takes what comes from outside for text, is complete."""

import base64
import hashlib
import io
import itertools
import json
import re
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from PIL import Image
from reporting import HOSTILE_CLASSES, HOSTILE_COLUMN, HOSTILE_PATHS, hostile, made

import featkit
from featkit import signals
from featkit.audio.loading import load
from featkit.cli._main import main
from featkit.errors import ParameterError
from featkit.report._csv_files import file_name
from featkit.report._sounds import hear, spectrogram
from featkit.report.page import page, recording_page, write_report
from featkit.report.words import (
    figures,
    fixed,
    of_hundred,
    percent,
    seconds,
    signed,
    summarised,
    with_unit,
)

VOID = {"meta", "link", "img", "wbr", "br", "col", "input"}
SECTIONS = ["asked", "good", "errs", "why", "single", "again"]


class Page(HTMLParser):
    """What a browser would find, element by element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self.open = [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs)), f"an attribute twice in {tag}: {attrs}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        self.text.setdefault(inside, []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def plain():
    model, explanation, table = made()
    return page(model=model, explanation=explanation, table=table)


@pytest.fixture(scope="module")
def bad():
    model, explanation, table = hostile()
    return page(model=model, explanation=explanation, table=table)


@pytest.fixture(params=["plain", "bad"])
def text(request):
    return request.getfixturevalue(request.param)


def test_every_element_is_closed_and_every_id_unique(text):
    found = Page(text)
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [a["id"] for a in found.all("section")] == SECTIONS
    targets = [a["href"][1:] for a in found.all("a")]
    assert set(targets) <= set(ids)


def test_nothing_is_loaded_and_nothing_is_a_style_or_a_handler(text):
    found = Page(text)
    for tag, attributes in found.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "srcset", "xlink:href", "data", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    style = "".join(found.text["style"])
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_knows_the_style_and_the_script_and_nothing_else(text):
    found = Page(text)
    policy = next(a["content"] for a in found.all("meta") if "http-equiv" in a)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == rules["media-src"] == "data:"

    def digest(content):
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert rules["style-src"] == digest(re.search(r"<style>(.*?)</style>", text, re.S)[1])
    assert rules["script-src"] == digest(re.findall(r"<script>(.*?)</script>", text, re.S)[-1])
    kinds = [attributes.get("type") for attributes in found.all("script")]
    assert kinds == ["application/json", None]


def test_the_script_writes_text_only(plain):
    script = re.findall(r"<script>(.*?)</script>", plain, re.S)[-1]
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert forbidden not in script


def test_hostile_names_are_text(bad):
    found = Page(bad)
    shown = ["".join(parts) for parts in found.text.values()]
    for name in [*HOSTILE_CLASSES, HOSTILE_COLUMN, "<b>doubtful</b>"]:
        assert any(name in text.replace("\u200b", "") for text in shown), name
    assert "alert" not in "".join(found.text["script"][1:])
    assert {tag for tag, _ in found.elements}.isdisjoint({"b", "iframe", "object"})
    assert not [a for a in found.all("img") if not a["src"].startswith("data:")]
    data = json.loads(found.text["script"][0])
    assert any(row.startswith(HOSTILE_PATHS[0]) for row in data["rows"])
    assert HOSTILE_COLUMN in data["columns"]


def test_headings_are_in_order_and_tables_have_captions_and_heads(text):
    found = Page(text)
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(a.get("scope") in ("col", "row") for a in found.all("th"))
    for svg in found.all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-label"])


def test_without_a_script_everything_is_there(plain):
    found = Page(plain)
    panels = [a for a in found.all("details") if a.get("class") == "panel"]
    assert len(panels) == 3
    hidden = {a.get("id") or a.get("class") for _, a in found.elements if "hidden" in a}
    assert hidden == {"toggle", "choice"}  # what needs the script
    assert plain.count('class="matrix"') == 2
    assert plain.count('class="strip swarm"') == 3 * 6


def test_what_is_said(plain):
    right = np.trace(made()[0].scores["confusion"])
    assert f"Of 40 recordings, {right} (" in plain
    assert "+10.0 points (95 % interval +5.0 to +15.0), more than it deserves" in plain
    assert "featkit train TABLE.parquet --label label --group &#39;it" in plain
    assert "clipped" in plain
    assert "no: 39 rows, yes: 1 row" in plain
    assert "1 value (" in plain
    assert "made up" in plain


def test_no_explanation(tmp_path):
    model, _, _ = made()
    text = page(model=model)
    assert "featkit report MODEL.fk TABLE.parquet" in text
    assert [a["id"] for a in Page(text).all("section")] == SECTIONS


def test_no_scores_no_provenance_and_rows_of_unknown_classes():
    from dataclasses import replace

    model, explanation, table = made()
    model = replace(model, scores={}, training={}, provenance={})
    explanation = replace(explanation, y=None, keys={}, schema={}, error=abs(explanation.values))
    text = page(model=model, explanation=explanation, table=table)
    assert "holds no scores" in text
    assert "row 1" in text
    assert "standard error" in text


def test_contributions_that_do_not_add_up_are_said_before_all_else():
    from dataclasses import replace

    model, explanation, table = made()
    flawed = replace(explanation, values=explanation.values * 1.01)
    flawed = replace(flawed, notes=[flawed.flaw])
    pages = [page(model=model, explanation=of, table=table) for of in (flawed, explanation)]
    assert ["do NOT add up" in text for text in pages] == [True, False]
    why = pages[0].split("Why</h2>")[-1]
    assert re.match(r'\s*<div class="warnings">\s*<p>The contributions do NOT add up', why)
    assert why.count("do NOT add up") == 1
    one = recording_page(model=model, explanation=flawed)
    assert one.count("do NOT add up") == 1


def test_two_classes_one_column_one_row():
    model, explanation, table = made(rows=30, number=1, classes=("a", "b"))
    page(model=model, explanation=explanation, table=table)
    from dataclasses import replace

    one = {
        n: getattr(explanation, n)[:1]
        for n in ("values", "base", "output", "X", "probabilities", "y", "folds")
    }
    keys = {name: column[:1] for name, column in explanation.keys.items()}
    page(model=model, explanation=replace(explanation, **one, keys=keys), table=table)


def test_a_thousand_rows_of_ten_classes_are_small_and_soon_there(tmp_path):
    names = [f"class {k}" for k in range(10)]
    model, explanation, table = made(rows=1000, number=75, classes=names)
    begun = time.perf_counter()
    text = page(model=model, explanation=explanation, table=table)
    assert time.perf_counter() - begun < 15  # 2 s on two cores; a busy machine is slow
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 5 * 22050)
    soundfile.write(tmp_path / "noise.wav", noise, 22050, subtype="PCM_16")
    heard = hear(tmp_path, "noise.wav")
    assert len(text.encode()) + 9 * len(heard.sound + heard.picture) < 10e6


def test_sound_is_heard_and_what_is_missing_is_said(tmp_path):
    model, explanation, table = made()
    for path in explanation.keys["path"][:20]:
        soundfile.write(tmp_path / path, signals.sine(440.0, 44100, 3.0), 44100)
    (tmp_path / "0020.wav").write_bytes(b"RIFF no sound")
    text = page(model=model, explanation=explanation, table=table, sound=tmp_path)
    found = Page(text)
    assert found.all("audio")
    assert all(a["src"].startswith("data:audio/flac;base64,") for a in found.all("audio"))
    assert all(a["alt"] for a in found.all("img"))
    assert "there is no such file below" in text
    with pytest.raises(ParameterError, match="no such folder of sound"):
        page(model=model, sound=tmp_path / "nowhere")


def test_a_sound_is_what_the_model_heard(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.sine(440.0, 44100, 9.0), 44100)
    heard = hear(tmp_path, "a.wav", start=1.0, end=9.0, sample_rate=16000.0)
    file = tmp_path / "heard.flac"
    file.write_bytes(base64.b64decode(heard.sound.partition(",")[2]))
    y, sr = soundfile.read(file)
    assert (sr, len(y)) == (16000, 5 * 16000)
    wanted, _ = load(tmp_path / "a.wav", sr=16000.0, offset=1.0, duration=5.0)
    np.testing.assert_allclose(y, wanted, atol=1 / 32768)


@pytest.mark.parametrize("path", ["../a.wav", "/etc/passwd", "a\0.wav", "", "x" * 5000])
def test_no_path_leads_out_of_the_folder_of_sound(tmp_path, path):
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), 22050)
    (tmp_path / "sounds").mkdir()
    heard = hear(tmp_path / "sounds", path)
    assert heard.wrong
    assert not heard.sound


def test_silence_is_dark():
    assert np.asarray(spectrogram(np.zeros(22050, np.float32), 22050.0)).max() == 0
    picture = np.asarray(spectrogram(signals.sine(440.0, 22050), 22050.0))
    assert picture.max() == 255
    assert np.median(picture) == 0
    assert 70 <= picture.sum(axis=1).argmax() <= 85  # low frequencies are at the bottom of 96 bands


def test_a_picture_is_the_brighter_the_louder(tmp_path):
    sweep = signals.sine(440.0, 22050, 3.0) * np.linspace(0, 1, 3 * 22050, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", sweep, 22050)
    heard = hear(tmp_path, "a.wav")
    data = base64.b64decode(heard.picture.partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (heard.width, heard.height)
        assert 400 < heard.width < 440
        bright = np.asarray(picture.convert("L"), int).max(axis=0)
    assert (np.diff(bright[5:-5]) >= -2).all()
    assert bright[-5] > bright[5] + 100


@pytest.mark.parametrize("rate", ["native", 16000.0, None])
def test_whatever_rate_a_model_listens_at_it_is_heard(tmp_path, rate):
    from dataclasses import replace

    model, explanation, _ = made(rows=1)
    soundfile.write(tmp_path / "0000.wav", signals.sine(440.0, 44100, 1.0), 44100)
    described = {"name": "mine", "version": 0, "sample_rate": rate}
    model = replace(model, provenance={"feature_set": described} if rate else {})
    assert "<audio" in recording_page(model=model, explanation=explanation, sound=tmp_path)


def test_files(tmp_path):
    model, explanation, table = hostile()
    write_report(
        tmp_path / "r.html", model=model, explanation=explanation, table=table, csv=tmp_path / "csv"
    )
    written = {path.name for path in (tmp_path / "csv").iterdir()}
    assert {"importance.csv", "by_family.csv", "by_descriptor.csv", "by_statistic.csv"} <= written
    assert {"per_class.csv", "confusion.csv", "predictions.csv"} <= written
    of_classes = sorted(name for name in written if name.startswith("importance_"))
    assert len(of_classes) == 4
    assert all(re.fullmatch(r"importance_\d{3}[a-z0-9_-]*\.csv", name) for name in of_classes)
    ranked = pd.read_csv(tmp_path / "csv" / "importance.csv")
    assert list(ranked) == ["feature", "mean_abs_shap", "low", "high", "share", "std"]
    assert ranked["mean_abs_shap"].is_monotonic_decreasing
    said = pd.read_csv(tmp_path / "csv" / "predictions.csv")
    assert said["path"].tolist() == explanation.keys["path"].tolist()
    assert said["label"].tolist() == explanation.y.tolist()
    confusion = pd.read_csv(tmp_path / "csv" / "confusion.csv", index_col=0)
    assert confusion.to_numpy().tolist() == model.scores["confusion"]


@pytest.mark.parametrize("name", ["../../etc", "CON", "a/b\\c", "", "ё", "é" * 300])
def test_names_of_files_are_safe(name):
    assert re.fullmatch(r"importance_007(_[a-z0-9-]+)?\.csv", file_name(7, name))
    assert len(file_name(7, name)) < 80


def test_nothing_is_left_of_a_page_that_cannot_be_written(tmp_path):
    model, _, _ = made()
    with pytest.raises(ParameterError, match="there is no folder"):
        write_report(tmp_path / "no" / "r.html", model=model)
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="is a file"):
        write_report(tmp_path / "r.html", model=model, csv=tmp_path / "file")
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (figures(1234.56), "1,235"),
        (figures(0.0012345), "0.001234"),
        (figures(-3.14159, 3), "−3.14"),
        (figures(0), "0"),
        (figures(np.nan), "–"),
        (figures(1e-9, 3), "1.00e−09"),
        (figures(9.9996), "10.000"),
        (signed(0.5), "+0.500"),
        (signed(-0.5), "−0.500"),
        (percent(0.8425), "84.3\u00a0%"),
        (percent(1 / 30000), "<0.1\u00a0%"),
        (percent(0.99996), ">99.9\u00a0%"),
        (fixed(0.8425), "0.843"),
        (fixed(None), "–"),
        (fixed(np.nan), "–"),
        (of_hundred(0), "0"),
        (of_hundred(0.003), "<1"),
        (of_hundred(0.997), ">99"),
        (of_hundred(1.0), "100"),
        (of_hundred(0.5), "50"),
        (with_unit(440, "Hz"), "440.0\u00a0Hz"),
        (with_unit(0.5, "1"), "0.5000"),
        (seconds(90), "90.0\u00a0s"),
        (seconds(7200), "2.00\u00a0h"),
        (summarised(["", ""]), "nothing"),
        (summarised(["yes", "no", "no"]), "no: 2 rows, yes: 1 row"),
        (summarised([str(k) for k in range(9)]), "0 to 8.000, median 4.000"),
        (summarised([f"s{k}" for k in range(9)]), "9 different values"),
        (summarised([f"{k:02d}_02" for k in range(9)]), "9 different values"),
        (summarised([f"{k:03d}" for k in range(9)]), "9 different values"),
        (summarised([chr(0x660 + k) for k in range(9)]), "9 different values"),
        (summarised([*map(str, range(9)), "nan"]), "10 different values"),
        (summarised([*map(str, range(9)), "infinity"]), "10 different values"),
        (summarised([*map(str, range(9)), "1e999"]), "10 different values"),
        (summarised([f"{k}" for k in [0] * 90 + [*range(1, 11)]]), "0 to 10.00, median 0"),
        (summarised([f"{k}.5" for k in range(-4, 5)]), "−4.500 to 4.500, median 0.5000"),
    ],
)
def test_numbers_are_as_a_reader_wants_them(said, wanted):
    assert said == wanted


def test_the_command(tmp_path):
    from learning import tones

    data = tones(60)
    data.to_csv(tmp_path / "t.csv", index=False)
    featkit.train(data, model="logistic").model.save(tmp_path / "m.fk")
    run = CliRunner().invoke
    out = str(tmp_path / "r.html")
    without = run(main, ["report", str(tmp_path / "m.fk"), "-o", out])
    assert without.exit_code == 0, without.output
    assert "nothing is explained without a table" in without.output
    words = [
        "report",
        str(tmp_path / "m.fk"),
        str(tmp_path / "t.csv"),
        "--csv",
        str(tmp_path / "d"),
    ]
    told = run(main, [*words, "-o", out, "--jobs", "1"])
    assert told.exit_code == 0, told.output
    assert "60 rows explained" in told.output
    assert pd.read_csv(tmp_path / "d" / "importance.csv")["feature"][0] == "pitch"
    wrong = run(main, ["report", str(tmp_path / "m.fk"), "--sound", "/nowhere", "-o", out])
    assert wrong.exit_code == 2


def test_the_command_takes_a_table_that_lacks_folds_and_labels(tmp_path):
    from learning import tones

    data = tones(60).assign(fold=np.arange(60) // 3 % 4, kind=np.arange(60) % 3)
    model = featkit.train(
        data, label="kind", fold="fold", model="logistic", exclude=["label"]
    ).model
    model.save(tmp_path / "m.fk")
    data.drop(columns=["fold", "kind"]).to_csv(tmp_path / "new.csv", index=False)
    words = [str(tmp_path / name) for name in ("m.fk", "new.csv")]
    told = CliRunner().invoke(main, ["report", *words, "-o", str(tmp_path / "r.html")])
    assert told.exit_code == 0, told.output
    assert "The most confident" in (tmp_path / "r.html").read_text("utf-8")
