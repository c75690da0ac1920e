"""Connections to Dask clusters: what is accepted, what is refused, and lost schedulers."""

import json
import logging
import subprocess
import sys

import deadly
import pytest
from click.testing import CliRunner
from extracting import clip, write_audio

from featkit.cli import main
from featkit.errors import FeatkitError, ParameterError
from featkit.executors import opening

distributed = pytest.importorskip("distributed")

from featkit.executors._dask import connection, processing, versions  # noqa: E402


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)


def opened(cluster):
    with opening.open_executor(cluster=cluster) as executor:
        return executor.workers


def test_a_scheduler_file_names_a_cluster(dask_client, tmp_path):
    file = tmp_path / "scheduler"
    file.write_text(json.dumps({"type": "Scheduler", "address": dask_client.scheduler.address}))
    assert opened(file) == 2


def test_an_address_names_a_cluster(dask_client):
    assert opened(dask_client.scheduler.address) == 2


def test_a_command_works_on_workers_that_it_starts_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_audio(tmp_path / "a.wav", clip(1, 0.3))
    arguments = ["extract", "a.wav", "-o", "a.csv", "--features", "genre75"]
    result = CliRunner().invoke(main, [*arguments, "--cluster", "local:1"])
    assert result.exit_code == 0, result.output
    there = (tmp_path / "a.csv").read_bytes()
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert (tmp_path / "a.csv").read_bytes() == there


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("cluster", "problem"),
    [
        ("tcp://127.0.0.1:9", r"tcp://127.0.0.1:9: no Dask scheduler answers within 0.3 s"),
        ("tcp://no host:1", r"tcp://no host:1: no Dask scheduler answers"),
        ("local:0", r"'local:0' is not a cluster: expected local:N"),
        ("local:many", r"'local:many' is not a cluster: expected local:N"),
        ("gone.json", r"gone.json: cannot read this scheduler file: No such file"),
        ("nonsense", r"'nonsense' is not a cluster: expected tcp://"),
        (3, r"3 is not a cluster"),
    ],
)
def test_what_is_no_cluster_is_named(cluster, problem):
    with pytest.raises(ParameterError, match=problem):
        opened(cluster)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"address": 3}', "\0"])
def test_a_file_that_is_no_scheduler_file_is_named(tmp_path, content):
    (tmp_path / "wrong").write_text(content)
    with pytest.raises(ParameterError, match="wrong is not a scheduler file"):
        opened(tmp_path / "wrong")


def test_jobs_and_cluster_exclude_each_other():
    arguments = ["extract", "a.wav", "-o", "a.csv", "--jobs", "2", "--cluster", "local:2"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "--jobs and --cluster exclude each other" in result.output


def test_an_asynchronous_client_is_refused(dask_client):
    async def refused():
        address = dask_client.scheduler.address
        async with distributed.Client(address, asynchronous=True, set_as_default=False) as client:
            with pytest.raises(ParameterError, match="asynchronous client"):
                opened(client)

    import asyncio

    asyncio.run(refused())


def test_a_closed_client_is_refused(dask_client):
    client = distributed.Client(dask_client.scheduler.address, set_as_default=False)
    client.close()
    with pytest.raises(ParameterError, match="not connected: closed"):
        opened(client)


# Versions


def test_workers_with_other_versions_are_refused(dask_client, monkeypatch):
    actual = dict(versions.versions())
    expected = tuple((actual | {"scipy": "0.1", "libsoxr": "7"}).items())
    monkeypatch.setattr(connection, "versions", lambda: expected)
    with pytest.raises(FeatkitError) as caught:
        opened(dask_client)
    worker = next(iter(sorted(dask_client.nthreads())))
    assert str(caught.value) == (
        f"worker {worker} has other versions: scipy is {actual['scipy']} there, and 0.1 here;"
        f" libsoxr is {actual['libsoxr']} there, and 7 here. The rows could differ: install the"
        " same versions on all workers and here"
    )


def test_workers_that_join_later_are_checked_by_their_tasks(dask_client, monkeypatch):

    monkeypatch.setattr(
        processing, "versions", lambda: (("numpy", "0"), ("instruction sets of NumPy", ""))
    )
    with (
        opening.open_executor(cluster=dask_client) as executor,
        pytest.raises(FeatkitError, match=r"numpy is .* there, and 0 here"),
    ):
        list(executor.process_items(deadly.fate, ["a"], chunk_size=1))


def test_instruction_sets_are_those_of_the_driver(monkeypatch):
    own = dict(versions.versions())
    more = tuple((own | {versions.INSTRUCTION_SETS: "NEW"}).items())
    with pytest.raises(FeatkitError, match=r'has no NEW, .* NPY_DISABLE_CPU_FEATURES="NEW"'):
        versions.check_versions(more, "tcp://a:1")
    fewer = tuple((own | {versions.INSTRUCTION_SETS: ""}).items())
    versions.check_versions(fewer, "tcp://a:1")
    disabled = versions.disabled_instruction_sets(fewer).split()
    assert set(own[versions.INSTRUCTION_SETS].split()) <= set(disabled)


# Lost schedulers


def test_a_lost_scheduler_is_reached_again(caplog, dask_client):
    with opening.open_executor(cluster=dask_client) as executor:
        chunks = executor.process_items(deadly.fate, ["slow", "b"] * 6, chunk_size=2)
        results = next(chunk for chunk in chunks if chunk)
        executor.connection.client.close()  # as after a time without connection
        results += [pair for chunk in chunks for pair in chunk]
    assert sorted(results) == [(k, f"{'b' if k % 2 else 'slow'} is done") for k in range(12)]
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "the scheduler was lost; trying to reach it for 300 s",
        "connected again",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.usefixtures("quick")
def test_a_scheduler_that_stays_away_is_an_error(dask_client, monkeypatch):
    address = dask_client.scheduler.address
    lost = connection.Connection("name", lambda: address)
    monkeypatch.setattr(connection, "RECONNECT_SECONDS", 0.0)
    address = "tcp://127.0.0.1:9"
    with pytest.raises(FeatkitError, match=r"name: the Dask scheduler was lost.*are saved"):
        lost.renew()


def test_a_worker_that_never_answers_is_not_waited_for(dask_client, caplog, monkeypatch):
    def late(self, *_, callback_timeout, **__):
        raise TimeoutError(f"timed out after {callback_timeout} s")

    monkeypatch.setattr(connection, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(distributed.Client, "run", late)
    assert opened(dask_client) == 2
    assert "some workers do not answer" in caplog.text


def test_calls_that_overlap_give_dask_its_messages_back(dask_client, monkeypatch):
    logger = logging.getLogger("distributed.core")
    monkeypatch.setattr(logger, "level", logging.INFO)
    first, second = (connection.connected(dask_client) for _ in range(2))
    with first:
        second.__enter__()
        assert logger.level == logging.CRITICAL
    second.__exit__(None, None, None)
    assert logger.level == logging.INFO


def test_local_workers_that_dask_has_given_up_are_replaced(dask_client):
    address = dask_client.scheduler.address
    with distributed.LocalCluster(
        n_workers=1, processes=False, memory_limit=0, dashboard_address="127.0.0.1:0"
    ) as local:
        again = connection.Connection("a", lambda: address, None, lambda: local.scale(2))
        assert again.threads() == 2
        again.close()
        with distributed.Client(local, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=deadly.PATIENCE)


# Workers that join later


@pytest.fixture
def threads():
    """A cluster in this process, without workers; a worker has four threads."""
    with distributed.LocalCluster(
        n_workers=0,
        threads_per_worker=4,
        processes=False,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


@pytest.mark.usefixtures("quick")
def test_a_cluster_without_workers_is_waited_for(threads, caplog, monkeypatch):
    monkeypatch.setattr(connection, "COUNT_SECONDS", 0.1)
    with opening.open_executor(cluster=threads.scheduler_address) as executor:
        chunks = executor.process_items(deadly.fate, [*"abcdefgh"], chunk_size=1)
        while not caplog.records:
            assert next(chunks) == []
        threads.scale(1)
        results = [pair for chunk in chunks for pair in chunk]
        assert executor.workers == 4
        assert list(executor.map(pow, [(k,) for k in range(9)], shared=2)) == [
            2**k for k in range(9)
        ]
    assert sorted(results) == [(k, f"{name} is done") for k, name in enumerate("abcdefgh")]
    address = threads.scheduler_address
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f"{address}: no workers; waiting for some to join"]


# Imports


def test_dask_is_not_imported_without_a_cluster(tmp_path):
    write_audio(tmp_path / "a.wav", clip(1, 0.3))
    script = (
        "import sys, featkit; featkit.extract(sys.argv[1], features='genre75');"
        " print([name for name in ('distributed', 'dask') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.wav")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[cluster\]'"):
        opened("local:2")
