"""The HTTP source that is made when it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.transfer import http_source
from groundtruth.testing.transfer import ObjectSourceContract


class TestHttpSourceOnDemand(ObjectSourceContract):
    @pytest.fixture(autouse=True)
    def _world(self, site: Any) -> Iterator[None]:
        self.site = site
        self.made = http_source(connections=4)
        yield
        self.made.close()
        self.made.close()

    def make_source(self, folder: Path) -> Any:
        return self.made

    def add(self, source: object, data: bytes) -> str:
        return self.site.add(data)

    def change(self, source: object, url: str, data: bytes) -> None:
        self.site.objects[self.site.path(url)] = data

    def missing(self, source: object) -> str:
        return f"{self.site.root}/nothing"


def test_requests_is_not_loaded_before_the_first_object() -> None:
    program = (
        "import sys; from groundtruth.adapters.transfer import http_source; source = http_source(4); source.close();"
        "sys.exit('requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
