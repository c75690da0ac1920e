"""The report: it loads nothing, escapes names, and is complete."""

import base64
import hashlib
import itertools
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from learning import tones
from reporting import HOSTILE_CLASSES, HOSTILE_COLUMN, HOSTILE_PATHS, hostile, made

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.errors import ParameterError
from featkit.report._sounds import load_sound
from featkit.report.page import page, recording_page, write_report

VOID = {"meta", "link", "img", "wbr", "br", "col", "input"}
SECTIONS = [
    "answer",
    "importance",
    "errors",
    "class_pairs",
    "recordings",
    "judged_rows",
    "performance",
    "curves",
    "prediction_sets",
    "overview",
    "reproducibility",
]


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
    elements = Page(text)
    assert elements.open == []
    ids = [attributes["id"] for _, attributes in elements.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [a["id"] for a in elements.all("section")] == SECTIONS
    targets = [a["href"][1:] for a in elements.all("a")]
    assert set(targets) <= set(ids)


def test_nothing_is_loaded_and_nothing_is_a_style_or_a_handler(text):
    elements = Page(text)
    for tag, attributes in elements.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "srcset", "xlink:href", "data", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    style = "".join(elements.text["style"])
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_the_style_and_the_script_only(text):
    elements = Page(text)
    policy = next(a["content"] for a in elements.all("meta") if "http-equiv" in a)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == rules["media-src"] == "data:"

    def digest(content):
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert rules["style-src"] == digest(re.search(r"<style>(.*?)</style>", text, re.S)[1])
    assert rules["script-src"] == digest(re.findall(r"<script>(.*?)</script>", text, re.S)[-1])
    kinds = [attributes.get("type") for attributes in elements.all("script")]
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
    elements = Page(bad)
    shown = ["".join(parts) for parts in elements.text.values()]
    for name in [*HOSTILE_CLASSES, HOSTILE_COLUMN, "<b>doubtful</b>"]:
        assert any(name in text.replace("\u200b", "") for text in shown), name
    assert "alert" not in "".join(elements.text["script"][1:])
    assert {tag for tag, _ in elements.elements}.isdisjoint({"b", "iframe", "object"})
    assert not [a for a in elements.all("img") if not a["src"].startswith("data:")]
    data = json.loads(elements.text["script"][0])
    assert any(row.startswith(HOSTILE_PATHS[0]) for row in data["rows"])
    assert HOSTILE_COLUMN in data["columns"]


def test_headings_are_in_order_and_tables_have_captions_and_heads(text):
    elements = Page(text)
    levels = [int(tag[1]) for tag, _ in elements.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(elements.all("caption")) == len(elements.all("table"))
    assert all(a.get("scope") in ("col", "row") for a in elements.all("th"))
    for svg in elements.all("svg"):
        assert svg.get("aria-hidden") == "true" or (svg["role"] == "img" and svg["aria-label"])


def test_the_page_is_complete_without_its_script(plain):
    elements = Page(plain)
    panels = [a for a in elements.all("details") if a.get("class") == "panel"]
    assert len(panels) == 3
    hidden = {a.get("id") or a.get("class") for _, a in elements.elements if "hidden" in a}
    controls = {"theme", "toggle", "class-choice", "pair-choice", "judged-filters", "judged-pages"}
    assert hidden == controls  # they need the script
    assert plain.count('class="matrix"') == 2
    assert plain.count('class="strip swarm"') == 3 * 6


def test_the_page_shows_scores_settings_and_data(plain):
    right = np.trace(made()[0].scores["confusion"])
    assert f"Of 40 recordings, {right} (" in plain
    assert (
        "+10.0 percentage points (95 % interval +5.0 to +15.0), a significant difference" in plain
    )
    assert "featkit train TABLE.parquet --label label --group &#39;it" in plain
    assert "clipped" in plain
    assert "no: 39 rows, yes: 1 row" in plain
    assert "1 value (" in plain
    assert "made up" in plain


def test_a_page_without_an_explanation_has_all_sections(tmp_path):
    model, _, _ = made()
    text = page(model=model)
    assert "featkit report MODEL.fk TABLE.parquet" in text
    assert [a["id"] for a in Page(text).all("section")] == SECTIONS


def test_a_page_without_scores_provenance_and_classes():

    model, explanation, table = made()
    model = replace(model, evaluation=None, training_metadata=None, provenance={})
    explanation = replace(explanation, y=None, keys={}, schema={}, error=abs(explanation.values))
    text = page(model=model, explanation=explanation, table=table)
    assert "contains no scores" in text
    assert "row 1" in text
    assert "standard error" in text


def test_contributions_that_do_not_add_up_are_reported_first():

    model, explanation, table = made()
    flawed = replace(explanation, values=explanation.values * 1.01)
    flawed = replace(flawed, notes=[flawed.flaw])
    pages = [
        page(model=model, explanation=current, table=table) for current in (flawed, explanation)
    ]
    assert ["do NOT add up" in text for text in pages] == [True, False]
    section = pages[0].split("Why</h2>")[-1]
    assert re.match(r'\s*<div class="warnings">\s*<p>The contributions do NOT add up', section)
    assert section.count("do NOT add up") == 1
    one = recording_page(model=model, explanation=flawed)
    assert one.count("do NOT add up") == 1


def test_two_classes_one_column_and_one_row_make_a_page():
    model, explanation, table = made(rows=30, number=1, classes=("a", "b"))
    assert "b" in page(model=model, explanation=explanation, table=table)

    one = {
        n: getattr(explanation, n)[:1]
        for n in ("values", "base", "output", "X", "probabilities", "y", "folds")
    }
    keys = {name: column[:1] for name, column in explanation.keys.items()}
    page(model=model, explanation=replace(explanation, **one, keys=keys), table=table)


def test_a_page_of_a_thousand_rows_and_ten_classes_is_small_and_fast(tmp_path):
    names = [f"class {k}" for k in range(10)]
    model, explanation, table = made(rows=1000, number=75, classes=names)
    begun = time.perf_counter()
    text = page(model=model, explanation=explanation, table=table)
    assert time.perf_counter() - begun < 15  # 2 s on two cores; a busy machine is slow
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 5 * 22050)
    soundfile.write(tmp_path / "noise.wav", noise, 22050, subtype="PCM_16")
    sound = load_sound(tmp_path, "noise.wav")
    assert len(text.encode()) + 9 * len(sound.audio + sound.picture) < 10e6


def test_sounds_are_in_the_page_and_missing_ones_are_reported(tmp_path):
    model, explanation, table = made()
    for path in explanation.keys["path"][:20]:
        soundfile.write(tmp_path / path, signals.sine(440.0, 44100, 3.0), 44100)
    (tmp_path / "0020.wav").write_bytes(b"RIFF no sound")
    text = page(model=model, explanation=explanation, table=table, sound=tmp_path)
    elements = Page(text)
    assert elements.all("audio")
    assert all(a["src"].startswith("data:audio/flac;base64,") for a in elements.all("audio"))
    assert all(a["alt"] for a in elements.all("img"))
    assert "no such file in the folder" in text
    with pytest.raises(ParameterError, match="no such folder of recordings"):
        page(model=model, sound=tmp_path / "nowhere")


def test_a_page_that_cannot_be_written_leaves_no_file(tmp_path):
    model, _, _ = made()
    with pytest.raises(ParameterError, match="there is no folder"):
        write_report(tmp_path / "no" / "r.html", model=model)
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="is a file"):
        write_report(tmp_path / "r.html", model=model, csv=tmp_path / "file")
    assert not (tmp_path / "r.html").exists()


def test_the_command_writes_page_and_files(tmp_path):

    data = tones(60)
    data.to_csv(tmp_path / "t.csv", index=False)
    featkit.train(data, model="logistic").model.save(tmp_path / "m.fk")
    run = CliRunner().invoke
    out = str(tmp_path / "r.html")
    without = run(main, ["report", str(tmp_path / "m.fk"), "-o", out])
    assert without.exit_code == 0, without.output
    assert "without explanations; give a table to include them" in without.output
    words = [
        "report",
        str(tmp_path / "m.fk"),
        str(tmp_path / "t.csv"),
        "--csv",
        str(tmp_path / "d"),
    ]
    run_result = run(main, [*words, "-o", out, "--jobs", "1"])
    assert run_result.exit_code == 0, run_result.output
    assert "60 rows explained" in run_result.output
    assert pd.read_csv(tmp_path / "d" / "importance.csv")["feature"][0] == "pitch"
    wrong = run(main, ["report", str(tmp_path / "m.fk"), "--sound", "/nowhere", "-o", out])
    assert wrong.exit_code == 2


def test_the_command_takes_a_table_that_lacks_folds_and_labels(tmp_path):

    data = tones(60).assign(fold=np.arange(60) // 3 % 4, kind=np.arange(60) % 3)
    model = featkit.train(
        data, label="kind", fold="fold", model="logistic", exclude=["label"]
    ).model
    model.save(tmp_path / "m.fk")
    data.drop(columns=["fold", "kind"]).to_csv(tmp_path / "new.csv", index=False)
    words = [str(tmp_path / name) for name in ("m.fk", "new.csv")]
    run_result = CliRunner().invoke(main, ["report", *words, "-o", str(tmp_path / "r.html")])
    assert run_result.exit_code == 0, run_result.output
    assert "The most confident" in (tmp_path / "r.html").read_text("utf-8")
