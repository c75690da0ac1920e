"""Settings and fixtures of all tests."""

import itertools
import os
import time
from pathlib import Path

import hypothesis
import pytest
import stores
from extras import folders_without_package

BUCKET_NUMBERS = itertools.count(1)

collect_ignore_glob = ["conftest.py", "*/conftest.py"]
"""Fixtures are no tests: without this, doctest would import several modules of this name."""


def pytest_configure(config):
    """Collect no doctests of modules that need Dask or PyTorch, where it is not installed."""
    package = Path(__file__).parent.parent / "featkit"
    ignored = [str(package / name) for name in folders_without_package()]
    config.option.ignore = [*(config.option.ignore or []), *ignored]


# A busy machine is slow, and no fault; the examples are the same in every run.
hypothesis.settings.register_profile("featkit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("featkit")


@pytest.fixture(scope="session")
def real_data():
    """Folder of real recordings, if FEATKIT_DATA names one."""
    folder = os.environ.get("FEATKIT_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no real recordings: FEATKIT_DATA names no folder of them")
    return Path(folder)


@pytest.fixture
def dask_client(dask_cluster):
    """Client of a Dask cluster with two workers, also after a test that killed one."""
    local = dask_cluster.cluster
    try:
        wait_for_nannies(dask_cluster, seconds=30)
    except TimeoutError:  # a nanny does not start a worker again that was killed while it started
        local.scale(0)
        local.scale(2)
        wait_for_nannies(dask_cluster, seconds=60)
    return dask_cluster


def wait_for_nannies(client, seconds):
    """Wait until two workers run; a worker registers a little before its nanny knows."""
    end = time.monotonic() + seconds
    client.wait_for_workers(2, timeout=seconds)
    while [nanny.status.name for nanny in client.cluster.workers.values()] != ["running"] * 2:
        if time.monotonic() > end:
            raise TimeoutError("the workers of the Dask cluster do not start")
        time.sleep(0.01)


@pytest.fixture(scope="session")
def dask_cluster():
    """The same for all tests; use `dask_client`."""
    distributed = pytest.importorskip("distributed")
    import dask

    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "300 s"}),  # for busy machines
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def s3_endpoint():
    """Address of an S3 server of this session."""
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with stores.s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint, monkeypatch):
    """An empty bucket, such as ``s3://test-1``, with its credentials in the environment."""
    import fsspec

    for name, value in stores.s3_environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    name = f"s3://bucket-{next(BUCKET_NUMBERS)}"
    fsspec.filesystem("s3").mkdir(name)
    return name


@pytest.fixture(scope="session")
def sftp_session(tmp_path_factory):
    """An SFTP server of this session."""
    pytest.importorskip("sshfs")
    if stores.SSHD is None:
        pytest.skip("OpenSSH's server is not installed")
    with stores.sftp_server(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def sftp(sftp_session, monkeypatch):
    """An SFTP server whose keys are in the home of the user."""
    for name, value in stores.sftp_environment(sftp_session).items():
        monkeypatch.setenv(name, value)
    return sftp_session
