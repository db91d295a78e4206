"""A web proxy that makes trouble: it stands before a server and answers some requests as a bad network would.

    with FaultyProxy("127.0.0.1", port, {"429": 0.05, "truncate": 0.05}, seed=1) as proxy:
        fetch(f"{proxy.root}/object")
    assert proxy.injected["429"]

Faults, each with its probability per request:

    429 500 503 403   that status, with `Retry-After: 0` or `1` for 429; the server behind does not see the request
    reset             the connection is reset; by chance before the server has seen the request, or after its answer
    reset_body        the connection is reset in the middle of the body
    stall             nothing is sent any more, from the beginning or from the middle of the body on
    truncate          the connection ends in the middle of the body, though all of it was announced
    wrong             as many bytes as there should be, but one of them is another
    whole             a request for a part is answered with the whole

As a program: python -m support.proxy --upstream HOST:PORT [--delay 0.02] [--faults 429=0.05,...]. It prints its port,
ends when its input does, and prints what it did as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import attrs

from support.framing import Body, Head

STATUSES = {"429": "Too Many Requests", "500": "Internal Server Error", "503": "Unavailable", "403": "Forbidden"}
CUTS = ("reset_body", "truncate", "stall")
FAULTS = (*STATUSES, "reset", "wrong", "whole", *CUTS)


@attrs.frozen
class Seen:
    """A request that arrived: headers by name in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


def everywhere(method: str, target: str) -> bool:
    """Trouble for every request."""
    return True


class FaultyProxy:
    """Forwards HTTP/1.1 to one server, with faults; in a thread of its own.

    `faults` are probabilities by name; `where(method, target)` says which requests may meet one. `delay` is seconds
    per request. `injected` counts the faults, `connections` those that clients made, `peak_connections` the most at
    once; `seen` lists requests unless `remember` is false.
    """

    def __init__(
        self,
        upstream_host: str,
        upstream_port: int,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        delay: float = 0.0,
        *,
        where: Callable[[str, str], bool] = everywhere,
        remember: bool = True,
    ) -> None:
        self.upstream = (upstream_host, upstream_port)
        self.faults = dict(faults or {})
        unknown = set(self.faults) - set(FAULTS)
        if unknown or sum(self.faults.values()) > 1:
            raise ValueError(f"faults are of {FAULTS}, at most 1 together; not {sorted(unknown)}")
        self.random = random.Random(seed)
        self.delay = delay
        self.where = where
        self.remember = remember
        self.injected: Counter[str] = Counter()
        self.requests = self.connections = self.peak_connections = 0
        self.seen: list[Seen] = []
        self.open: set[_Client] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.loop = _new_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def choose(self, head: Head) -> str:
        """The fault that a request meets; none: an empty name."""
        draw = self.random.random()
        for name, probability in self.faults.items():
            draw -= probability
            if draw < 0:
                fits = name != "whole" or "range" in head.headers
                return name if fits and self.where(head.method, head.target) else ""
        return ""

    def report(self) -> dict[str, Any]:
        """What it did."""
        counts = {"requests": self.requests, "connections": self.connections, "peak": self.peak_connections}
        return {**counts, "injected": dict(self.injected)}

    def close(self) -> None:
        """Close all connections and end. Idempotent."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(self.loop.create_server(lambda: _Client(self), sock=self._listener))
        self.loop.run_forever()
        server.close()
        for client in list(self.open):
            client.end()
        self.loop.run_until_complete(asyncio.sleep(0.01))  # connections close in the loop
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class _Client(asyncio.Protocol):
    """A connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy: FaultyProxy) -> None:
        self.proxy = proxy
        self.server: _Server | None = None
        self.transport: Any = None
        self.stalled = False
        self._buffer = b""
        self._body: Body | None = None
        self._forward: bool = False
        self._pending: list[bytes] = []

    # --- what the client sends ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        proxy = self.proxy
        proxy.open.add(self)
        proxy.connections += 1
        proxy.peak_connections = max(proxy.peak_connections, len(proxy.open))

    def connection_lost(self, error: Exception | None) -> None:
        self.proxy.open.discard(self)
        if self.server is not None:
            self.server.end()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer and not self.stalled:
            if self._body is None:
                head, size = Head.of_request(self._buffer)
                if head is None:
                    return
                raw, self._buffer = self._buffer[:size], self._buffer[size:]
                self._begin(head, raw)
            else:
                taken = self._body.take(self._buffer)
                self._send(self._buffer[:taken])
                self._buffer = self._buffer[taken:]
                if not self._body.is_over:
                    return
            if self._body is not None and self._body.is_over:
                self._body = None
                if not self._forward:
                    self._refuse()

    def _begin(self, head: Head, raw: bytes) -> None:
        proxy = self.proxy
        proxy.requests += 1
        if proxy.remember:
            proxy.seen.append(Seen(head.method, head.target, head.headers))
        self.fault = proxy.choose(head)
        self._body = Body.of_request(head)
        if self.fault in STATUSES or self.fault == "reset":
            self._early = self.fault != "reset" or proxy.random.random() < 0.5
        else:
            self._early = False
        self._forward = not self._early
        if self.fault == "whole":
            proxy.injected["whole"] += 1
            raw = head.without({"range", "if-range"})
        if self._forward:
            if self.server is None:
                self.server = _Server(self)
            self.server.expect(head, self.fault)
            self._send(raw)

    def _send(self, data: bytes) -> None:
        if not self._forward or self.server is None or not data:
            return
        if self.proxy.delay and self._pending is not None:
            self._pending.append(data)
            if len(self._pending) == 1:
                self.proxy.loop.call_later(self.proxy.delay, self._release)
            return
        self.server.send(data)

    def _release(self) -> None:
        data, self._pending = b"".join(self._pending), []
        if self.server is not None:
            self.server.send(data)

    # --- what it gets -------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """Answer without asking the server."""
        name = self.fault
        self.proxy.injected[name] += 1
        if name == "reset":
            self.reset()
            return
        wait = f"Retry-After: {self.proxy.random.randrange(2)}\r\n" if name == "429" else ""
        body = b'{"errors": {"detail": "trouble"}}'
        head = f"HTTP/1.1 {name} {STATUSES[name]}\r\n{wait}Content-Type: application/json\r\n"
        answer = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self.proxy.loop.call_later(self.proxy.delay, self.transport.write, answer)

    def reset(self) -> None:
        """End the connection at once, without a farewell."""
        plug = self.transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def end(self) -> None:
        """End the connection."""
        self.transport.abort()

    def pause_writing(self) -> None:
        if self.server is not None and self.server.transport is not None:
            self.server.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.server is not None and self.server.transport is not None:
            self.server.transport.resume_reading()


class _Server(asyncio.Protocol):
    """The connection to the server that belongs to a client's."""

    def __init__(self, client: _Client) -> None:
        self.client = client
        self.transport: Any = None
        self._waiting: list[bytes] = []
        self._buffer = b""
        self._body: Body | None = None
        self._ended = False
        self.task = client.proxy.loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await self.client.proxy.loop.create_connection(lambda: self, *self.client.proxy.upstream)
        except OSError:
            self.client.end()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if self._ended:
            transport.abort()
            return
        transport.write(b"".join(self._waiting))

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self.client.server = None
        if not self._ended and not self.client.stalled and not self.client.transport.is_closing():
            self.client.transport.close()

    def send(self, data: bytes) -> None:
        """Send the server a part of a request."""
        if self.transport is None:
            self._waiting.append(data)
        else:
            self.transport.write(data)

    def end(self) -> None:
        """End the connection."""
        self._ended = True
        if self.transport is not None:
            self.transport.abort()

    def expect(self, head: Head, fault: str) -> None:
        """Wait for the answer to a request, and treat it as `fault` says."""
        self._request, self._fault, self._body = head, fault, None
        self._left: int | None = None
        self._chance = self.client.proxy.random.random()

    def data_received(self, data: bytes) -> None:
        if self.client.stalled or self.client.transport.is_closing():
            return
        if self._body is not None:
            self._pass(data)
            return
        self._buffer += data
        while self._body is None:
            head, size = Head.of_answer(self._buffer)
            if head is None:
                return
            raw, self._buffer = self._buffer[:size], self._buffer[size:]
            if head.status < 200:
                self.client.transport.write(raw)
                continue
            self._body = Body.of_answer(head, self._request.method)
            self._begin(head, raw)
        rest, self._buffer = self._buffer, b""
        self._pass(rest)

    def _begin(self, head: Head, raw: bytes) -> None:
        fault, client = self._fault, self.client
        announced = int(head.headers.get("content-length", "0") or 0)
        if fault == "reset":
            self._count()
            client.reset()
        elif fault in CUTS:
            self._left = announced // 2
            if fault == "stall" and self._chance < 0.5:
                self._stall()
        elif fault == "wrong" and not announced:
            self._fault = ""
        if not client.stalled and not client.transport.is_closing():
            client.transport.write(raw)

    def _pass(self, data: bytes) -> None:
        """Give the client what came of a body."""
        client, body = self.client, self._body
        if client.stalled or client.transport.is_closing() or body is None:
            return
        taken = body.take(data)
        data = data[:taken]
        if self._fault == "wrong" and data:
            self._count()
            data = bytes([data[0] ^ 0xFF]) + data[1:]
            self._fault = ""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        if data:
            client.transport.write(data)
        if self._left == 0:
            self._cut()
        elif body.is_over:
            self._body = None

    def _cut(self) -> None:
        if self._fault == "stall":
            self._stall()
            return
        self._count()
        if self._fault == "truncate":
            self.client.transport.close()
        else:
            self.client.proxy.loop.call_later(0.005, self.client.reset)  # else it overtakes what was sent
            self.client.stalled = True

    def _stall(self) -> None:
        self._count()
        self.client.stalled = True

    def _count(self) -> None:
        self.client.proxy.injected[self._fault] += 1


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main(arguments: list[str] | None = None) -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds per request")
    parser.add_argument("--faults", default="", metavar="NAME=PROBABILITY,...")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    host, _, port = given.upstream.rpartition(":")
    faults = dict(pair.split("=") for pair in given.faults.split(",") if pair)
    chances = {name: float(chance) for name, chance in faults.items()}
    with FaultyProxy(host, int(port), chances, given.seed, given.delay, remember=False) as proxy:
        print(proxy.port, flush=True)
        sys.stdin.read()
        print(json.dumps(proxy.report()), flush=True)


if __name__ == "__main__":
    main()
