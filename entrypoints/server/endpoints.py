"""The ways in which requests are answered: with a key, without one, and by taking a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

from ...domain.access import AccessKey
from ...domain.errors import GroundtruthError
from .call import Call, Route
from .public import PublicCall, PublicRoute
from .refusals import reply_to_error, reply_to_fault
from .replies import Outcome, reply_of
from .requests import Receive, Request, decode_json, read_body
from .services import Services, check_access, key_of

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

TRUSTED_BODY = 64 << 10
"""Bodies up to here are read before the key is looked at, which spares a change of threads."""
LARGE_BODY = 4 << 20
LARGE_BODIES = 4
"""So many bodies above LARGE_BODY are held at a time; others wait unread."""
SLOW = 0.003
"""Seconds that what should be quick takes on average when it is not."""
WEIGHT = 0.1
"""Of the latest one in that average: one that was interrupted does not count for much."""
PAUSE = 1.0
"""Seconds for which threads then do it."""


class Endpoint(Protocol):
    """Answers requests. Runs on the event loop, where nothing may wait for the disk."""

    async def __call__(self, request: Request, receive: Receive) -> Outcome:
        """Answer a request."""
        ...


class Endpoints:
    """Makes endpoints that share services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._large = asyncio.Semaphore(LARGE_BODIES)
        self._average = 0.0
        self._slow_until = 0.0

    async def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Do something that may wait, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._services.pool, work, *arguments)

    async def run_here(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Do something that seldom waits, without a thread: changing threads costs more than a look at a catalogue.

        Where it takes long after all, as on a slow disk, threads do it for a while.
        """
        started = time.perf_counter()
        if started < self._slow_until:
            return await self.run(work, *arguments)
        result = work(*arguments)
        ended = time.perf_counter()
        self._average += WEIGHT * (ended - started - self._average)
        if self._average > SLOW:
            self._average, self._slow_until = 0.0, ended + PAUSE
        return result

    def keyed(self, route: Route, is_quick: bool) -> Endpoint:
        """Check the key, then call the route's handler."""
        run = self.run_here if is_quick else self.run

        async def answer(request: Request, receive: Receive) -> Outcome:
            if request.method in {"GET", "HEAD"}:
                return await run(self._answer, request, route, b"")
            return await self._answer_with_body(request, route, receive)

        return answer

    async def _answer_with_body(self, request: Request, route: Route, receive: Receive) -> Outcome:
        options = self._services.options
        size = request.announced()
        if size is None or size > TRUSTED_BODY:
            refusal = await self.run(guarded, self._admit, request, route)
            if not isinstance(refusal, AccessKey):
                return refusal
        if size is not None and size <= LARGE_BODY:
            body = await read_body(request, receive, options.max_json, options.patience)
            return await self.run(self._answer, request, route, body)
        async with self._large:
            body = await read_body(request, receive, options.max_json, options.patience)
            return await self.run(self._answer, request, route, body)

    def _answer(self, request: Request, route: Route, raw: bytes) -> Outcome:
        return guarded(self._handle, request, route, raw)

    def _admit(self, request: Request, route: Route) -> AccessKey:
        key = key_of(self._services.hub, request.headers.get("authorization"))
        check_access(key, request.parameters.get("team", key.team), route.permission)
        request.key = key
        return key

    def _handle(self, request: Request, route: Route, raw: bytes) -> Outcome:
        services = self._services
        key = self._admit(request, route)
        body = decode_json(request, raw, services.options) if raw else None
        call = Call(
            services.hub,
            services.codec,
            services.clock,
            services.links(request),
            key,
            request.parameters,
            request.query(),
            request.headers,
            body,
        )
        return reply_of(route.handler(call))

    def public(self, route: PublicRoute) -> Endpoint:
        """Call the route's handler, which checks for itself."""

        async def answer(request: Request, receive: Receive) -> Outcome:
            is_quick = route.is_quick is not None and route.is_quick(request.parameters, self._services.options.near)
            run = self.run_here if is_quick else self.run
            return await run(guarded, self._handle_public, request, route)

        return answer

    def _handle_public(self, request: Request, route: PublicRoute) -> Outcome:
        services = self._services
        call = PublicCall(
            services.hub,
            services.codec,
            services.clock,
            services.links(request),
            request.method,
            request.parameters,
            request.query(),
            request.headers,
        )
        return reply_of(route.handler(call))


def guarded(work: Callable[[*Ts], T], *arguments: *Ts) -> T | Outcome:
    """What work returns, or the answer to the error it ends in: errors do not cross threads."""
    try:
        return work(*arguments)
    except GroundtruthError as error:
        return reply_to_error(error)
    except Exception as error:  # noqa: BLE001 - the outermost layer: it is logged, and the client is told so much
        return reply_to_fault(error)
