"""The Python face: datasets as objects.

from groundtruth import Client

client = Client.local()
dataset = client.get_remote_dataset("example-team/test")
dataset.pull()
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import attrs

from ..adapters.settings import Settings, load_settings
from ..domain.dataset import Dataset
from ..domain.errors import InvalidInput
from ..domain.item import Comment, Item, ItemQuery, StatusChange
from ..domain.reference import DatasetReference, parse_reference
from ..domain.release import ExportOptions, Release
from .benchmark_client import BenchmarkMethods
from .container import Container
from .release_client import ReleaseMethods
from .wiring import build_container, close_container

if TYPE_CHECKING:
    from ..application.import_annotations import ImportOptions, ImportReport
    from ..application.items import ItemsChanged
    from ..application.pull import PullOptions, PullReport
    from ..application.push import PushOptions, PushReport
    from ..application.split import SplitReport
    from ..application.verify import VerifyReport
    from ..ports.library import LocalDataset
    from ..ports.progress import Progress

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def _paths(paths: Paths) -> list[Path]:
    if isinstance(paths, str | os.PathLike):
        return [Path(paths)]
    return [Path(path) for path in paths]


class Client(BenchmarkMethods, ReleaseMethods):
    """Works on one hub with one set of settings. Close it, or use it in `with`.

    `container` holds every part and use case; override its providers to swap an adapter.
    """

    def __init__(self, container: Container) -> None:
        self.container = container

    @classmethod
    def local(
        cls,
        team: str | None = None,
        *,
        hub: str | None = None,
        home: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Client:
        """A client with this machine's settings (those `groundtruth doctor` shows); needs no account.

        `home` overrides GROUNDTRUTH_HOME; `progress` receives events (None: silent).

        Raises:
            InvalidInput: the settings file is malformed, or the hub is not known.
        """
        given = dict(os.environ if environ is None else environ)
        if home is not None:
            given["GROUNDTRUTH_HOME"] = os.fspath(home)
        flags = {name: value for name, value in (("team", team), ("hub", hub)) if value is not None}
        from .access import settled

        return cls(build_container(settled(load_settings(flags, given), given), progress, given))

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.container.settings()

    def create_dataset(self, name: str) -> RemoteDataset:
        """Create a dataset; `name` is a slug or `team/slug`.

        Raises:
            NameTaken: it exists.
        """
        reference = self._reference(name)
        return RemoteDataset(self, self.container.create_dataset()(reference))

    def get_remote_dataset(self, reference: str | DatasetReference) -> RemoteDataset:
        """The dataset that the reference names. A release in it becomes the one `pull` takes.

        Raises:
            InvalidInput: the reference is malformed, or names another hub than the client's.
            DatasetNotFound: there is none.
        """
        parsed = self._reference(reference)
        return RemoteDataset(self, self.container.hub().get_dataset(parsed), parsed.release)

    def list_remote_datasets(self, team: str | None = None) -> list[RemoteDataset]:
        """Datasets of a team, or of all."""
        return [RemoteDataset(self, found) for found in self.container.list_remote_datasets()(team)]

    def list_local_datasets(self, team: str | None = None) -> Sequence[LocalDataset]:
        """Datasets pulled to this machine."""
        return self.container.list_local_datasets()(team)

    def close(self) -> None:
        """Release the hub. Idempotent."""
        close_container(self.container)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reference(self, text: str | DatasetReference) -> DatasetReference:
        reference = text if isinstance(text, DatasetReference) else parse_reference(text, self.settings.team)
        if reference.hub not in {None, self.settings.hub}:
            raise InvalidInput(
                f"reference '{reference}'",
                f"is of another hub than this client's, '{self.settings.hub}'",
                f"Make a client for it: Client.local(hub='{reference.hub}')",
            )
        return reference


@attrs.frozen(eq=False)
class RemoteDataset:
    """A dataset of a hub. `release` is the one pulled and split when none is named."""

    client: Client = attrs.field(repr=False)
    dataset: Dataset
    release: str | None = None

    @property
    def identifier(self) -> str:
        """`team/slug`."""
        return self.dataset.reference.identifier

    @property
    def url(self) -> str:
        """Where a person looks at it."""
        return self.dataset.url

    @property
    def local_path(self) -> Path:
        """Folder that its releases are pulled to, whether it exists or not."""
        return self.client.container.library().folder(self.dataset.reference)

    def push(self, paths: Paths, options: PushOptions | None = None, **changes: Any) -> PushReport:
        """Upload files and folders. `changes` are fields of PushOptions, for example `fps=5`.

        The report tells what was refused; nothing is raised for a single file.
        """
        from ..application.push import PushOptions

        return self._parts.push_items()(
            self.dataset.reference, _paths(paths), attrs.evolve(options or PushOptions(), **changes)
        )

    def import_annotations(self, paths: Paths, options: ImportOptions | None = None, **changes: Any) -> ImportReport:
        """Import Darwin JSON documents onto the items of the same path. `changes` are fields of ImportOptions."""
        from ..application.import_annotations import ImportOptions

        return self._parts.import_annotations()(
            self.dataset.reference, _paths(paths), attrs.evolve(options or ImportOptions(), **changes)
        )

    def export(self, name: str, options: ExportOptions | None = None, **changes: Any) -> Release:
        """Freeze the annotations as release `name`. `changes` are fields of ExportOptions.

        Raises:
            NameTaken: the release exists; releases never change.
        """
        return self._parts.export_release()(
            self.dataset.reference, name, attrs.evolve(options or ExportOptions(), **changes)
        )

    def releases(self) -> Sequence[Release]:
        """Its releases, newest first."""
        return self._parts.list_releases()(self.dataset.reference)

    def pull(self, release: str | None = None, options: PullOptions | None = None, **changes: Any) -> PullReport:
        """Bring a release here, the newest if none is named. `changes` are fields of PullOptions.

        Look at `report.is_complete`: what could not be fetched is listed in `report.problems`.
        """
        from ..application.pull import PullOptions

        return self._parts.pull_release()(self._at(release), attrs.evolve(options or PullOptions(), **changes))

    def verify(self, release: str | None = None) -> VerifyReport:
        """Read every file of the pulled release and compare it with what was pulled."""
        return self._parts.verify_release()(self._at(release))

    def split(self, val: float = 0.1, test: float = 0.2, seed: int = 0, release: str | None = None) -> SplitReport:
        """Split the pulled release at random; `val` and `test` are fractions."""
        return self._parts.split_release()(self._at(release), val, test, seed)

    def items(self, query: ItemQuery | None = None) -> Iterator[Item]:
        """Its items; lazy."""
        return self._parts.list_items()(self.dataset.reference, query)

    def set_status(self, names: Sequence[str], change: StatusChange | str) -> ItemsChanged:
        """Archive, restore, complete or reopen items by name or full path."""
        return self._parts.set_item_status()(self.dataset.reference, names, StatusChange(change))

    def delete_items(self, names: Sequence[str]) -> ItemsChanged:
        """Delete items for good, by name or full path."""
        return self._parts.delete_items()(self.dataset.reference, names)

    def comment(self, name: str, comment: Comment | str) -> str:
        """Comment on an item; return the comment's id."""
        value = Comment(comment) if isinstance(comment, str) else comment
        return self._parts.comment_on_item()(self.dataset.reference, name, value)

    def remove(self) -> None:
        """Remove the dataset from the hub. Local copies stay."""
        self._parts.remove_dataset()(self.dataset.reference)

    @property
    def _parts(self) -> Container:
        return self.client.container

    def _at(self, release: str | None) -> DatasetReference:
        name = release or self.release
        return self.dataset.reference.at(name) if name else self.dataset.reference
