"""Releases: listing, making and downloading them (reference: V7 Darwin, sections 6, 7.2 and 8.1)."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

import attrs

from ....domain.access import Permission
from ....domain.dataset import Dataset
from ....domain.errors import InvalidName, ReleaseNotFound
from ....domain.item import LISTED_STATUSES, ItemStatus
from ....domain.reference import DatasetReference
from ....domain.release import ExportOptions, Release, ReleaseStatus, check_release_name, newest
from ..call import Call, Route
from ..public import PublicCall, PublicRoute
from ..refusals import Refused
from ..replies import Headers, Reply, Stream
from .addresses import FileAddresses
from .fields import flag, integer, listed, mapping, optional_mapping, text
from .ranges import asked_range, is_known, within
from .zips import RECIPE, part, zip_chunks

FORMAT = "darwin_json_2"
METADATA = ".v7/metadata.json"

_FILTERS = {"annotation_class_ids", "statuses"}
_STATUSES = frozenset({*LISTED_STATUSES, ItemStatus.ARCHIVED})


# --- E30 --------------------------------------------------------------------------------------------


def list_exports(call: Call) -> Sequence[Mapping[str, Any]]:
    """Records of all releases, newest first."""
    return _records(call, _dataset(call))


def _dataset(call: Call) -> Dataset:
    return call.hub.get_dataset(DatasetReference(call.team, call.path["dataset"]))


def _records(call: Call, dataset: Dataset) -> list[dict[str, Any]]:
    releases = list(call.hub.list_releases(dataset))
    latest = newest(releases)
    names = {name for release in releases for name in release.class_names}
    # Of classes with one name and several kinds any will do: a release knows names.
    ids = {one.name: one.id for one in call.hub.list_classes(dataset)} if names else {}
    versions = range(len(releases), 0, -1)
    return [
        _record(call, release, version, release is latest, ids)
        for version, release in zip(versions, releases, strict=True)
    ]


def _record(
    call: Call, release: Release, version: int, latest: bool, ids: Mapping[str, int | None]
) -> dict[str, Any]:
    record = {
        "name": release.name,
        "version": version,
        "status": release.status.value,
        "format": release.format,
        "latest": latest,
        "inserted_at": release.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "download_url": None,
        "metadata": {},
    }
    if release.status is ReleaseStatus.COMPLETE:
        address = call.links.signed("releases", release.team, release.dataset, f"{release.name}.zip")
        # In the address, so that whoever asks for it again gets the same bytes.
        record["download_url"] = f"{address}&token={call.links.token(release.team)}" if release.url_token else address
        classes = [{"id": ids.get(name), "name": name} for name in release.class_names]
        record["metadata"] = {"num_images": release.item_count, "annotation_classes": classes}
        if release.digest is not None:
            record["metadata"]["digest"] = str(release.digest)
    return record


# --- E31 --------------------------------------------------------------------------------------------


def create_export(call: Call) -> Mapping[str, Any]:
    """Make a release; the answer is its record, and by then it is complete."""
    dataset = _dataset(call)
    body = mapping(call.body)
    try:
        name = check_release_name(text(body, "name"))
    except InvalidName as error:
        raise _refused("name", f"{error.reason}. {error.advice}") from error
    if body.get("format") not in (None, FORMAT):
        raise _refused("format", f"{str(body['format'])[:50]!r} is not made by this hub. Use '{FORMAT}'")
    call.hub.create_release(dataset, name, _options(body))
    return next(record for record in _records(call, dataset) if record["name"] == name)


def _options(body: Mapping[str, Any]) -> ExportOptions:
    filters = {**_filters(body, "annotation_filters"), **_filters(body, "filters")}
    class_ids, statuses = filters.get("annotation_class_ids"), filters.get("statuses")
    return ExportOptions(
        tuple(integer(one, "annotation_class_ids") for one in class_ids or ()),
        flag(body, "include_authorship"),
        flag(body, "include_export_token"),
        None if statuses is None else tuple(_status(one) for one in statuses),
        FORMAT,
    )


def _filters(body: Mapping[str, Any], name: str) -> Mapping[str, Sequence[Any]]:
    filters = optional_mapping(body, name) or {}
    # One that is not known would be overlooked, and more would be exported than was asked for.
    if unknown := sorted(filters.keys() - _FILTERS):
        raise _refused(name, f"{unknown[0][:50]!r} is not known. Use {' or '.join(sorted(_FILTERS))}")
    return {key: listed(filters, key) for key, value in filters.items() if value is not None}


def _status(value: Any) -> ItemStatus:
    if not isinstance(value, str) or value not in _STATUSES:
        raise _refused("filters", f"statuses are {', '.join(sorted(_STATUSES))}")
    return ItemStatus(value)


def _refused(field: str, words: str) -> Refused:
    return Refused(422, {field: [words]})


# --- downloading ------------------------------------------------------------------------------------


def download_release(call: PublicCall) -> Reply | Stream:
    """The zip of a release, for whoever has its address.

    Bytes are made as they are sent. They are always the same for the same address, so that parts of them can be asked
    for; what lies before a part is made and left out.
    """
    team, slug, file = call.path["team"], call.path["dataset"], call.path["file"]
    call.links.check_signed(("releases", team, slug, file), call.parameter("expires"), call.parameter("signature"))
    token = call.parameter("token")
    if token:
        call.links.check_token(team, token)
    release = _find(call, team, slug, file.removesuffix(".zip"))
    download = _Download(call, release, token)
    headers = _headers(download.etag, file)
    if is_known(call.headers, download.etag):
        return Reply(304, headers=headers)
    asked = asked_range(call.headers, download.etag)
    if asked is None:
        chunks = download.chunks()
        # The first is made now: what cannot be read is still answered with an error.
        return Stream(itertools.chain([next(chunks)], chunks), chunks.close, headers=headers)
    # The size is not known before all of it was made. This happens after a transfer broke off, which is rare.
    size = sum(map(len, download.chunks()))
    span = within(asked, size)
    if span is None:
        return Reply(416, headers=(*headers, (b"content-range", b"bytes */%d" % size)))
    place = b"bytes %d-%d/%d" % (span.start, span.stop - 1, size)
    chunks = part(download.chunks(), span)
    return Stream(chunks, chunks.close, len(span), 206, (*headers, (b"content-range", place)))


def _headers(etag: str, file: str) -> Headers:
    return (
        (b"content-type", b"application/zip"),
        (b"content-disposition", f'attachment; filename="{file}"'.encode()),
        (b"etag", etag.encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, no-transform"),
    )


@attrs.frozen
class _Download:
    """A release as it goes out; with a `token`, everybody can read its files for some time."""

    call: PublicCall
    release: Release
    token: str

    @property
    def etag(self) -> str:
        """What the bytes depend on, in short. An address stands for the hub's own and its secret."""
        address = self.call.links.file(self.release.team, "")
        moment = self.release.created_at.isoformat()
        facts = [RECIPE, str(self.release.digest), str(self.release.reference), moment, address, self.token]
        return f'"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"'

    def chunks(self) -> Generator[bytes]:
        """The bytes of the zip."""
        return zip_chunks(self._members(), self.release.created_at.astimezone(UTC))

    def _members(self) -> Iterator[tuple[str, bytes]]:
        hub, release = self.call.hub, self.release
        metadata = hub.metadata(release)
        if metadata is not None:
            yield METADATA, metadata
        rewrite = FileAddresses(self.call.links, release.team, hub.source.schemes, self.token).rewrite
        for document in hub.documents(release):
            yield document.name, rewrite(document.data)


def _find(call: PublicCall, team: str, slug: str, name: str) -> Release:
    dataset = call.hub.get_dataset(DatasetReference(team, slug))
    found = next((one for one in call.hub.list_releases(dataset) if one.name == name), None)
    if found is None or found.status is not ReleaseStatus.COMPLETE:
        raise ReleaseNotFound("release", name, f"{team}/{slug}")
    return found


ROUTES = (
    Route("GET", "v2/teams/{team}/datasets/{dataset}/exports", list_exports, Permission.READ),
    Route("POST", "v2/teams/{team}/datasets/{dataset}/exports", create_export, Permission.CONTRIBUTE),
)

PUBLIC_ROUTES = (PublicRoute("GET", "releases/{team}/{dataset}/{file}", download_release),)
"""Routes outside of the check of keys: their addresses prove themselves."""
