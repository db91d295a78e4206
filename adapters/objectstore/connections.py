"""How each provider's stores are reached: addresses, credentials and patience (section 13.4)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import attrs

from ...domain.errors import InvalidInput
from ...domain.policies import RetryPolicy
from ...domain.storage import ExternalStorage, Provider
from .profiles import aws_profile

DEFAULT_CONTAINER = "data"
GOOGLE = (".googleapis.com",)
MICROSOFT = (".core.windows.net", ".storage.azure.net", ".core.chinacloudapi.cn", ".core.usgovcloudapi.net")


_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._\-]{0,221}")
_LABEL = re.compile(r"[A-Za-z0-9\-]{1,63}")
_ENDPOINT = re.compile(
    r"https?://([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~\-]*)*", re.IGNORECASE
)

EAGER = RetryPolicy(max_attempts=9, initial_wait=0.5, max_wait=5.0)


@attrs.frozen
class Patience:
    """How long a store is waited for, in seconds. After `retry_time` no further try is begun.

    `silence` ends a try to read in which nothing comes; `sending` one to store a part, however slow the line is.
    """

    retry: RetryPolicy = EAGER
    retry_time: float = 30.0
    silence: float = 20.0
    sending: float = 900.0

    def retry_config(self) -> dict[str, Any]:
        """The same in obstore's words. It draws the waits at random."""
        return {
            "max_retries": self.retry.max_attempts - 1,
            "retry_timeout": timedelta(seconds=self.retry_time),
            "backoff": {
                "init_backoff": timedelta(seconds=self.retry.initial_wait),
                "max_backoff": timedelta(seconds=self.retry.max_wait),
                "base": 2,
            },
        }

    def client_options(self, sending: bool) -> dict[str, Any]:
        """Time limits of a request. One that reads may take any time, for so may an object."""
        if sending:  # while a part is sent nothing comes, which would count as silence
            return {"timeout": timedelta(seconds=self.sending), "user_agent": "groundtruth"}
        return {
            "read_timeout": timedelta(seconds=self.silence),
            "timeout": timedelta(days=1),
            "user_agent": "groundtruth",
        }


@attrs.frozen
class Connection:
    """Arguments of an obstore store: bucket or container, configuration, client options."""

    bucket: str
    config: dict[str, Any] = attrs.field(repr=False)
    client: dict[str, Any] = attrs.field(factory=dict[str, Any])
    anonymous: bool = False


def connection(storage: ExternalStorage, environ: Mapping[str, str]) -> Connection:
    """How to reach a storage in a cloud.

    Raises:
        InvalidInput: credentials are for another account, or would go to a host they are not meant for; or a name
            is none.
    """
    makers = {Provider.AWS: _amazon, Provider.GCP: _google, Provider.AZURE: _azure}
    found = makers[storage.provider](storage, environ)
    _check(storage, found)
    return found


def _check(storage: ExternalStorage, found: Connection) -> None:
    """Refuse names that are none before they become parts of addresses: they may come from a hub."""
    endpoint = str(found.config.get("base_url") or found.config.get("endpoint") or "https://default")
    wrong = [
        what
        for what, value, rule in (
            ("bucket", found.bucket, _BUCKET),
            ("account", str(found.config.get("account_name", "account")), _LABEL),
            ("region", str(found.config.get("region", "region")), _LABEL),
            ("endpoint", endpoint, _ENDPOINT),
        )
        if not rule.fullmatch(value)
    ]
    if wrong:
        raise InvalidInput(f"storage '{storage.name}'", f"has no usable {wrong[0]}", "Declare it again")


def _amazon(storage: ExternalStorage, environ: Mapping[str, str]) -> Connection:
    profile = aws_profile(environ)
    endpoint = storage.endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    config = {
        "region": storage.region
        or environ.get("AWS_REGION")
        or environ.get("AWS_DEFAULT_REGION")
        or profile.get("region"),
        "access_key_id": environ.get("AWS_ACCESS_KEY_ID") or profile.get("aws_access_key_id"),
        "secret_access_key": environ.get("AWS_SECRET_ACCESS_KEY") or profile.get("aws_secret_access_key"),
        "session_token": environ.get("AWS_SESSION_TOKEN") or profile.get("aws_session_token"),
        # A signature holds for its host only, so any endpoint may have one.
        "endpoint": endpoint,
    }
    return Connection(storage.bucket, _given(config), _plain(endpoint))


def _google(storage: ExternalStorage, environ: Mapping[str, str]) -> Connection:
    endpoint = storage.endpoint or environ.get("STORAGE_EMULATOR_HOST")
    config = {
        "base_url": endpoint.rstrip("/") if endpoint else None,
        "application_credentials": environ.get("GOOGLE_APPLICATION_CREDENTIALS"),
    }
    # Without this header Google unpacks what is stored as gzip, and sends other bytes than it says.
    client = {**_plain(endpoint), "default_headers": {"accept-encoding": "gzip"}}
    # A token is as good as a password: no other host gets one.
    anonymous = endpoint is not None and not _belongs(endpoint, GOOGLE)
    if anonymous:
        del config["application_credentials"]
    return Connection(storage.bucket, _given(config), client, anonymous)


def _azure(storage: ExternalStorage, environ: Mapping[str, str]) -> Connection:
    named = _fields(environ.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    if named and named.get("accountname", storage.bucket) != storage.bucket:
        raise InvalidInput(
            "AZURE_STORAGE_CONNECTION_STRING",
            f"is for another account than '{storage.bucket}' of storage '{storage.name}'",
            "Set the one of that account, or AZURE_STORAGE_ACCOUNT_KEY",
        )
    if storage.endpoint and not _is_own(storage.endpoint) and not _belongs(storage.endpoint, MICROSOFT):
        raise InvalidInput(
            f"endpoint of storage '{storage.name}'",
            "is no host of Azure, so it gets no credentials",
            "Name it as BlobEndpoint in AZURE_STORAGE_CONNECTION_STRING, if you trust it",
        )
    suffix = named.get("endpointsuffix")
    endpoint = named.get("blobendpoint") or storage.endpoint
    if not endpoint and suffix:
        endpoint = f"{named.get('defaultendpointsprotocol', 'https')}://{storage.bucket}.blob.{suffix}"
    config = {
        "account_name": storage.bucket,
        "account_key": named.get("accountkey") or (None if named else environ.get("AZURE_STORAGE_ACCOUNT_KEY")),
        "sas_key": named.get("sharedaccesssignature"),
        "endpoint": endpoint.rstrip("/") if endpoint else None,
    }
    container = storage.prefix.strip("/").partition("/")[0] or DEFAULT_CONTAINER
    return Connection(container, _given(config), _plain(endpoint))


def _fields(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _given(config: Mapping[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if value}


def _plain(endpoint: str | None) -> dict[str, Any]:
    return {"allow_http": True} if endpoint and endpoint.lower().startswith("http://") else {}


def _belongs(endpoint: str, domains: tuple[str, ...]) -> bool:
    parts = urlsplit(endpoint)
    return parts.scheme.lower() == "https" and (parts.hostname or "").endswith(domains)


def _is_own(endpoint: str) -> bool:
    """True if the host is this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
