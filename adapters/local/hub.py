"""The embedded hub, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ...domain.access import AccessKey, Role
from ...domain.annotation import AnyAnnotation
from ...domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument, ItemPropertyValue
from ...domain.errors import GroundtruthError
from ...domain.item import Comment, Item, ItemQuery, ItemUpdate, StatusChange
from ...domain.maintenance import HubCheck, HubCollection
from ...domain.reference import DatasetReference
from ...domain.release import ExportOptions, Release
from ...domain.report import ReportQuery, ReportRow
from ...domain.storage import ExternalStorage, StoredItem, StoredRegistration
from ...domain.upload import NewItem, PendingUpload, Registration, UploadOptions
from ...ports.annotations import ImportMode
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.hub import HubMaintenance, ServableHub
from ...ports.media import MediaProbe
from ...ports.releases import ReleaseDocument
from ...ports.storage import OpenStore
from ...ports.transfer import ObjectSource
from ...ports.uploads import OnBytes, OnUploadBytes
from .annotations import Annotations
from .attributes import Attributes
from .blobs import BlobStore
from .catalogue import Catalogue
from .checking import Checker
from .classes import Classes
from .collecting import Collector
from .datasets import Datasets
from .freezing import Freezer
from .items import Items
from .keys import Keys
from .listing import Listing
from .registration import Registrar
from .releases import Releases
from .reports import Reports
from .source import BlobSource, HubSource, StorageSource
from .storages import Storages
from .uploads import Uploads

GRACE = timedelta(hours=1)


class LocalHub:
    """Implements `ports.hub.ServableHub` and `HubMaintenance` in one folder.

    The folder is made by the first thing written; until then the hub is empty. Thread-safe, and several
    processes may use the same folder. `grace` is how long `collect` leaves alone what may still be worked on.
    `objects` makes what reads external storages; None: they cannot be read. Close the hub when done.
    """

    def __init__(
        self,
        root: Path,
        codec: DocumentCodec,
        probe: MediaProbe,
        clock: Clock,
        name: str = "local",
        grace: timedelta = GRACE,
        objects: OpenStore | None = None,
    ) -> None:
        self._root = root
        self._name = name
        self._catalogue = Catalogue(root, clock)
        blobs = BlobStore(root)
        self._datasets = Datasets(self._catalogue, clock, name)
        self._listing = Listing(self._catalogue)
        self._items = Items(self._catalogue, clock)
        self._registrar = Registrar(self._catalogue, clock)
        self._uploads = Uploads(self._catalogue, blobs, probe, clock)
        self._annotations = Annotations(self._catalogue, codec, clock)
        self._classes = Classes(self._catalogue)
        self._attributes = Attributes(self._catalogue, codec)
        self._releases = Releases(self._catalogue, Freezer(self._catalogue, codec, clock))
        self._reports = Reports(self._catalogue, self._datasets, codec)
        self._storages = Storages(self._catalogue, clock)
        self._keys = Keys(self._catalogue, root, clock)
        self._source = HubSource(BlobSource(self._catalogue, blobs), StorageSource(self._storages, objects))
        self._checker = Checker(self._catalogue, blobs)
        self._collector = Collector(self._catalogue, blobs, self._checker, clock, grace)

    @property
    def name(self) -> str:
        """Name of the hub in messages."""
        return self._name

    @property
    def root(self) -> Path:
        """Folder of the hub, whether it exists or not."""
        return self._root

    @property
    def source(self) -> ObjectSource:
        """Reads what the items and releases of this hub refer to."""
        return self._source

    def close(self) -> None:
        """Close the catalogue. Idempotent."""
        self._catalogue.close()

    def __enter__(self) -> LocalHub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- datasets -----------------------------------------------------------------------------------

    def list_datasets(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team, or of all, by team and slug."""
        return self._datasets.list_datasets(team)

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The dataset of that team and slug."""
        return self._datasets.get_dataset(reference)

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create an empty dataset."""
        return self._datasets.create_dataset(team, name)

    def remove_dataset(self, dataset: Dataset) -> None:
        """Remove a dataset; its slug becomes free, and `collect` frees what it held."""
        self._datasets.remove_dataset(dataset)

    # --- items --------------------------------------------------------------------------------------

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match, in the query's order; lazy."""
        return self._listing.list_items(dataset, query)

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change items, all or none; return how many exist."""
        return self._items.update_items(dataset, item_ids, update)

    def dataset_of(self, team: str, item_id: str) -> Dataset:
        """The team's dataset that has an item."""
        return self._datasets.dataset_of(team, item_id)

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Change the status of items; return how many exist."""
        return self._items.change_status(dataset, item_ids, change)

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete items; return how many there were."""
        return self._items.delete_items(dataset, item_ids)

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Attach a comment; return its id."""
        return self._items.add_comment(dataset, item_id, comment)

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of an item, oldest first."""
        return self._items.list_comments(dataset, item_id)

    # --- uploads ------------------------------------------------------------------------------------

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items."""
        return self._registrar.register(dataset, items, options)

    def put(self, upload: PendingUpload, on_bytes: OnBytes) -> None:
        """Send the bytes of one slot."""
        self._uploads.put(upload, on_bytes)

    def takes_bundles(self, dataset: Dataset) -> bool:
        """True: the catalogue is asked once for all slots."""
        return True

    def put_all(self, uploads: Sequence[PendingUpload], on_bytes: OnUploadBytes) -> Mapping[str, GroundtruthError]:
        """Send the bytes of several slots."""
        return self._uploads.put_all(uploads, on_bytes)

    def find_upload(self, team: str, upload_id: str) -> PendingUpload:
        """An upload of the team, without source files."""
        return self._uploads.find_upload(team, upload_id)

    def find_uploads(self, team: str, upload_ids: Sequence[str]) -> Sequence[PendingUpload]:
        """Uploads of the team, without source files."""
        return self._uploads.find_uploads(team, upload_ids)

    def receive(self, upload: PendingUpload, chunks: Iterable[bytes], size: int) -> None:
        """Take the bytes of one slot from a stream."""
        self._uploads.receive(upload, chunks, size)

    def receive_all(
        self, team: str, contents: Sequence[tuple[str, bytes | memoryview]]
    ) -> Mapping[str, GroundtruthError]:
        """Take the whole contents of several slots."""
        return self._uploads.receive_all(team, contents)

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
        return self._attributes.list_attributes(dataset)

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Properties of the dataset's classes and items."""
        return self._classes.list_properties(dataset)

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Make sure these properties exist."""
        self._classes.add_properties(dataset, properties)

    # --- releases -----------------------------------------------------------------------------------

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """Releases of the dataset, newest first."""
        return self._releases.list_releases(dataset)

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Freeze the dataset's annotations under a name."""
        return self._releases.create_release(dataset, name, options)

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """Documents of a release, by the full path of their item; lazy."""
        return self._releases.documents(release)

    def metadata(self, release: Release) -> bytes | None:
        """The release's `.v7/metadata.json`, if it has one."""
        return self._releases.metadata(release)

    # --- reports ------------------------------------------------------------------------------------

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of the report, by day and actor."""
        return self._reports.annotator_report(team, query)

    # --- external storage ---------------------------------------------------------------------------

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name."""
        return self._storages.list_storages(team)

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items of stored objects."""
        return self._storages.register_stored(dataset, storage, items)

    def add_storage(self, team: str, storage: ExternalStorage) -> None:
        """Declare a storage, or change it."""
        self._storages.add_storage(team, storage)

    def remove_storage(self, team: str, name: str) -> None:
        """Forget a storage."""
        self._storages.remove_storage(team, name)

    # --- access -------------------------------------------------------------------------------------

    def create_key(self, team: str, role: Role, label: str) -> tuple[AccessKey, str]:
        """A new key of a team, and its text."""
        return self._keys.create_key(team, role, label)

    def list_keys(self, team: str | None = None) -> Sequence[AccessKey]:
        """Keys of a team, or of all, oldest first."""
        return self._keys.list_keys(team)

    def revoke_key(self, key_id: str) -> AccessKey:
        """Make a key invalid for good."""
        return self._keys.revoke_key(key_id)

    def find_key(self, text: str) -> AccessKey | None:
        """The valid key with this text."""
        return self._keys.find_key(text)

    def signing_secret(self) -> bytes:
        """32 bytes that only this hub knows."""
        return self._keys.signing_secret()

    # --- maintenance --------------------------------------------------------------------------------

    def check(self) -> HubCheck:
        """Look at everything the hub stores; change nothing."""
        return self._checker.check(self._collector.cutoff)

    def collect(self, dry_run: bool = False) -> HubCollection:
        """Free what nothing refers to."""
        return self._collector.collect(dry_run)


if TYPE_CHECKING:

    def _proof(hub: LocalHub) -> tuple[ServableHub, HubMaintenance]:
        # A type checker finds here what the hub lacks of a port.
        return hub, hub
