"""Releases of the fake hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import attrs

from ...domain.annotation import AnyAnnotation
from ...domain.dataset import Dataset
from ...domain.digest import Digest
from ...domain.document import AnnotationDocument
from ...domain.errors import InvalidInput, NameTaken, NothingToExport, ReleaseNotFound, ReleasePending
from ...domain.item import LISTED_STATUSES
from ...domain.metadata import DatasetMetadata
from ...domain.release import ExportOptions, Release, ReleaseStatus, check_release_name, newest
from ...domain.shapes import RASTER_LAYER_CLASS, Mask
from ...ports.releases import ReleaseDocument
from .annotations import MemoryClasses
from .records import DatasetRecord, HubPart, ItemRecord, ReleaseRecord

FORMAT = "darwin_json_2"


@attrs.define
class MemoryReleases(HubPart):
    """`ReleaseDesk` in memory. Documents are written when the release is made, so nothing can change them."""

    def list_releases(self, dataset: Dataset) -> Sequence[Release]:
        """All releases, newest first."""
        self.state.faults.check("list_releases", dataset)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            # Of two that were made in the same second, the later one is the newer.
            releases = [record.release for record in reversed(owner.releases.values())]
            releases.sort(key=lambda release: release.created_at, reverse=True)
            latest = newest(releases)
        return [attrs.evolve(release, latest=release is latest) for release in releases]

    def create_release(self, dataset: Dataset, name: str, options: ExportOptions) -> Release:
        """Freeze the dataset's annotations under a name."""
        self.state.faults.check("create_release", dataset, name, options)
        check_release_name(name)
        if options.format not in {None, FORMAT}:
            raise InvalidInput(f"format '{options.format}'", "is not made by this hub", f"Choose {FORMAT}")
        with self.state.lock:
            owner = self.state.dataset(dataset)
            if name in owner.releases:
                raise NameTaken(f"release {dataset.reference.at(name)}", "exists already", "Choose another name")
            record = self._freeze(dataset, owner, name, options)
            owner.releases[name] = record
            if self.state.hold_releases:
                self._set_status(record, ReleaseStatus.PENDING)
                return record.release
            return next(one for one in self.list_releases(dataset) if one.name == name)

    def documents(self, release: Release) -> Iterator[ReleaseDocument]:
        """The annotation documents; faults of `document` get the release and the document."""
        self.state.faults.check("documents", release)
        record = self._complete(release)
        for document in record.documents:
            self.state.faults.check("document", release, document)
            yield document

    def metadata(self, release: Release) -> bytes | None:
        """The release's metadata."""
        self.state.faults.check("metadata", release)
        return self._complete(release).metadata

    def finish_release(self, release: Release, status: ReleaseStatus = ReleaseStatus.COMPLETE) -> None:
        """End the making of a release that was held back by `hold_releases`."""
        with self.state.lock:
            self._set_status(self._find(release), status)

    def _freeze(self, dataset: Dataset, owner: DatasetRecord, name: str, options: ExportOptions) -> ReleaseRecord:
        items = [item for item in owner.items.values() if _is_chosen(item, options)]
        if not items:
            advice = "Push files first, or choose other statuses"
            raise NothingToExport(f"dataset {dataset.reference}", "has no item to export", advice)
        items.sort(key=lambda item: item.full_path)
        documents = [self._document(owner, item, options) for item in items]
        written = tuple(
            ReleaseDocument(f"{item.id}.json", self.state.codec.write(document))
            for item, document in zip(items, documents, strict=True)
        )
        metadata = self._metadata(dataset)
        hasher = hashlib.sha256(metadata or b"")
        for one in written:
            hasher.update(hashlib.sha256(one.name.encode() + b"\0" + one.data).digest())
        classes = {key for document in documents for key in document.classes() if key[0] != RASTER_LAYER_CLASS}
        release = Release(
            name,
            owner.team,
            owner.slug,
            ReleaseStatus.COMPLETE,
            self.state.now(),
            item_count=len(items),
            class_count=len(classes),
            digest=Digest(hasher.hexdigest()),
            class_names=tuple(sorted({class_name for class_name, _ in classes})),
            url_token=options.include_url_token,
        )
        uploads = [upload.source for item in items for upload in item.uploads]
        urls = frozenset(source.url for source in uploads if source is not None and source.url is not None)
        return ReleaseRecord(release, written, metadata, urls)

    def _document(self, owner: DatasetRecord, item: ItemRecord, options: ExportOptions) -> AnnotationDocument:
        annotations: Sequence[AnyAnnotation] = item.annotations
        if options.class_ids:
            known = self.state.team(owner.team).classes.values()
            wanted = {(one.name, one.kind) for one in known if one.id in options.class_ids}
            # The pixels of masks are in the raster layer, which is of no class that could be asked for.
            if any(kind == Mask.kind for _, kind in wanted):
                wanted.add((RASTER_LAYER_CLASS, "raster_layer"))
            annotations = [one for one in annotations if (one.class_name, one.kind) in wanted]
        properties = item.properties
        if not options.include_authorship:
            annotations = [attrs.evolve(one, annotators=None, reviewers=None) for one in annotations]
            properties = tuple(attrs.evolve(one, annotators=None, reviewers=None) for one in properties)
        return AnnotationDocument(owner.describe(item), tuple(annotations), properties)

    def _metadata(self, dataset: Dataset) -> bytes | None:
        catalogue = MemoryClasses(self.state)
        properties = tuple(catalogue.list_properties(dataset))
        if not properties:
            return None
        return self.state.codec.write_metadata(DatasetMetadata(tuple(catalogue.list_classes(dataset)), properties))

    def _find(self, release: Release) -> ReleaseRecord:
        owner = self.state.find(release.team, release.dataset)
        if owner is None or release.name not in owner.releases:
            raise ReleaseNotFound("release", release.name, f"{release.team}/{release.dataset}")
        return owner.releases[release.name]

    def _complete(self, release: Release) -> ReleaseRecord:
        with self.state.lock:
            record = self._find(release)
            if record.release.status is not ReleaseStatus.COMPLETE:
                raise ReleasePending(f"release {release.reference}", f"is {record.release.status.value}")
            return record

    def _set_status(self, record: ReleaseRecord, status: ReleaseStatus) -> None:
        is_complete = status is ReleaseStatus.COMPLETE
        record.release = attrs.evolve(
            record.release,
            status=status,
            item_count=len(record.documents) if is_complete else None,
            class_count=record.release.class_count if is_complete else None,
            class_names=record.release.class_names if is_complete else (),
        )


def _is_chosen(item: ItemRecord, options: ExportOptions) -> bool:
    """True if the item goes into a release: by its status, and never before its bytes are there."""
    statuses = LISTED_STATUSES if options.statuses is None else options.statuses
    return item.shown_status in statuses and bool(item.slots)
