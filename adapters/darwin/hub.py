"""A hub that speaks the Darwin API, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ...domain.policies import RetryPolicy
from .api import Api
from .bundles import FileBundles
from .config import DEFAULT_CHUNK
from .datasets import DarwinDatasets
from .part import part

if TYPE_CHECKING:
    from ...domain.annotation import AnyAnnotation
    from ...domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition
    from ...domain.dataset import Dataset
    from ...domain.document import AnnotationDocument, ItemPropertyValue
    from ...domain.errors import GroundtruthError
    from ...domain.item import Comment, Item, ItemQuery, ItemUpdate, StatusChange
    from ...domain.reference import DatasetReference
    from ...domain.release import ExportOptions, Release
    from ...domain.report import ReportQuery, ReportRow
    from ...domain.storage import ExternalStorage, StoredItem, StoredRegistration
    from ...domain.upload import NewItem, PendingUpload, Registration, UploadOptions
    from ...ports.annotations import ImportMode
    from ...ports.clock import Clock
    from ...ports.documents import DocumentCodec
    from ...ports.progress import Progress
    from ...ports.releases import ReleaseDocument
    from ...ports.transfer import ObjectSource, ObjectTransfer
    from ...ports.uploads import OnBytes, OnUploadBytes
    from ...ports.web import Web, WebRequest
    from .annotations import DarwinAnnotations
    from .classes import DarwinClasses
    from .comments import DarwinComments
    from .items import DarwinItems
    from .releases import DarwinReleases
    from .reports import DarwinReports
    from .storages import DarwinStorages
    from .uploads import DarwinUploads


class DarwinHub:
    """Implements `ports.hub.AnnotationHub` and `ports.transfer.LinkRenewer` over HTTP.

    `url` is the hub's address, `keys` its API keys by team. Requests travel over `web`, the bytes of uploads over
    `bulk` (None: the same); both stay the caller's to close. `transfer` fetches releases into `folder`; with a
    `source` they are read while they come.
    `compression` 0..9 is the zlib level of POST bodies, `chunk` how many items one request registers. `native` says
    whether the hub is one of groundtruth's, which takes and tells more than Darwin does; None: ask it. Thread-safe.
    """

    def __init__(
        self,
        url: str,
        keys: Mapping[str, str],
        web: Web,
        *,
        codec: DocumentCodec,
        clock: Clock,
        progress: Progress,
        retry: RetryPolicy,
        transfer: ObjectTransfer,
        folder: Path,
        bulk: Web | None = None,
        source: ObjectSource | None = None,
        name: str = "darwin",
        compression: int = 0,
        native: bool | None = None,
        chunk: int = DEFAULT_CHUNK,
    ) -> None:
        self._api = Api(
            url,
            keys,
            web,
            clock=clock,
            retry=retry,
            progress=progress,
            compression=compression,
            native=native,
            name=name,
        )
        self._codec = codec
        self._clock = clock
        self._progress = progress
        self._bulk = bulk if bulk is not None else web
        self._chunk = chunk
        self._transfer = transfer
        self._folder = folder
        self._source = source
        self._datasets = DarwinDatasets(self._api)
        self._files = FileBundles(self._api)

    def __repr__(self) -> str:
        return f"DarwinHub({self._api.base_url!r}, name={self.name!r})"

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self._api.name

    # --- parts that few commands need, each with what it imports ------------------------------------

    @part
    def _items(self) -> DarwinItems:
        from .items import DarwinItems

        return DarwinItems(self._api)

    @part
    def _comments(self) -> DarwinComments:
        from .comments import DarwinComments

        return DarwinComments(self._api)

    @part
    def _uploads(self) -> DarwinUploads:
        from .uploads import DarwinUploads

        return DarwinUploads(self._api, self._bulk, self._chunk)

    @part
    def _classes(self) -> DarwinClasses:
        from .classes import DarwinClasses

        return DarwinClasses(self._api)

    @part
    def _annotations(self) -> DarwinAnnotations:
        from .annotations import DarwinAnnotations

        return DarwinAnnotations(self._api, self._codec, self._classes, self._progress)

    @part
    def _releases(self) -> DarwinReleases:
        from .releases import DarwinReleases

        return DarwinReleases(self._api, self._transfer, self._folder, self._source)

    @part
    def _reports(self) -> DarwinReports:
        from .reports import DarwinReports

        return DarwinReports(self._api, self._clock)

    @part
    def _storages(self) -> DarwinStorages:
        from .storages import DarwinStorages

        return DarwinStorages(self._api)

    # --- keys and addresses -------------------------------------------------------------------------

    def authorize(self, url: str) -> Mapping[str, str]:
        """Headers for an address: the key if it is of the hub's own origin, else none."""
        return self._api.authorize(url)

    def bundle_address(self, url: str) -> str | None:
        """Where a file can be asked for together with others; None: by itself only."""
        return self._files.address(url)

    def bundle_request(self, address: str, urls: Sequence[str]) -> WebRequest:
        """The request for files of one such address, answered as `domain.bundle` says."""
        return self._files.request(address, urls)

    def team_of_key(self, key: str) -> str:
        """The team that a key belongs to."""
        return self._api.team_of_key(key)

    def renew(self, url: str) -> str:
        """A fresh address for one that expired.

        The hub's own is tried without its token, since the key is sent along; from any other a new try gets a fresh
        redirect.
        """
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if name != "token"]
        if len(kept) == len(pairs) or not self._api.authorize(url):
            return url
        return urlunsplit(parts._replace(query=urlencode(kept)))

    # --- datasets -----------------------------------------------------------------------------------

    def list_datasets(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team, or of all there is a key for, by team and slug."""
        return self._datasets.list_datasets(team)

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The dataset of that team and slug."""
        return self._datasets.get_dataset(reference)

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create an empty dataset."""
        return self._datasets.create_dataset(team, name)

    def remove_dataset(self, dataset: Dataset) -> None:
        """Remove a dataset."""
        self._datasets.remove_dataset(dataset)

    # --- items --------------------------------------------------------------------------------------

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match, in the query's order; lazy."""
        return self._items.list_items(dataset, query)

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change items; return how many exist."""
        return self._items.update_items(dataset, item_ids, update)

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Change the status of items; return how many exist."""
        return self._items.change_status(dataset, item_ids, change)

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete items; return how many there were."""
        return self._items.delete_items(dataset, item_ids)

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Attach a comment; return its id."""
        return self._comments.add_comment(dataset, item_id, comment)

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of an item, oldest first."""
        return self._comments.list_comments(dataset, item_id)

    # --- uploads ------------------------------------------------------------------------------------

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items."""
        return self._uploads.register(dataset, items, options)

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Send the bytes of one slot."""
        self._uploads.put(upload, on_bytes)

    def takes_bundles(self, dataset: Dataset) -> bool:
        """True of groundtruth's own hubs."""
        return self._uploads.takes_bundles(dataset)

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> Mapping[str, GroundtruthError]:
        """Send the bytes of several slots."""
        return self._uploads.put_all(uploads, on_bytes)

    def confirm(self, uploads: Sequence[PendingUpload]) -> None:
        """Declare uploads complete."""
        self._uploads.confirm(uploads)

    # --- annotations and classes --------------------------------------------------------------------

    def get_annotations(self, dataset: Dataset, item_id: str) -> AnnotationDocument:
        """The item with its present annotations."""
        return self._annotations.get_annotations(dataset, item_id)

    def import_annotations(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        """Replace or extend an item's annotations."""
        self._annotations.import_annotations(dataset, item_id, annotations, properties, mode)

    def list_classes(self, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes of the dataset, by name and kind."""
        return self._classes.list_classes(dataset)

    def add_classes(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        """Make sure the dataset has these classes."""
        return self._classes.add_classes(dataset, classes)

    def list_attributes(self, dataset: Dataset) -> Sequence[AttributeDefinition]:
        """Attributes of the dataset's classes, by class and name."""
        return self._classes.list_attributes(dataset)

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Properties of the dataset's classes and items."""
        return self._classes.list_properties(dataset)

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Make sure these properties exist."""
        self._classes.add_properties(dataset, properties)

    # --- releases, reports, storages ----------------------------------------------------------------

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """Releases of the dataset, newest first."""
        return self._releases.list_releases(dataset)

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Freeze the dataset's annotations under a name."""
        return self._releases.create_release(dataset, name, options)

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """Documents of a release; lazy."""
        return self._releases.documents(release)

    def metadata(self, release: Release) -> bytes | None:
        """The release's `.v7/metadata.json`, if it has one."""
        return self._releases.metadata(release)

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of a report on annotators' work."""
        return self._reports.annotator_report(team, query)

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name."""
        return self._storages.list_storages(team)

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items of stored objects."""
        return self._storages.register_stored(dataset, storage, items)
