from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failing test.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


# A shell that starts us in the background has us ignore Ctrl-C, and the processes that tests interrupt with us.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of the golden cases: what GROUNDTRUTH_VECTORS names, else `shared/vectors` beside the repository."""
    named = os.environ.get("GROUNDTRUTH_VECTORS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "vectors"
    if not folder.is_dir():
        pytest.skip(f"no golden cases in {folder}; set GROUNDTRUTH_VECTORS")
    return folder
