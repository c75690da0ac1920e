"""Sections are found by a registry: a new one is a module and a template."""

import re
import sys

import pytest
from reporting import made

from featkit._utils.registry import RegistryError
from featkit.report import sections
from featkit.report._assets import environment
from featkit.report.page import page, recording_page
from featkit.report.section import SECTIONS, Section, sections_of

MODULE = """
from featkit.report.section import Section

SECTION = Section(
    "toy", "A toy", {order}, lambda context: len(context.model.classes), pages={pages!r}
)
"""
TEMPLATE = "<p>The toy counts {{ data }} classes.</p>\n"


@pytest.fixture
def add_section(tmp_path, monkeypatch):
    """Writes the module and the template of a section next to those of the package."""
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    SECTIONS.clear()

    def add(module, template=TEMPLATE):
        (tmp_path / "toy.py").write_text(module)
        (tmp_path / "toy.html.j2").write_text(template)

    yield add
    sys.modules.pop("featkit.report.sections.toy", None)
    SECTIONS.clear()
    environment.cache_clear()


def headings(text):
    """Anchor, number and title of each section."""
    pattern = r'<h2 id="(\w+)-title"><span class="section-number">(\d+)</span> ([^<]+)</h2>'
    return re.findall(pattern, text)


def contents(text):
    """Anchor and title of each line of the contents."""
    return re.findall(r'<li><a href="#(\w+)">([^<]+)</a></li>', text)


def test_a_module_and_a_template_are_a_section_of_both_pages(add_section):
    add_section(MODULE.format(order=15, pages=("model", "recording")))
    model, explanation, _ = made()
    for text in (
        page(model=model, explanation=explanation),
        recording_page(model=model, explanation=explanation),
    ):
        assert ("toy", "2", "A toy") in headings(text)
        assert contents(text)[1] == ("toy", "A toy")
        assert "<p>The toy counts 3 classes.</p>" in text


def test_a_section_is_shown_on_its_pages_only(add_section):
    add_section(MODULE.format(order=99, pages=("model",)))
    assert sections_of("model")[-1].name == "toy"
    assert "toy" not in [section.name for section in sections_of("recording")]


@pytest.mark.parametrize("name", ["model", "recording"])
def test_headings_and_contents_follow_from_the_registry(name):
    model, explanation, _ = made()
    make = {"model": page, "recording": recording_page}[name]
    text = make(model=model, explanation=explanation)
    expected = [(section.name, section.title) for section in sections_of(name)]
    links = [(section.name, section.link or section.title) for section in sections_of(name)]
    assert contents(text) == links
    assert [(anchor, title) for anchor, _, title in headings(text)] == expected
    assert [int(number) for _, number, _ in headings(text)] == list(range(1, len(expected) + 1))


def test_every_section_has_a_title_and_a_template():
    for section in SECTIONS.values():
        assert section.title
        assert environment().get_template(section.template)


def test_a_module_without_a_section_is_refused(add_section):
    add_section("SECTOIN = None\n")
    with pytest.raises(RegistryError, match="toy: must export SECTION, a Section, got None"):
        sections_of("model")


def test_a_section_of_no_known_page_is_refused():
    with pytest.raises(RegistryError, match="section 'toy': pages must be of"):
        Section("toy", "A toy", 10, lambda context: None, pages=("cover",))
