"""Both webs against real servers."""

from __future__ import annotations

from typing import Any

from groundtruth.adapters.web import CurlWeb
from groundtruth.adapters.web.plain import RequestsWeb
from groundtruth.testing.web_sockets import SocketWebContract
from groundtruth.testing.website import Website


class TestCurlWeb(SocketWebContract):
    def make_web(self, connections: int = 4, read_timeout: float = 5.0) -> CurlWeb:
        return CurlWeb(connections, connect_timeout=1.0, read_timeout=read_timeout)


class TestRequestsWeb(SocketWebContract):
    def make_web(self, connections: int = 4, read_timeout: float = 5.0) -> RequestsWeb:
        return RequestsWeb(connections, connect_timeout=1.0, read_timeout=read_timeout)

    def ends(self, waiting: list[Any], site: Website) -> bool:
        site.released.set()  # it cannot leave a read that waits
        site.hang_up()
        return super().ends(waiting, site)
