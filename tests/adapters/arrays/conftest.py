from __future__ import annotations

from typing import Any

import pytest

from groundtruth.adapters.artifacts import codec as artifact_codec


@pytest.fixture(scope="session")
def codec() -> Any:
    """What files of datasets are given to read and write documents."""
    return artifact_codec
