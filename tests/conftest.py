"""Settings and fixtures of all tests."""

import os
from pathlib import Path

import hypothesis
import pytest

collect_ignore_glob = ["conftest.py", "*/conftest.py"]
"""Fixtures are no tests: without this, doctest would import several modules of this name."""

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
