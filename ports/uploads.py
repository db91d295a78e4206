"""Uploading files into a dataset: register, put, confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from ..domain.dataset import Dataset
from ..domain.errors import GroundtruthError
from ..domain.upload import NewItem, PendingUpload, Registration, UploadOptions

OnBytes = Callable[[int], None]
"""Called with the number of bytes just sent."""

OnUploadBytes = Callable[[PendingUpload, int], None]
"""Called with an upload, and the number of its bytes just sent."""


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

    def takes_bundles(self, dataset: Dataset) -> bool:
        """True if small slots of this dataset are sent quicker when `put_all` is given several of them."""
        ...

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> Mapping[str, GroundtruthError]:
        """Send the bytes of several slots, each as `put` does; return why some could not be sent, by upload id.

        The errors are those that `put` raises; one that fails does not hold back the others.
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

    def find_uploads(self, team: str, upload_ids: Sequence[str]) -> Sequence[PendingUpload]:
        """The uploads of those ids, in their order, each as `find_upload` gives it.

        Raises:
            ObjectNotFound: the team has none of one of them; `name` is its id.
        """
        ...

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take exactly `size` bytes for an upload, as `UploadDesk.put` does.

        Raises:
            Truncated: fewer or more came; nothing of it is kept.
            ObjectNotFound, DiskFull: as `put`.
        """
        ...

    def receive_all(
        self, team: str, contents: Sequence[tuple[str, bytes | memoryview]]
    ) -> Mapping[str, GroundtruthError]:
        """Take the whole contents of several uploads of a team, by their ids, each as `receive` does.

        What is refused does not hold back the others: the errors that `receive` would have raised (ObjectNotFound,
        DiskFull) are returned, by upload id.
        """
        ...
