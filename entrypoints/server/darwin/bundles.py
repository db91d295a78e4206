"""Several small files in one answer, for groundtruth's own client: every request costs about as much as 100 KB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....domain.access import Permission
from ....domain.bundle import GIVEN, MAX_CONTENT, MAX_OBJECT, MAX_OBJECTS, Frame, pack_frames
from ....domain.errors import GroundtruthError, InvalidInput
from ....domain.stored import STORAGE_SCHEME
from ..call import Call, Route
from ..refusals import reply_to_error
from ..replies import Reply
from .fields import mapping
from .files import type_of

ALONE = 413
"""Status of a file that has to be asked for by itself."""


def get_files(call: Call) -> Reply:
    """A bundle (`domain.bundle`) with a frame for each file asked for, in their order."""
    ids = mapping(call.body).get("files")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or len(ids) > MAX_OBJECTS:
        raise InvalidInput("files", f"must be a list of at most {MAX_OBJECTS} ids")
    return Reply(200, pack_frames(_frames(call, ids)), ((b"content-type", b"application/octet-stream"),))


def _frames(call: Call, ids: Sequence[str]) -> Iterator[Frame]:
    room = MAX_CONTENT
    for file_id in ids:
        try:
            frame = _frame(call, file_id, room)
        except GroundtruthError as error:
            frame = Frame(reply_to_error(error).status)
        room -= len(frame.content)
        yield frame


def _frame(call: Call, file_id: str, room: int) -> Frame:
    url = call.links.check_file(call.team, file_id)
    if url.startswith(f"{STORAGE_SCHEME}:"):
        return Frame(ALONE)  # it is elsewhere, and the others would wait for it
    stream = call.hub.source.open(url)
    try:
        if stream.size is None or stream.size > min(MAX_OBJECT, room):
            return Frame(ALONE)
        return Frame(GIVEN, type_of(url), b"".join(stream.chunks()))
    finally:
        stream.close()


ROUTES = (Route("POST", "v2/teams/{team}/files", get_files, Permission.READ),)
