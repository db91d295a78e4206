from __future__ import annotations

import secrets
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from groundtruth.adapters.memory import MemoryObjectStore
from groundtruth.adapters.objectstore import ObstoreObjects
from groundtruth.domain.storage import ExternalStorage, Provider
from groundtruth.testing.objectstore import ObjectStoreContract, StoredObjects

from .conftest import AZURE_ACCOUNT, KEYS, azure_request, make_bucket

PART = 5 * 1024 * 1024
"""The smallest part S3 takes."""


class TestMemory(ObjectStoreContract):
    def make_objects(self, folder: Path) -> MemoryObjectStore:
        return MemoryObjectStore()

    def make_storage(self, folder: Path, name: str) -> ExternalStorage:
        return ExternalStorage(name, Provider.GCP, name)

    def encoding_of(self, source: StoredObjects, key: str) -> str | None:
        assert isinstance(source.objects, MemoryObjectStore)
        return source.objects.encodings[source.objects.url(source.storage, key)]


class TestFolder(ObjectStoreContract):
    def make_objects(self, folder: Path) -> ObstoreObjects:
        return ObstoreObjects({})

    def make_storage(self, folder: Path, name: str) -> ExternalStorage:
        (folder / name).mkdir()
        return ExternalStorage(name, Provider.FOLDER, str(folder / name))

    def encoding_of(self, source: StoredObjects, key: str) -> str | None:
        pytest.skip("a folder keeps no encodings")


class TestS3(ObjectStoreContract):
    large = 2 * PART + 17
    provider = Provider.AWS

    @pytest.fixture(autouse=True)
    def server(self, s3: str) -> None:
        self.endpoint = s3

    def make_objects(self, folder: Path) -> ObstoreObjects:
        return ObstoreObjects(KEYS, part_size=PART)

    def make_storage(self, folder: Path, name: str) -> ExternalStorage:
        bucket = f"{name}{secrets.token_hex(8)}"
        make_bucket(self.endpoint, bucket)
        return ExternalStorage(name, self.provider, bucket, "raw", endpoint=self.endpoint)

    def encoding_of(self, source: StoredObjects, key: str) -> str | None:
        address = f"{self.endpoint}/{source.storage.bucket}/{key}"
        request = Request(address, method="HEAD", headers={"Authorization": "Bearer of nothing"})
        with urlopen(request) as answer:
            return answer.headers["Content-Encoding"]


class TestGoogle(TestS3):
    """Against the same server: the requests Google takes are those of S3, but for their signatures."""

    provider = Provider.GCP


class TestAzure(ObjectStoreContract):
    large = 2 * PART + 17

    @pytest.fixture(autouse=True)
    def server(self, azurite: str) -> None:
        self.connection_string = azurite

    def make_objects(self, folder: Path) -> ObstoreObjects:
        return ObstoreObjects({"AZURE_STORAGE_CONNECTION_STRING": self.connection_string}, part_size=PART)

    def make_storage(self, folder: Path, name: str) -> ExternalStorage:
        container = f"{name}-{secrets.token_hex(8)}"
        azure_request("PUT", self.connection_string, container, "restype", "container").close()
        return ExternalStorage(name, Provider.AZURE, AZURE_ACCOUNT, f"{container}/raw")

    def encoding_of(self, source: StoredObjects, key: str) -> str | None:
        path = f"{source.storage.prefix.split('/')[0]}/{key}"
        with azure_request("HEAD", self.connection_string, path) as answer:
            return answer.headers["Content-Encoding"]
