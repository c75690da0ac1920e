"""The page of an audit: every issue, with evidence and what to do, as text that is harmless."""

import json
import re
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from html_tables import table_of, text_of
from made_audits import (
    HOSTILE_LABEL,
    HOSTILE_NAMES,
    dataset,
    hostile_audit,
    made_audit,
    many_issues,
    write_recordings,
)

from featkit.auditing.dataset import NEEDS
from featkit.auditing.issue import Issue, Place
from featkit.auditing.result import Audit
from featkit.errors import ParameterError
from featkit.report.audit_page import audit_page, write_audit_report
from featkit.report.section import sections_of
from featkit.report.sections.audit_issues import MAX_OF_KIND, MAX_OPEN

LAST_CHECKS = ["Defects of recordings", "Balance"]


@pytest.fixture(scope="module")
def audit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_recordings(folder)
    return made_audit(folder)


@pytest.fixture(scope="module")
def html(audit):
    return audit_page(audit)


@pytest.fixture(scope="module")
def text(html):
    return text_of(html)


def articles(html):
    """The HTML of each issue by its number."""
    found = re.findall(r'<article class="issue" id="issue-(\d+)".*?</article>', html, re.S)
    texts = re.findall(r'<article class="issue".*?</article>', html, re.S)
    return dict(zip(map(int, found), texts, strict=True))


def test_sections_are_in_order(html):
    names = re.findall(r'<section id="(\w+)"', html)
    assert names == ["audit_overview", "audit_issues", "audit_cleaning"]
    assert names == [section.name for section in sections_of("audit")]


def test_the_page_is_written_and_the_same_each_time(tmp_path, audit, html):
    calls = []
    write_audit_report(tmp_path / "a.html", audit, progress=calls.append)
    assert [(own.done, own.total) for own in calls] == [(done, 7) for done in range(8)]
    assert (tmp_path / "a.html").read_text("utf-8") == html
    with pytest.raises(ParameterError, match="nowhere"):
        write_audit_report(tmp_path / "nowhere" / "a.html", audit)


def test_the_overview_counts_issues_and_lists_checks(audit, html, text):
    assert "<h1>corpus: 7 issues</h1>" in html
    assert f"{len(audit.checked)} checks found 7 issues (2 high, 3 medium and 2 low)" in text
    rows = table_of(html, "Issues by severity")
    assert [row[:2] for row in rows] == [["high", "2"], ["medium", "3"], ["low", "2"]]
    outcomes = [row[1] for row in table_of(html, "What was checked")]
    assert outcomes[0] == "0 issues"
    assert f"did not run: {NEEDS['features']}" in outcomes
    assert len(outcomes) == len(audit.checked) + len(audit.skipped)


def test_every_issue_is_there_with_its_remedy(audit, html, text):
    assert list(articles(html)) == list(range(1, 8))
    for issue in audit.issues:
        assert issue.message[1:] in text
        assert f"What to do: {issue.remedy[0].upper()}{issue.remedy[1:]}." in text


def test_recordings_have_pictures_and_players(audit, html):
    shown = articles(html)
    for number, issue in enumerate(audit.issues, start=1):
        recordings = len({place.path for place in issue.places})
        assert shown[number].count("<audio") == recordings
        assert (
            shown[number].count("Spectrogram of") + shown[number].count("Waveform of") == recordings
        )


def test_copies_are_aligned(audit, html):
    number = 1 + [issue.kind for issue in audit.issues].index("near copies")
    pair = articles(html)[number]
    assert re.findall(r'class="axis small"><span>(.*?)</span><span>(.*?)</span>', pair) == [
        ("0\u00a0s", "3\u00a0s"),
        ("−1\u00a0s", "2\u00a0s"),
    ]
    first, second = re.findall(r'class="marked over" d="(.*?)"', pair)
    assert first == second == "M333 1h667v98h-667z"
    assert "plays 1\u00a0s to 3\u00a0s" in pair
    assert "plays 0\u00a0s to 2\u00a0s" in pair


def test_each_channel_of_a_dead_channel_is_drawn(html):
    article = next(
        own for own in articles(html).values() if "dead channel" in own or "stereo" in own
    )
    assert article.count('class="strip waves"') == 2


def test_evidence_is_shown_as_facts_bars_tables_and_a_matrix(html, text):
    assert table_of(html, "Probabilities") == [
        ["dog", "", "91.0 %"],
        ["rain", "", "3.0 %"],
        ["rooster", "", "6.0 %"],
    ]
    assert [row[0] for row in table_of(html, "Recordings")] == ["dog", "rain", "rooster"]
    assert table_of(html, "Durations")[0] == ["dog", "10", "1.5 s"]
    assert table_of(html, "Confusion") == [
        ["dog", "40", "2", "·"],
        ["rain", "5", "33", "1"],
        ["rooster", "·", "1", "39"],
    ]
    scores = table_of(html, "Scores with 95 % intervals")
    assert scores[0][2] == "80.0 % (70.0 % to 90.0 %)"
    assert scores[1][2] == "−10.0 points (−20.0 to −5.0)"
    assert "5 of 39 “rain” that are probably “dog” (12.8 %)." in text
    assert "Match score 0.93" in text


def test_the_page_says_what_the_cleaned_table_leaves_out(text):
    assert "Left out of the cleaned table: rain/late.wav." in text
    assert "The cleaned table leaves out 2 of 15 recordings" in text
    assert "Labels that are probably wrong are neither changed nor removed" in text
    assert "without features there is no score" in text


def test_without_label_errors_the_page_does_not_explain_them(audit):
    issues = [issue for issue in audit.issues if issue.check != "label_errors"]
    text = text_of(audit_page(Audit(dataset(names=["a"]), issues, audit.checked)))
    assert "Labels that are probably wrong" not in text


def test_without_sound_the_page_says_how_to_get_it():
    html = audit_page(made_audit())
    assert "<audio" not in html
    assert "<img" not in html
    assert f"No pictures and sounds: {NEEDS['sound']}." in text_of(html)


def test_without_issues_the_page_says_so():
    text = text_of(audit_page(Audit(dataset(), [], ["files"])))
    assert "1 check found no issue in “corpus”." in text
    assert "There are no issues." in text


def test_long_lists_are_folded_and_counted():
    html = audit_page(many_issues(5000))
    shown = articles(html)
    assert len(shown) == 2 * MAX_OF_KIND
    assert html.count(f"<summary>{MAX_OF_KIND - MAX_OPEN} further issues of this kind") == 2
    assert text_of(html).count("2,400 more issues of this kind: add -o audit.parquet") == 2
    assert len(html) < 1_000_000


def test_many_recordings_of_an_issue_are_folded_and_counted():
    places = tuple(Place(f"{k}.wav", 0.0, 1.0) for k in range(100))
    issue = Issue("defects", "clipping", "low", "clipping in 100 recordings", "r", places)
    html = audit_page(Audit(dataset(names=[p.path for p in places]), [issue], ["defects"]))
    assert html.count("<figure") == 4
    assert "<summary>96 further recordings</summary>" in html
    assert "46 more recordings: add -o audit.parquet" in text_of(html)


def test_the_filter_has_severities_checks_and_labels(audit, html):
    data = json.loads(re.search(r'id="data">(.*?)</script>', html, re.S)[1])
    filters = {name: [text for _, text in options] for name, _, options in data["filters"]}
    assert filters["severity"] == ["high", "medium", "low"]
    assert filters["check"] == ["Exact copies", "Near copies", "Probable mislabels", *LAST_CHECKS]
    assert filters["labels"] == ["dog", "rain", "rooster"]


def test_hostile_names_are_text():
    audit = hostile_audit()
    html = audit_page(audit)
    assert "alert" not in re.findall(r"<script>(.*?)</script>", html, re.S)[-1]
    assert {*re.findall(r"<(\w+)", html)}.isdisjoint({"b", "iframe", "object", "img"})
    assert html.count("<script") == 2
    assert f'">{escape(HOSTILE_LABEL)}</span>' in html
    shown = text_of(html).replace("\u2068", "").replace("\u2069", "")
    for name in HOSTILE_NAMES:
        assert " ".join(name.replace("\u202e", "�").split()) in shown


def test_nothing_is_loaded(html):
    for address in re.findall(r'(?:src|href)="([^"]{0,40})', html):
        assert address.startswith(("#", "data:"))
    assert 'style="' not in html


def test_no_path_leaves_the_recordings_of_the_dataset(audit):
    places = (Place("../../etc/passwd"), Place("/etc/passwd"))
    issue = Issue("exact_copies", "k", "high", "m", "r", places)
    html = audit_page(replace(audit, issues=[issue]))
    assert "<audio" not in html
    assert text_of(html).count("No picture and sound: the dataset has no such recording") == 2


def test_a_file_that_vanished_is_an_error_of_its_clip(tmp_path):
    write_recordings(tmp_path, number=3)
    audit = made_audit(tmp_path)
    (tmp_path / "rain" / "late.wav").unlink()
    html = audit_page(audit)
    assert "No picture and sound: open:" in text_of(html)
    assert html.count("<audio") >= 3


def test_a_matrix_with_numbers_of_numpy_is_a_matrix():
    evidence = {"classes": np.array(["a", "b"]), "joint": np.array([[3, 1], [0, 2]])}
    issue = Issue("label_errors", "confusion of labels", "low", "m", "r", evidence=evidence)
    html = audit_page(Audit(dataset(names=["x"]), [issue], ["label_errors"]))
    assert table_of(html, "Given labels and probable labels") == [["a", "3", "1"], ["b", "·", "2"]]
