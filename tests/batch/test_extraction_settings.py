"""Settings and decoders: recorded in the table, and compared on resume."""

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from extracting import count_stored, extract

import featkit
from featkit.audio.excerpt import Excerpt
from featkit.audio.source import SourceInfo
from featkit.batch._provenance import computation_settings
from featkit.batch.analysis import FeatureAnalysis
from featkit.cli._main import main
from featkit.errors import ParameterError
from featkit.executors import _in_process, _loky


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"segment": 0.1}, r"excerpt\.segment was none, is 0\.1"),
        ({"offset": 0.1}, r"excerpt\.offset was 0\.0, is 0\.1"),
        ({"features": "standard"}, "feature set was genre75, version 1, is standard"),
    ],
)
def test_other_settings_are_refused_unless_the_run_is_fresh(corpus, other, message):
    extract(corpus)
    with pytest.raises(ParameterError, match=message) as refused:
        extract(corpus, **other)
    assert "out.parquet.parts: was made with other settings" in str(refused.value)
    assert "--fresh (fresh=True)" in str(refused.value)
    fresh = extract(corpus, fresh=True, **other)
    assert fresh.resumed == 0
    assert extract(corpus, **other).resumed == 24


def test_other_versions_are_other_settings(corpus, monkeypatch):
    extract(corpus)
    monkeypatch.setattr("featkit.batch._provenance.installed_version", lambda name: "0.0.1")
    with pytest.raises(
        ParameterError, match=r"versions\.featkit was .*, is 0\.0\.1; .* and [23] more"
    ):
        extract(corpus)


@pytest.fixture
def decoders(monkeypatch):
    """Decoder versions; WAV files with the suffix .m4a count as decoded by PyAV."""
    installed = {"libsndfile": "1.2.2", "PyAV": "14.0.0"}
    original = SourceInfo.from_reader

    def from_reader(reader):
        result = original(reader)
        # Only the name tells the files apart.
        return replace(result, decoder="PyAV") if reader._name.endswith(".m4a") else result

    monkeypatch.setattr(SourceInfo, "from_reader", from_reader)
    for user in ("_provenance", "checkpoint"):
        monkeypatch.setattr(f"featkit.batch.{user}.versions", lambda: dict(installed))
    monkeypatch.setattr(_loky, "shared_executor", None)  # it all happens here
    here = lambda self, n_items, *, isolate: self  # noqa: E731
    monkeypatch.setattr(_in_process.InProcess, "suited", here)
    return installed


def test_decoders_are_listed_with_the_number_of_their_recordings(corpus, decoders):
    table = extract(corpus).table
    assert table.provenance["decoders"] == {"libsndfile": "1.2.2"}
    assert table.provenance["decoded"] == {"libsndfile": 24}
    (corpus / "0" / "00.wav").rename(corpus / "0" / "00.m4a")
    extract(corpus)
    result = CliRunner().invoke(main, ["inspect", "out.parquet"])
    assert re.search(r"decoders\s+PyAV 14\.0\.0, libsndfile 1\.2\.2\n", result.output)
    assert re.search(r"recordings by decoder\s+PyAV 1, libsndfile 23\n", result.output)
    written = (corpus.parent / "out.parquet").read_bytes()
    assert extract(corpus).resumed == 24
    assert (corpus.parent / "out.parquet").read_bytes() == written
    extract(corpus, fresh=True)
    assert (corpus.parent / "out.parquet").read_bytes() == written


def test_a_decoder_that_read_nothing_may_come_and_go(corpus, decoders):
    del decoders["PyAV"]
    extract(corpus)
    for decoders["PyAV"] in ("14.0.0", "15.0.0"):
        assert extract(corpus).resumed == 24


def test_recordings_of_another_decoder_version_are_computed_again(corpus, decoders):
    (corpus / "0" / "00.wav").rename(corpus / "0" / "00.m4a")
    extract(corpus)
    for version in ("15.0.0", "16.0.0"):
        decoders["PyAV"] = version
        second = extract(corpus)
        assert second.resumed == 23
        assert second.table.provenance["decoders"]["PyAV"] == version
    assert extract(corpus).resumed == 24
    assert count_stored() == (24, 24)


def test_settings_bind_only_where_rows_are_stored(corpus):
    only = corpus / "a.wav"
    only.write_text("no sound")
    (corpus / "b.wav").write_text("no sound either")
    extract([only, corpus / "b.wav"])
    assert extract(corpus, offset=0.05).resumed == 0
    with pytest.raises(ParameterError, match="other settings"):
        extract(corpus)


MINE = {"name": "mine", "title": "Levls", "features": [{"family": "rms", "statistics": ["mean"]}]}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"features": MINE}, {"features": {**MINE, "title": "Levels", "reference": "a book"}}),
        ({"segment": 0.1}, {"segment": 0.1, "segment_hop": 0.1}),
        ({"segment": 1, "segment_tail": "keep"}, {"segment": 1.0, "segment_tail": "keep"}),
    ],
)
def test_equivalent_settings_are_the_same(corpus, before, now):
    extract(corpus, **before)
    again = extract(corpus, **now)
    assert again.resumed == 24
    fresh = extract(corpus, output="fresh.parquet", **now)
    assert again.table.provenance == fresh.table.provenance


def test_a_package_that_computes_a_family_is_part_of_the_provenance():
    features = [{"family": "constant_q", "statistics": ["mean"]}]
    for chosen, is_listed in (({"features": features}, True), ("genre75", False)):
        settings = computation_settings(FeatureAnalysis(featkit.feature_set(chosen)), Excerpt())
        assert ("librosa" in settings["versions"]) == is_listed
