"""Summary and exit status of the command, as far as batches are concerned."""

import shlex
import subprocess
import sys

from click.testing import CliRunner
from extracting import command, write_noise

from featkit.cli._main import main


def test_some_failures_may_be_allowed(corpus):
    for name in ("a", "b"):
        (corpus / f"{name}.wav").write_text("no sound")
    arguments = command("--jobs", 1)[3:]
    for allowed, status in ((1, 3), (2, 0)):
        done = CliRunner().invoke(main, [*arguments, "--max-failures", str(allowed)])
        assert done.exit_code == status, done.output
        assert "2 failed, see out.parquet.failures.csv" in done.stderr


def test_quiet_prints_failures_only(corpus):
    arguments = [*command("--jobs", 1)[3:], "--quiet"]
    assert CliRunner().invoke(main, arguments).output == ""
    (corpus / "a.wav").write_text("no sound")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 3
    assert done.stderr.startswith("1 failed, see out.parquet.failures.csv")


def test_the_summary_counts_files_of_earlier_runs(corpus):
    arguments = command("--jobs", 1)[3:]
    CliRunner().invoke(main, arguments)
    write_noise(corpus / "new.wav", 50)
    done = CliRunner().invoke(main, arguments)
    assert "out.parquet: 25 rows, 75 features; 24 files from earlier runs, 0.2 s of" in done.stderr


def test_it_works_without_any_output(corpus, tmp_path):
    words = [sys.executable, "-m", "featkit", "extract", str(corpus), "-o", "out.csv"]
    shell = " ".join(map(shlex.quote, [*words, "--features", "genre75", "--jobs", "2"]))
    done = subprocess.run(["sh", "-c", f"{shell} <&- >&- 2>&-"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "out.csv").is_file()
