"""Put the artifacts of a video into external storage (reference: V7 Darwin, section 13.4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from ..domain.errors import AccessDenied, GroundtruthError, InvalidInput, MissingExtra, ObjectNotFound
from ..domain.storage import ExternalStorage
from ..domain.stored import key_prefix
from ..ports.files import FoundFile, LocalFiles
from ..ports.progress import Advanced, Finished, Progress, Started, Transferred
from ..ports.runner import Runner
from ..ports.storage import ObjectStore, StorageDesk
from .push import PushIssue
from .storage import find_storage
from .streams import closing

TASK = "upload"


@attrs.define
class UploadReport:
    """What was put into a storage. `present` were there already, with the same size."""

    storage: ExternalStorage
    prefix: str
    files: int = 0
    size: int = 0
    present: int = 0
    failed: list[PushIssue] = attrs.field(factory=list[PushIssue])

    @property
    def is_complete(self) -> bool:
        """True if nothing failed."""
        return not self.failed


@attrs.frozen
class _Artifact:
    file: FoundFile
    key: str


@attrs.define
class _Sent:
    artifact: _Artifact
    is_present: bool = False
    error: GroundtruthError | None = None


@attrs.frozen
class UploadArtifacts:
    """Put the artifacts of a video, and the video, into an external storage (section 13.4)."""

    objects: ObjectStore
    storages: StorageDesk
    files: LocalFiles
    runner: Runner
    progress: Progress

    def __call__(
        self,
        team: str,
        folder: Path,
        prefix: str,
        source: Path | None = None,
        storage: str | None = None,
        skip_present: bool = False,
    ) -> UploadReport:
        """Store all files below `folder`, and `source`, under `prefix/`, several at a time.

        What fails is told, and the rest goes on. With `skip_present`, objects of the same size are taken to be the
        same, so that an upload that broke off goes on where it was; without it everything is stored anew.

        Raises:
            NotFound: the team has no such storage, no default one, or the storage has no such bucket.
            InvalidInput: the prefix is not below that of the storage.
            AccessDenied, MissingExtra: nothing could be stored, or no more.
        """
        report = UploadReport(find_storage(self.storages, team, storage), prefix.strip("/"))
        beginning = key_prefix(report.storage)
        if not f"{report.prefix}/".startswith(beginning):
            raise InvalidInput(
                f"prefix '{prefix}'",
                f"is not below '{beginning}' of storage '{report.storage.name}'",
                "Begin it with that, or no hub will find the objects",
            )
        count = sum(not isinstance(found, OSError) for found in self._found(folder, source))
        self.progress.report(Started(TASK, count, "files"))

        def store(artifact: _Artifact) -> _Sent:
            return self._store(artifact, report.storage, skip_present)

        with closing(self.runner.map(store, self._artifacts(folder, source, report))) as results:
            for sent in results:
                self._take(sent, report)
        self.progress.report(Finished(TASK))
        return report

    def _found(self, folder: Path, source: Path | None) -> Iterator[FoundFile | OSError]:
        yield from self.files.find([folder])
        # A video that was repaired lies among its artifacts.
        if source is not None and source.parent != folder:
            yield from self.files.find([source])

    def _artifacts(self, folder: Path, source: Path | None, report: UploadReport) -> Iterator[_Artifact]:
        for found in self._found(folder, source):
            if isinstance(found, OSError):
                report.failed.append(PushIssue(str(found.filename), "find", found.strerror or str(found)))
            else:
                yield _Artifact(found, f"{report.prefix}/{found.relative.as_posix()}".lstrip("/"))

    def _store(self, artifact: _Artifact, storage: ExternalStorage, skip_present: bool) -> _Sent:
        encoding = "gzip" if artifact.key.endswith(".gz") else None
        try:
            if skip_present and self._has(artifact, storage):
                return _Sent(artifact, is_present=True)
            self.objects.put(storage, artifact.key, artifact.file.path, encoding)
        except (AccessDenied, MissingExtra):
            raise  # the next one would fare no better
        except GroundtruthError as error:
            return _Sent(artifact, error=error)
        return _Sent(artifact)

    def _has(self, artifact: _Artifact, storage: ExternalStorage) -> bool:
        try:
            return self.objects.size(storage, artifact.key) == artifact.file.size
        except ObjectNotFound:
            return False

    def _take(self, sent: _Sent, report: UploadReport) -> None:
        file, key = sent.artifact.file, sent.artifact.key
        moved = 0
        if sent.error is not None:
            report.failed.append(PushIssue(str(file.path), "upload", sent.error.message))
        elif sent.is_present:
            report.present += 1
        else:
            moved = file.size
            report.files += 1
            report.size += moved
            self.progress.report(Transferred(TASK, key, moved, moved))
        self.progress.report(Advanced(TASK, 1, moved))
