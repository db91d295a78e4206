"""Taking the bytes of uploads: of one at an address that was signed for it, of several small ones with a key."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from ...domain.access import Permission
from ...domain.bundle import MAX_BUNDLE, MAX_OBJECT, MAX_OBJECTS, Frame, unpack_frames
from ...domain.errors import GroundtruthError, IntegrityError, InvalidInput, Truncated
from .endpoints import Endpoint, Endpoints, guarded
from .options import ServerOptions
from .refusals import reply_to_error
from .replies import Outcome, Reply, json_reply
from .requests import Receive, Request, read_body, read_piece, short, too_large
from .services import Services, check_access, key_of

KEPT = 1 << 20
"""Bodies up to here are held in memory; larger ones wait in a file until they are complete."""

SMALL = 1 << 17
"""Bodies up to here are stored as quickly as a thread is woken."""

UPLOADS = "uploads"


def upload_endpoint(services: Services, endpoints: Endpoints) -> Endpoint:
    """Answers `PUT /api/uploads/{team}/{upload_id}?expires=…&signature=…`."""
    options = services.options

    async def answer(request: Request, receive: Receive) -> Outcome:
        team, upload_id = request.parameters["team"], request.parameters["upload_id"]
        _check(services, request, team, upload_id)
        size = request.announced()
        if size is not None and size > options.max_body:
            raise too_large(options.max_body)
        if size is not None and size <= KEPT:
            body = await read_body(request, receive, KEPT, options.patience)
            run = endpoints.run_here if size <= SMALL else endpoints.run
            return await run(guarded, _take, services, team, upload_id, (body,), size)
        missing = await endpoints.run(guarded, _find, services, team, upload_id)
        if missing is not None:
            return missing
        with tempfile.TemporaryFile(dir=options.spool) as file:
            arrived = await _spool(endpoints, services.options, receive, file, size)
            return await endpoints.run(guarded, _take_file, services, team, upload_id, file, arrived)

    return answer


def bundle_endpoint(services: Services, endpoints: Endpoints) -> Endpoint:
    """Answers `POST /api/v2/teams/{team}/items/uploads/bundle`: small uploads, each a frame labelled with its id.

    The answer tells which were refused, with the status each would have got by itself.
    """
    options = services.options

    async def answer(request: Request, receive: Receive) -> Outcome:
        # The key first: a body is not held for somebody who may not send one.
        refusal = await endpoints.run(guarded, _admit, services, request)
        if refusal is not None:
            return refusal
        body = await read_body(request, receive, MAX_BUNDLE, options.patience)
        return await endpoints.run(guarded, _take_bundle, services, request.parameters["team"], body)

    return answer


def _admit(services: Services, request: Request) -> None:
    key = key_of(services.hub, request.headers.get("authorization"))
    check_access(key, request.parameters["team"], Permission.CONTRIBUTE)
    request.key = key


def _take_bundle(services: Services, team: str, body: bytes) -> Reply:
    limit = min(MAX_OBJECT, services.options.max_body)
    frames = _frames_of(body)
    refused: dict[str, GroundtruthError] = {
        frame.label: too_large(limit) for frame in frames if len(frame.content) > limit
    }
    taken = [(frame.label, frame.content) for frame in frames if len(frame.content) <= limit]
    refused.update(services.hub.receive_all(team, taken))
    return json_reply({"refused": {key: reply_to_error(error).status for key, error in refused.items()}})


def _frames_of(body: bytes) -> Sequence[Frame]:
    """All frames, before the first of them is used."""
    try:
        frames = list(islice(unpack_frames(body), MAX_OBJECTS + 1))
    except IntegrityError as error:
        raise InvalidInput("the body", error.reason) from error
    if len(frames) > MAX_OBJECTS:
        raise InvalidInput("the body", f"has more than {MAX_OBJECTS} files")
    return frames


def _check(services: Services, request: Request, team: str, upload_id: str) -> None:
    query = request.query()
    expires, signature = (next(iter(query.get(name, ())), "") for name in ("expires", "signature"))
    services.links(request).check_signed((UPLOADS, team, upload_id), expires, signature)


async def _spool(
    endpoints: Endpoints, options: ServerOptions, receive: Receive, file: IO[bytes], announced: int | None
) -> int:
    """Write the body to a file; return its size.

    Raises:
        Refused: it is not as long as announced, above the limit, or stopped coming.
    """
    limit = options.max_body if announced is None else announced
    size, held, more = 0, bytearray(), True
    while more:
        piece, more = await read_piece(receive, options.patience)
        held += piece
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        if len(held) >= KEPT or not more:
            await endpoints.run(file.write, held)
            held = bytearray()
    if announced is not None and size != announced:
        raise short(announced, size)
    return size


def _find(services: Services, team: str, upload_id: str) -> None:
    services.hub.find_upload(team, upload_id)


def _take_file(services: Services, team: str, upload_id: str, file: IO[bytes], size: int) -> Reply:
    file.seek(0)
    return _take(services, team, upload_id, _pieces(file), size)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(KEPT):
        yield piece


def _take(services: Services, team: str, upload_id: str, chunks: Iterator[bytes] | tuple[bytes], size: int) -> Reply:
    upload = services.hub.find_upload(team, upload_id)
    try:
        services.hub.receive(upload, chunks, size)
    except Truncated as error:
        raise short(error.expected_size, error.actual_size) from error
    return Reply()
