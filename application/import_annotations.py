"""Import annotation documents onto the items they belong to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import attrs

from ..domain.annotation import AnyAnnotation, is_supported
from ..domain.classes import AnnotationClass, PropertyDefinition
from ..domain.dataset import Dataset
from ..domain.document import AnnotationDocument, ItemPropertyValue
from ..domain.errors import DiskFull, GroundtruthError, InvalidInput
from ..domain.item import Item, ItemQuery
from ..domain.reference import DatasetReference
from ..ports.annotations import AnnotationDesk, ClassCatalogue, ImportMode
from ..ports.datasets import DatasetCatalogue
from ..ports.documents import DocumentCodec
from ..ports.files import LocalFiles
from ..ports.items import ItemCatalogue
from ..ports.progress import Advanced, Finished, Progress, Started
from .items import ANY_STATUS

TASK = "import"
BATCH = 200
METADATA = Path(".v7/metadata.json")
"""Where a folder of documents keeps its classes and properties (reference: V7 Darwin, section 9.6)."""

A = TypeVar("A", bound="AnyAnnotation | ItemPropertyValue")


@attrs.frozen
class ImportOptions:
    """How annotations are imported (reference: V7 Darwin, section 10).

    `mode` None: items that have annotations already are refused, so that nothing is replaced by accident.
    `create_classes`: add classes the dataset lacks. `delete_for_empty`: a document without annotations
    clears its item, instead of changing nothing; needs the mode `overwrite`. Authors are only kept when asked for.
    """

    mode: ImportMode | None = None
    create_classes: bool = True
    delete_for_empty: bool = False
    annotators: bool = False
    reviewers: bool = False

    def __attrs_post_init__(self) -> None:
        if self.delete_for_empty and self.mode is not ImportMode.OVERWRITE:
            raise InvalidInput(
                "--delete-for-empty", "clears items, so it needs --overwrite", "Add it, or drop this one"
            )


@attrs.frozen
class ImportIssue:
    """A document, or part of one, that was not imported, and why."""

    path: str
    reason: str


@attrs.define
class ImportReport:
    """What an import did."""

    dataset: Dataset
    documents: int = 0
    annotations: int = 0
    classes_created: list[str] = attrs.field(factory=list[str])
    unchanged: list[str] = attrs.field(factory=list[str])
    failed: list[ImportIssue] = attrs.field(factory=list[ImportIssue])

    @property
    def is_complete(self) -> bool:
        """True if nothing failed."""
        return not self.failed


@attrs.frozen
class ImportAnnotations:
    """Read annotation documents and put their annotations on the items of the same full path."""

    datasets: DatasetCatalogue
    items: ItemCatalogue
    annotations: AnnotationDesk
    classes: ClassCatalogue
    files: LocalFiles
    codec: DocumentCodec
    progress: Progress

    def __call__(
        self, reference: DatasetReference, paths: Sequence[Path], options: ImportOptions | None = None
    ) -> ImportReport:
        """Import the documents named, and all `*.json` below the folders named (`.v7` folders aside).

        Raises:
            DatasetNotFound: there is no such dataset.
            DiskFull: the hub has no room; what was imported stays.
        """
        report = ImportReport(self.datasets.get_dataset(reference))
        run = _Import(self, options or ImportOptions(), report)
        self.progress.report(Started(TASK, sum(1 for _ in run.candidates(paths)), "documents"))
        report.failed.clear()
        run.run(paths)
        self.progress.report(Finished(TASK))
        return report


@attrs.define
class _Import:
    """One run, in batches: read documents, find their items, write."""

    parts: ImportAnnotations
    options: ImportOptions
    report: ImportReport
    known: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
    folders: set[Path] = attrs.field(factory=set[Path])
    replaced: set[str] = attrs.field(factory=set[str])

    def run(self, paths: Sequence[Path]) -> None:
        self.known.update((known.name, known.kind) for known in self.parts.classes.list_classes(self.report.dataset))
        candidates = self.candidates(paths)
        while batch := list(itertools.islice(candidates, BATCH)):
            documents = [(path, document) for path in batch if (document := self._read(path)) is not None]
            items = self._find([document for _, document in documents])
            for path, document in documents:
                self._import_one(path, document, items.get(document.item.full_path))
            self.parts.progress.report(Advanced(TASK, len(batch)))

    def candidates(self, paths: Sequence[Path]) -> Iterator[Path]:
        named = frozenset(paths)
        for found in self.parts.files.find(paths):
            if isinstance(found, OSError):
                self._fail(str(found.filename), found.strerror or str(found))
            elif found.path.suffix.lower() == ".json" and ".v7" not in found.path.parts:
                yield found.path
            elif found.path in named:
                self._fail(str(found.path), "is not a .json document")

    def _read(self, path: Path) -> AnnotationDocument | None:
        self._read_metadata(path.parent)
        try:
            return self.parts.codec.read(self.parts.files.read(path), str(path))
        except GroundtruthError as error:
            self._fail(str(path), str(error))
            return None

    def _read_metadata(self, folder: Path) -> None:
        if folder in self.folders:
            return
        self.folders.add(folder)
        for found in self.parts.files.find([folder / METADATA]):
            if isinstance(found, FileNotFoundError):
                continue  # most folders have none
            if isinstance(found, OSError):
                self._fail(str(folder / METADATA), found.strerror or str(found))
                continue
            try:
                metadata = self.parts.codec.read_metadata(self.parts.files.read(found.path), str(found.path))
            except GroundtruthError as error:
                self._fail(str(found.path), str(error))
                continue
            self._add_classes([one for one in metadata.classes if self._may_add(one.name, one.kind)])
            usable = [one for one in metadata.properties if one.class_name is None or self._is_known(one)]
            self.parts.classes.add_properties(self.report.dataset, usable)

    def _may_add(self, name: str, kind: str) -> bool:
        return self.options.create_classes or (name, kind) in self.known

    def _is_known(self, definition: PropertyDefinition) -> bool:
        return (definition.class_name, definition.class_kind) in self.known

    def _find(self, documents: Sequence[AnnotationDocument]) -> dict[str, Item]:
        wanted = {document.item.full_path: document.item.name for document in documents}
        query = ItemQuery(statuses=ANY_STATUS, names=tuple(sorted(set(wanted.values()))))
        if not wanted:
            return {}  # a query without names would match every item
        found = self.parts.items.list_items(self.report.dataset, query)
        return {item.full_path: item for item in found if item.full_path in wanted}

    def _import_one(self, path: Path, document: AnnotationDocument, item: Item | None) -> None:
        if item is None:
            name = document.item.full_path
            self._fail(str(path), f"the dataset has no item {name}; push the file first, or check name and folder")
            return
        if not document.annotations and not document.properties and not self.options.delete_for_empty:
            self.report.unchanged.append(str(path))
            return
        try:
            mode = self.options.mode or self._mode_for_empty(item, document)
            self._claim(item, mode)
            annotations = [self._with_authors(annotation) for annotation in document.annotations]
            properties = [self._with_authors(value) for value in document.properties]
            self._ensure_classes(annotations)
            self.parts.annotations.import_annotations(self.report.dataset, item.id, annotations, properties, mode)
        except DiskFull:
            raise
        except GroundtruthError as error:
            self._fail(str(path), str(error))
            return
        self.report.documents += 1
        self.report.annotations += len(annotations)

    def _claim(self, item: Item, mode: ImportMode) -> None:
        """Refuse to overwrite what this very import wrote: one of the two documents would be lost."""
        if mode is ImportMode.OVERWRITE and item.id in self.replaced:
            raise InvalidInput(
                f"item {item.full_path}", "was given by another document of this import", "Import them with --append"
            )
        self.replaced.add(item.id)

    def _mode_for_empty(self, item: Item, document: AnnotationDocument) -> ImportMode:
        present = self.parts.annotations.get_annotations(self.report.dataset, item.id)
        if present.annotations or (present.properties and document.properties):
            raise InvalidInput(
                f"item {item.full_path}",
                f"has {'annotations' if present.annotations else 'property values'} already",
                "Import with --append to keep them or --overwrite to replace them",
            )
        return ImportMode.APPEND

    def _with_authors(self, annotation: A) -> A:
        kept = annotation if self.options.annotators else attrs.evolve(annotation, annotators=None)
        return kept if self.options.reviewers else attrs.evolve(kept, reviewers=None)

    def _ensure_classes(self, annotations: Sequence[AnyAnnotation]) -> None:
        used = {(one.class_name, one.kind) for one in annotations if is_supported(one)}
        lacking = sorted(used - self.known)
        if not lacking:
            return
        names = ", ".join(f"{name} ({kind})" for name, kind in lacking)
        if not self.options.create_classes:
            raise InvalidInput(f"class {names}", "is not in the dataset", "Import with --yes to create it")
        self._add_classes([AnnotationClass(name, kind) for name, kind in lacking])

    def _add_classes(self, classes: Sequence[AnnotationClass]) -> None:
        self.parts.classes.add_classes(self.report.dataset, classes)
        new = {(one.name, one.kind): None for one in classes if (one.name, one.kind) not in self.known}
        self.known.update(new)
        self.report.classes_created.extend(f"{name} ({kind})" for name, kind in new)

    def _fail(self, path: str, reason: str) -> None:
        self.report.failed.append(ImportIssue(path, reason))
