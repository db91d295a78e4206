"""Certificates, proxies for secure connections, and what cannot be seen from outside."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.web import CurlWeb
from groundtruth.adapters.web.environment import VARIABLES, ca_bundle
from groundtruth.adapters.web.plain import RequestsWeb
from groundtruth.domain.errors import InvalidInput, NotSent, Unavailable
from groundtruth.ports.web import WebRequest
from groundtruth.testing.website import Asked, Connection, Hangup, Reply, Website

Make = Callable[[], CurlWeb | RequestsWeb]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for 127.0.0.1, signed by itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", *VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrap(plug: socket.socket) -> socket.socket:
        return context.wrap_socket(plug, server_side=True)

    with Website(lambda asked, _: Reply(body=b"secure"), wrap) as site:
        yield site


@pytest.fixture(params=[CurlWeb, RequestsWeb])
def make(request: pytest.FixtureRequest) -> Make:
    return lambda: request.param(4, connect_timeout=2.0, read_timeout=5.0)


def fetch(make: Make, url: str) -> bytes:
    with make() as web:
        answer = web.send(WebRequest("GET", url, {"Authorization": "secret"}))
        try:
            return answer.read(100)
        finally:
            answer.close()


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_environment_says_whom_to_trust(
    make: Make, secure: Website, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with pytest.raises(Unavailable, match="trusted"):
        fetch(make, secure.root)
    assert secure.asked == []
    monkeypatch.setenv(variable, str(certificate))
    assert fetch(make, secure.root) == b"secure"


def test_certifi_is_trusted_otherwise() -> None:
    assert ca_bundle({}).endswith("cacert.pem")
    assert ca_bundle({"SSL_CERT_FILE": "b", "CURL_CA_BUNDLE": "a", "REQUESTS_CA_BUNDLE": ""}) == "a"


def test_a_trust_file_that_is_missing_is_no_reason_to_trust(
    make: Make, secure: Website, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(Unavailable):
        fetch(make, secure.root)
    assert secure.asked == []


def tunnel(asked: Asked, connection: Connection) -> None:
    """What a proxy does for a secure connection: pass bytes on, both ways."""
    assert asked.method == "CONNECT"
    assert "authorization" not in asked.headers
    host, _, port = asked.target.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        connection.send(b"HTTP/1.1 200 Established\r\nX-Proxy: yes\r\nContent-Length: 77\r\n\r\n")

        def back() -> None:
            with contextlib.suppress(OSError):  # the client has hung up
                while data := upstream.recv(65536):
                    connection.send(data)

        thread = threading.Thread(target=back, daemon=True)
        thread.start()
        while data := connection.plug.recv(65536):
            upstream.sendall(data)
        upstream.shutdown(socket.SHUT_WR)
        thread.join(10)
    raise Hangup


def test_a_proxy_is_tunnelled_through(
    make: Make, secure: Website, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Website(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", proxy.root)
        with make() as web:
            for _ in range(2):
                answer = web.send(WebRequest("GET", secure.root, {"Authorization": "secret"}))
                assert (answer.status, answer.read(100)) == (200, b"secure")
                assert "x-proxy" not in answer.headers
                answer.close()
        assert proxy.connections == 1


def test_a_proxy_that_refuses_was_sent_nothing(make: Make, secure: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    with Website(lambda asked, _: Reply(407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.root)
        with pytest.raises(NotSent):
            fetch(make, secure.root)
    assert secure.asked == []


def test_a_web_needs_a_connection() -> None:
    for make in (CurlWeb, RequestsWeb):
        with pytest.raises(InvalidInput):
            make(0)


def test_ctrl_c_ends_a_wait() -> None:
    program = (
        "import _thread, threading; from groundtruth.adapters.web import CurlWeb\n"
        "from groundtruth.ports.web import WebRequest; from groundtruth.testing.website import Website\n"
        "site = Website(lambda asked, _: threading.Timer(0.05, _thread.interrupt_main).start())\n"
        "with CurlWeb(1) as web:\n"
        "    try:\n"
        "        web.send(WebRequest('GET', site.root))\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
        "site.close()\n"
    )
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
