"""The terminal output of an audit."""

import sys
from dataclasses import replace

import click
import pytest
from made_audits import hostile_audit, made_audit, many_issues
from terminal import Terminal

from featkit.auditing.dataset import NEEDS
from featkit.auditing.issue import Issue
from featkit.cli._audit import MAX_LENGTH, MAX_SHOWN, show_audit
from featkit.cli._options import QUIET_KEY


def shown(capsys, audit, **how):
    show_audit(audit, **how)
    return capsys.readouterr().out


def test_issues_are_listed_by_severity_and_kind(capsys):
    audit = made_audit()
    text = shown(capsys, audit)
    assert text.startswith(
        "corpus: 12 recordings, 3 classes\n7 issues by 6 checks: 2 high, 3 medium"
    )
    for issue in audit.issues:
        assert f"  - {issue.message}\n" in text
        assert f"  → {issue.remedy}\n" in text
    places = [text.index(f"\n{severity}") for severity in ("high", "medium", "low")]
    assert places == sorted(places)


def test_titles_are_not_repeated_and_endless_messages_are_cut(capsys):
    issue = Issue("near_copies", "near copies", "low", f"{'x' * 5000} is long", "keep one")
    text = shown(capsys, replace(made_audit(), issues=[issue]))
    assert "low     Near copies (1 issue)\n" in text
    assert f"- {'x' * (MAX_LENGTH - 1)}…\n" in text


def test_skipped_checks_are_listed_with_the_reason(capsys):
    text = shown(capsys, made_audit())
    assert f"checks that did not run:\n  Groups that leak: {NEEDS['features']}\n" in text


def test_long_lists_are_cut_and_name_the_file_of_all(capsys):
    text = shown(capsys, many_issues(1000), issue_file="audit.parquet")
    assert text.count("\n  - ") == 2 * MAX_SHOWN
    assert text.count("… and 495 more (all in audit.parquet)") == 2
    assert text.count("→ leave out all but one") == 1
    assert "(all with -o audit.parquet)" in shown(capsys, many_issues(1000))


def test_the_output_ends_with_the_cleaned_table(capsys):
    *_, last = shown(capsys, made_audit()).strip().split("\n\n")
    assert last.startswith("- The cleaned table leaves out 1 of 12 recordings.")
    assert "Labels that are probably wrong are neither changed nor removed" in last
    assert "--cleaned cleaned.parquet" in last.splitlines()[-1]


def test_quiet_shows_issues_only(capsys):
    with click.Context(click.Command("audit")) as context:
        context.meta[QUIET_KEY] = True
        text = shown(capsys, made_audit())
    assert text.startswith("\nhigh")
    assert "did not run" not in text
    assert "cleaned table" not in text


def test_control_characters_are_escaped(capsys):
    text = shown(capsys, hostile_audit())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"line\nbreak\x1b[31m.wav" in text


@pytest.mark.parametrize("columns", [30, 50])
def test_lines_fit_on_a_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    show_audit(made_audit())
    lines = click.unstyle(terminal.getvalue()).splitlines()
    items = [line for line in lines if line.startswith("  ")]
    assert max(map(len, items)) <= columns
    assert any(line.startswith("    ") for line in items)
