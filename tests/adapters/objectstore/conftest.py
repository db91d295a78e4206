from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import logging
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
AZURE_ACCOUNT = "devstoreaccount1"
# The key that every Azurite has; it opens nothing else.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The library looks into the environment by itself."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Address of a server that speaks the protocol of S3."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def make_bucket(endpoint: str, name: str) -> None:
    """Make a bucket, or empty it by making it anew."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """Connection string of an Azurite, Microsoft's own stand-in for Azure, where one is installed."""
    program = os.environ.get("GROUNDTRUTH_AZURITE") or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("no azurite-blob; install it with npm, or name it in GROUNDTRUTH_AZURITE")
    command = [program, "--inMemoryPersistence", "--blobPort", "0", "--silent", "--disableTelemetry"]
    with subprocess.Popen([*command, "--skipApiVersionCheck"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = next(line.split()[-1] for line in process.stdout if "successfully listens" in line)
            endpoint = f"{address}/{AZURE_ACCOUNT}"
            yield f"AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};BlobEndpoint={endpoint};"
        finally:
            process.terminate()


def azure_request(method: str, connection_string: str, path: str, name: str = "", value: str = "") -> HTTPResponse:
    """Answer to a request with at most one parameter, signed with the shared key."""
    endpoint = connection_string.partition("BlobEndpoint=")[2].rstrip(";")
    headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2023-11-03"}
    signed = "".join(f"{header}:{content}\n" for header, content in headers.items())
    query = f"\n{name}:{value}" if name else ""
    text = f"{method}{12 * chr(10)}{signed}/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{path}{query}"
    digest = hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)
    headers |= {"Authorization": f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"}
    address = f"{endpoint}/{path}" + (f"?{name}={value}" if name else "")
    return urllib.request.urlopen(urllib.request.Request(address, method=method, headers=headers))
