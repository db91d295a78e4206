"""Uploading files into a dataset: register, put, confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..domain.dataset import Dataset
from ..domain.upload import NewItem, PendingUpload, Registration, UploadOptions

OnBytes = Callable[[int], None]
"""Called with the number of bytes just sent."""


class UploadDesk(Protocol):
    """Take items in three steps, so that an interrupted push can go on where it stopped.

    An item shows up in listings with status `uploading` after `register`, and as `new` after the last of
    its slots was confirmed. `put` may be called from several threads at once.
    """

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items. Idempotent: an item that is registered but not complete is accepted again.

        Every slot of every item is answered: in `uploads`, or its item in `blocked`, in the items' order. An
        item whose full path exists complete is blocked with ALREADY_EXISTS; so is the second of two items
        with the same full path in one call.
        """
        ...

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Send the bytes of one slot. Idempotent; replaces what was put before for that upload.

        Raises:
            NotReadable: the local file cannot be read, or changed while it was read.
            ObjectNotFound: the hub does not know the upload (any more).
            DiskFull: the hub has no room.
        """
        ...

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Declare uploads complete; durable when it returns. Idempotent.

        Raises:
            ObjectNotFound: an upload is unknown or nothing was put for it; none of the batch is confirmed then.
        """
        ...


class UploadIntake(Protocol):
    """Takes uploads whose bytes come from elsewhere than local files: what a server asks."""

    def find_upload(self, team: str, upload_id: str) -> PendingUpload:
        """The upload of that id, if it belongs to a dataset of the team; its slot names no source files.

        Raises:
            ObjectNotFound: the team has none.
        """
        ...

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take exactly `size` bytes for an upload, as `UploadDesk.put` does.

        Raises:
            Truncated: fewer or more came; nothing of it is kept.
            ObjectNotFound, DiskFull: as `put`.
        """
        ...
