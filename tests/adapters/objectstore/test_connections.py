from __future__ import annotations

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from groundtruth.adapters.objectstore import ObstoreObjects
from groundtruth.adapters.objectstore.connections import connection
from groundtruth.adapters.objectstore.keys import content_type
from groundtruth.adapters.objectstore.profiles import aws_profile
from groundtruth.domain.errors import AccessDenied, InvalidInput, MissingExtra
from groundtruth.domain.storage import ExternalStorage, Provider

AWS = ExternalStorage("s", Provider.AWS, "bucket", "raw")
GOOGLE = ExternalStorage("s", Provider.GCP, "bucket", "raw")
AZURE = ExternalStorage("s", Provider.AZURE, "account", "photos/raw")


def at(storage: ExternalStorage, **changes: str) -> ExternalStorage:
    return ExternalStorage(storage.name, storage.provider, storage.bucket, storage.prefix, **changes)  # type: ignore[arg-type]


# --- Amazon -----------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with profiles: default with keys, `work` with keys and region, `sso` that would have to log in."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        "[default]\naws_access_key_id = D\naws_secret_access_key = SD%\n"
        "[work]\naws_access_key_id = W\naws_secret_access_key = SW\naws_session_token = TW\n"
    )
    (folder / "config").write_text("[profile work]\nregion = eu-west-3\n[profile sso]\nsso_session = x\n")
    return tmp_path


def amazon(home: Path, storage: ExternalStorage = AWS, **environ: str) -> dict[str, object]:
    return connection(storage, {"HOME": str(home), **environ}).config


def test_keys_of_the_environment_come_first(home: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "SE"}
    assert amazon(home, **keys) == {"access_key_id": "E", "secret_access_key": "SE"}
    # Never half of one and half of the other.
    assert amazon(home, **keys, AWS_PROFILE="work") == {
        "access_key_id": "E",
        "secret_access_key": "SE",
        "region": "eu-west-3",
    }


def test_keys_are_read_from_the_profile_in_use(home: Path) -> None:
    assert amazon(home) == {"access_key_id": "D", "secret_access_key": "SD%"}
    assert amazon(home, AWS_PROFILE="work") == {
        "access_key_id": "W",
        "secret_access_key": "SW",
        "session_token": "TW",
        "region": "eu-west-3",
    }


def test_files_of_profiles_may_be_elsewhere(home: Path, tmp_path: Path) -> None:
    moved = (home / ".aws/credentials").rename(tmp_path / "moved")
    assert amazon(home) == {}
    assert amazon(home, AWS_SHARED_CREDENTIALS_FILE=str(moved))["access_key_id"] == "D"


def test_a_profile_that_must_log_in_says_how(home: Path) -> None:
    with pytest.raises(InvalidInput, match="export-credentials --profile sso"):
        aws_profile({"HOME": str(home), "AWS_PROFILE": "sso"})


def test_a_profile_that_is_nowhere_is_refused(home: Path) -> None:
    with pytest.raises(InvalidInput, match="AWS_PROFILE"):
        aws_profile({"HOME": str(home), "AWS_PROFILE": "nobody"})


def test_a_damaged_file_is_told_without_what_is_in_it(home: Path) -> None:
    (home / ".aws/credentials").write_text("aws_secret_access_key = SECRET")
    with pytest.raises(InvalidInput, match="cannot be read") as caught:
        aws_profile({"HOME": str(home)})
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_the_region_is_that_of_the_storage_or_the_environment(tmp_path: Path) -> None:
    environ = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert amazon(tmp_path, at(AWS, region="us-west-1"), **environ)["region"] == "us-west-1"
    assert amazon(tmp_path, **environ)["region"] == "eu-west-1"
    assert amazon(tmp_path, AWS_DEFAULT_REGION="eu-west-2")["region"] == "eu-west-2"


def test_plain_http_only_where_the_endpoint_says_so(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    assert "allow_http" not in connection(AWS, environ).client
    assert "allow_http" not in connection(at(AWS, endpoint="https://minio.example"), environ).client
    assert connection(at(AWS, endpoint="http://127.0.0.1:9000"), environ).client["allow_http"]
    assert connection(AWS, {**environ, "AWS_ENDPOINT_URL": "http://minio:9000"}).client["allow_http"]


# --- Google -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "anonymous"),
    [
        ("https://storage.googleapis.com", False),
        ("https://storage-mine.p.googleapis.com/", False),
        ("http://storage.googleapis.com", True),
        ("https://googleapis.com.evil.example", True),
        ("https://evil-googleapis.com", True),
        ("https://evil.example/.googleapis.com", True),
        ("http://127.0.0.1:4443", True),
    ],
)
def test_tokens_of_google_go_to_google_only(endpoint: str, anonymous: bool) -> None:
    found = connection(at(GOOGLE, endpoint=endpoint), {"GOOGLE_APPLICATION_CREDENTIALS": "/key.json"})
    assert found.anonymous is anonymous
    assert ("application_credentials" in found.config) is not anonymous
    assert found.config["base_url"] == endpoint.rstrip("/")


def test_google_without_an_endpoint(tmp_path: Path) -> None:
    found = connection(GOOGLE, {"GOOGLE_APPLICATION_CREDENTIALS": "/key.json"})
    assert (found.bucket, found.config) == ("bucket", {"application_credentials": "/key.json"})
    emulated = connection(GOOGLE, {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:4443"})
    assert (emulated.config, emulated.anonymous) == ({"base_url": "http://127.0.0.1:4443"}, True)


# --- Azure ------------------------------------------------------------------------------------------

STRING = "DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5==;EndpointSuffix=core.windows.net"


def test_the_container_begins_the_prefix() -> None:
    assert connection(AZURE, {}).bucket == "photos"
    for prefix in ("", "/"):
        assert connection(ExternalStorage("s", Provider.AZURE, "account", prefix), {}).bucket == "data"
    assert connection(AZURE, {}).config == {"account_name": "account"}


def test_a_connection_string_comes_before_a_key() -> None:
    key = {"AZURE_STORAGE_ACCOUNT_KEY": "b3RoZXI="}
    assert connection(AZURE, key).config == {"account_name": "account", "account_key": "b3RoZXI="}
    assert connection(AZURE, {**key, "AZURE_STORAGE_CONNECTION_STRING": STRING}).config == {
        "account_name": "account",
        "account_key": "a2V5==",
        "endpoint": "https://account.blob.core.windows.net",
    }
    shared = "BlobEndpoint=https://blobs.example/;SharedAccessSignature=sv=1&sig=a%3D"
    assert connection(AZURE, {**key, "AZURE_STORAGE_CONNECTION_STRING": shared}).config == {
        "account_name": "account",
        "sas_key": "sv=1&sig=a%3D",
        "endpoint": "https://blobs.example",
    }


def test_a_connection_string_of_another_account_is_refused() -> None:
    other = STRING.replace("AccountName=account", "AccountName=stranger")
    with pytest.raises(InvalidInput, match="another account than 'account'") as caught:
        connection(AZURE, {"AZURE_STORAGE_CONNECTION_STRING": other})
    assert "a2V5" not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    ["https://evil.example", "http://account.blob.core.windows.net", "https://evil.servicebus.windows.net"],
)
def test_a_storage_cannot_send_keys_of_azure_elsewhere(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="no host of Azure"):
        connection(at(AZURE, endpoint=endpoint), {"AZURE_STORAGE_ACCOUNT_KEY": "a2V5"})


@pytest.mark.parametrize(
    "endpoint", ["https://account.blob.core.windows.net", "http://127.0.0.1:10000/account", "http://localhost:1/a"]
)
def test_a_storage_may_name_hosts_of_azure_and_this_machine(endpoint: str) -> None:
    assert connection(at(AZURE, endpoint=endpoint), {}).config["endpoint"] == endpoint


def test_credentials_are_in_no_repr(home: Path) -> None:
    assert "SW" not in repr(connection(AWS, {"HOME": str(home), "AWS_PROFILE": "work"}))


# --- the rest ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "encoding", "kind"),
    [
        ("raw/a.jpg", None, "image/jpeg"),
        ("raw.jpg/a", None, "application/octet-stream"),
        ("a.ts", None, "video/mp2t"),
        ("a.MP4", None, "video/mp4"),
        ("index.m3u8", None, "application/vnd.apple.mpegurl"),
        ("a.dcm", None, "application/dicom"),
        ("peaks.gz", "gzip", "application/octet-stream"),
        ("peaks.gz", None, "application/gzip"),
        ("a.json.gz", "gzip", "application/json"),
        ("a.nii.bz2", None, "application/octet-stream"),
    ],
)
def test_the_name_says_the_content_type(key: str, encoding: str | None, kind: str) -> None:
    assert content_type(key, encoding) == kind


@pytest.mark.parametrize(
    "storage",
    [
        ExternalStorage("s", Provider.AWS, ""),
        ExternalStorage("s", Provider.AWS, "a b?c"),
        ExternalStorage("s", Provider.GCP, "a/../b"),
        ExternalStorage("s", Provider.AZURE, "evil.example/", "data"),
        ExternalStorage("s", Provider.AZURE, "account", "a?b/raw"),
        at(AWS, region="x.evil.example/"),
        at(AWS, endpoint="x y"),
        at(AWS, endpoint="ftp://host"),
        at(AWS, endpoint="https://"),
        at(AWS, endpoint="https://user:password@host"),
        at(AWS, endpoint="https://host?query"),
        at(GOOGLE, endpoint="https://storage.googleapis.com@evil.example"),
        at(AZURE, endpoint="http://127.0.0.1:1/a b"),
    ],
)
def test_names_that_are_none_make_no_address(storage: ExternalStorage) -> None:
    with pytest.raises(InvalidInput, match="storage 's' has no usable"):
        ObstoreObjects({}).size(storage, "a")


def test_addresses_of_all_kinds_are_taken() -> None:
    for endpoint in ("http://[::1]:9000", "HTTPS://minio.example:9000/", "http://127.0.0.1:1/account/", "http://a"):
        assert connection(at(AWS, endpoint=endpoint), {}).config["endpoint"] == endpoint


def test_credentials_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    missing = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "nothing.json")}
    with pytest.raises(AccessDenied, match="storage 's'"):
        ObstoreObjects(missing).size(GOOGLE, "a")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingExtra, match=r"external storage needs the extra 's3'"):
        ObstoreObjects({}).size(AWS, "a")


def test_importing_the_package_does_not_import_the_library() -> None:
    program = "import sys, groundtruth.adapters.objectstore; sys.exit('obstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
