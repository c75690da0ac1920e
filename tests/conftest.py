"""What several test files use."""

import os
from pathlib import Path

import hypothesis
import pytest

# A busy machine is slow, and no fault; the examples are the same in every run.
hypothesis.settings.register_profile("featkit", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("featkit")


@pytest.fixture(scope="session")
def real_data():
    """Folder of real recordings: FEATKIT_DATA, or ../shared/data beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FEATKIT_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} does not exist, set FEATKIT_DATA")
    return folder
