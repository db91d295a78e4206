"""Objects in S3, Google Cloud Storage, Azure and folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import GroundtruthError, MissingExtra, NotFound, ObjectNotFound, Unavailable
from ...domain.storage import ExternalStorage, Provider
from ...ports.transfer import ObjectStream
from . import folder
from .connections import Patience, connection
from .keys import check_key, content_type
from .reading import CHUNK, open_source, pieces
from .refusals import Refused, refusal

PART_SIZE = 8 * 1024 * 1024
MAX_PARTS = 10_000
STORES = 32
"""Stores kept open; one more takes the place of the one that was unused longest."""


@attrs.define
class BucketStream:
    """Bytes of an object from `start` on. The connection is closed when the stream is."""

    start: int
    size: int
    validator: str | None
    _storage: ExternalStorage
    _key: str
    _answer: Any = attrs.field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of about 1 MiB. A broken connection is taken up where it broke off."""
        if self._answer is None:
            return
        passed, name = self.start, f"object '{self._key}' of storage '{self._storage.name}'"
        answer = iter(self._answer.stream(CHUNK))
        while True:
            try:
                with _asking(self._storage, self._key):
                    piece = next(answer, None)
            except GroundtruthError as error:
                # Whatever the reason: what came until now was good, and another try will tell what is wrong.
                raise Unavailable(name, "broke off", getattr(error, "status", None)) from error
            if piece is None:
                break
            passed += len(piece)
            yield bytes(piece)
        if passed != self.size:
            raise Unavailable(name, "ended early")

    def close(self) -> None:
        """Let the connection go. Idempotent."""
        self._answer = None


class ObstoreObjects:
    """Object store over `obstore`, whose stores are made when first used, and over folders of this machine.

    Credentials and region are taken from `environ`, as section 13.4 says, and what it does not name (roles of
    machines, containers and workloads) from where each provider's own tools look. Memory for one object that is
    stored is `part_size` times `parts_at_once` plus a part; parts grow for an object of over 10,000 of them. A
    process that is killed meanwhile leaves parts that the bucket's own rules have to clear away.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        part_size: int = PART_SIZE,
        parts_at_once: int = 4,
        patience: Patience | None = None,
    ) -> None:
        self._environ = environ
        self._part_size = part_size
        self._parts_at_once = parts_at_once
        self._patience = patience or Patience()
        self._store = lru_cache(maxsize=STORES)(self._make)

    def put(self, storage: ExternalStorage, key: str, path: Path, encoding: str | None = None) -> int:
        """Store a local file whole or not at all. A folder keeps no encoding and no content type.

        Raises:
            NotFound: there is no such bucket.
            NotReadable: the file cannot be read.
            InvalidInput: the key cannot be one.
        """
        check_key(key)
        file, size = open_source(path)
        with file:
            if storage.provider is Provider.FOLDER:
                return folder.put(storage, key, file, size, path)
            part = max(self._part_size, -(-size // MAX_PARTS))
            body = pieces(file, size, part, path)
            attributes = {"Content-Type": content_type(key, encoding)}
            if encoding:
                attributes["Content-Encoding"] = encoding
            obstore, store = self._store(storage, True)
            options = {"use_multipart": size > part, "chunk_size": part, "max_concurrency": self._parts_at_once}
            try:
                with _asking(storage, key):
                    whole = body if size > part else b"".join(body)
                    obstore.put(store, key, whole, attributes=attributes, **options)
            except ObjectNotFound:
                advice = "Make it, or correct the storage"
                raise NotFound("bucket", storage.bucket, f"storage '{storage.name}'", advice) from None
        return size

    def size(self, storage: ExternalStorage, key: str) -> int:
        """Size of an object in bytes.

        Raises:
            ObjectNotFound: there is none.
        """
        check_key(key)
        if storage.provider is Provider.FOLDER:
            return folder.size(storage, key)
        obstore, store = self._store(storage, False)
        with _asking(storage, key):
            return obstore.head(store, key)["size"]

    def open(self, storage: ExternalStorage, key: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object at `start`, if its ETag is `validator`; else from the beginning.

        Raises:
            ObjectNotFound: there is none.
        """
        check_key(key)
        if storage.provider is Provider.FOLDER:
            return folder.open_object(storage, key, start, validator)
        if start > 0 and validator and validator.isascii() and validator.isprintable():
            stream = self._resume(storage, key, start, validator)
            if stream is not None:
                return stream
        obstore, store = self._store(storage, False)
        with _asking(storage, key):
            return _stream(storage, key, obstore.get(store, key))

    def _resume(self, storage: ExternalStorage, key: str, start: int, validator: str) -> BucketStream | None:
        """The rest of an object; None if it is another by now, or has no such place."""
        obstore, store = self._store(storage, False)
        options = {"range": {"offset": start}, "if_match": validator}
        try:
            with _asking(storage, key):
                stream = _stream(storage, key, obstore.get(store, key, options=options))
        except Refused as error:
            if error.status in {412, 416}:
                return None
            raise
        # A store that knows no conditions sends the rest of whatever there is now.
        return stream if stream.validator == validator and stream.start == start else None

    def _make(self, storage: ExternalStorage, sending: bool) -> tuple[Any, Any]:
        """The library and a store of it; nothing is sent yet."""
        try:
            import obstore
            from obstore import store as stores
        except ImportError as error:
            raise MissingExtra("external storage", "s3") from error
        found = connection(storage, self._environ)
        kinds = {Provider.AWS: stores.S3Store, Provider.GCP: stores.GCSStore, Provider.AZURE: stores.AzureStore}
        more: dict[str, Any] = {"credential_provider": _anonymous} if found.anonymous else {}
        make: Any = kinds[storage.provider]
        with _asking(storage):
            store = make(
                found.bucket,
                config=found.config,
                client_options={**self._patience.client_options(sending), **found.client},
                retry_config=self._patience.retry_config(),
                **more,
            )
        return obstore, store


def _anonymous() -> dict[str, Any]:
    return {"token": "anonymous", "expires_at": None}


def _stream(storage: ExternalStorage, key: str, answer: Any) -> BucketStream:
    tag = answer.meta["e_tag"]
    strong = tag if tag and not tag.startswith("W/") else None
    return BucketStream(answer.range[0], answer.meta["size"], strong, storage, key, answer)


@contextmanager
def _asking(storage: ExternalStorage, key: str | None = None) -> Iterator[None]:
    """Raise what obstore raises inside the block as errors of the domain."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise refusal(error, storage, key) from None  # it quotes addresses with signatures
