"""Work that is sent to Dask workers: without featkit there, and to a worker that has died."""

import json
import os
import pickle
import subprocess
import sys

import deadly
import pytest

from featkit.errors import FeatkitError
from featkit.executors import opening

pytest.importorskip("distributed")

from featkit.executors._dask import child, connection
from featkit.executors._dask.sending import Sent


def hide_featkit():
    names = [name for name in sys.modules if name.partition(".")[0] == "featkit"]
    sys.hidden_featkit = {name: sys.modules.pop(name) for name in names}
    sys.modules["featkit"] = None


def show_featkit():
    sys.modules.update(sys.hidden_featkit)


def test_a_function_is_unpickled_without_featkit_and_imported_when_it_is_called():
    assert pickle.loads(pickle.dumps(Sent(json.dumps)))([1]) == "[1]"
    script = (
        "import pickle, sys; sys.modules['featkit'] = None;"
        "function = pickle.load(sys.stdin.buffer); print('loaded', flush=True); function()"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(Sent(connection.connected)),
        capture_output=True,
        check=False,
    )
    assert loaded.stdout == b"loaded\n"
    assert b"ModuleNotFoundError: No module named 'featkit.executors'" in loaded.stderr


def test_a_worker_without_featkit_is_named(dask_client):
    workers = sorted(dask_client.scheduler_info()["workers"])
    dask_client.run(hide_featkit, workers=workers[:1])
    try:
        with (
            pytest.raises(FeatkitError, match=f"worker {workers[0]} cannot import this version"),
            opening.open_executor(cluster=dask_client),
        ):
            pass
    finally:
        dask_client.run(show_featkit, workers=workers[:1])


def test_workers_are_checked_again_if_a_task_cannot_import(dask_client, monkeypatch):
    def named(self):
        raise FeatkitError("worker tcp://late cannot import")

    with opening.open_executor(cluster=dask_client) as dask:
        with pytest.raises(ImportError, match="no such module"):
            list(dask.process_items(deadly.importing, ["a"], chunk_size=1))
        monkeypatch.setattr(connection.Connection, "check_workers", named)
        with pytest.raises(FeatkitError, match="worker tcp://late cannot import"):
            list(dask.process_items(deadly.importing, ["a"], chunk_size=1))


def test_a_process_whose_dask_worker_has_died_ends_without_a_traceback(tmp_path):
    work = pickle.dumps((deadly.fate, 1.0, None, str(tmp_path)))
    running = subprocess.Popen(
        [sys.executable, "-c", child.START, json.dumps(sys.path), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running.stdout.close()
    pickle.dump(("chunk", work, pickle.dumps(["a"])), running.stdin)
    running.stdin.flush()
    assert running.wait(deadly.PATIENCE) == 1
    assert running.stderr.read() == b""
    running.stdin.close()
    running.stderr.close()
