"""What object stores refuse, as errors of the domain.

A store's own words never go on: they hold addresses, and addresses may hold signatures.
"""

from __future__ import annotations

import re

from ...domain.errors import AccessDenied, GroundtruthError, InvalidInput, ObjectNotFound, Unavailable, exception
from ...domain.storage import ExternalStorage

# These begin a message, or hold blanks, which no address does: keys are the users' own and can read like anything.
_STATUS = re.compile(r"Server returned non-2xx status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z.]{1,60})</Code>")
_NO_CREDENTIALS = re.compile(
    r"Generic \w+ error: (Error performing token request"
    r"|Error performing \w+ http://[^/]+/latest/(api/token|meta-data)"
    r"|Unable to \w+ service account|Error reading pem|Failed to read token"
    r"|Missing (AccessKeyId|SecretAccessKey|component in SAS)|Invalid Access Key)"
)
_STALE = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed"}
_ELSEWHERE = {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"}
_REDIRECTED = "this normally indicates an incorrectly configured region"
_TOO_FAR = "Wanted range starting at"


@exception
class StorageDenied(AccessDenied):
    """A storage refuses this machine's credentials, or there are none."""

    advice: str = "Check the storage's credentials in the environment, and what they may do"

    @property
    def remedy(self) -> str:
        return self.advice


@exception
class Refused(InvalidInput):
    """A storage does not take a request as it is, with that HTTP status."""

    status: int = 400


def refusal(error: Exception, storage: ExternalStorage, key: str | None = None) -> GroundtruthError:
    """What an error of obstore means; `key` is the object that was asked for."""
    name = f"storage '{storage.name}'"
    words = str(error)
    kind = type(error).__name__
    status = int(found[1]) if (found := _STATUS.search(words)) else 416 if _TOO_FAR in words else None
    code = found[1] if (found := _CODE.search(words)) else None
    if isinstance(error, FileNotFoundError) and key is not None:
        missing = "holds no such object" if code != "NoSuchBucket" else f"has no bucket '{storage.bucket}'"
        return ObjectNotFound("object", key, f"{name} ({missing})")
    if code in _ELSEWHERE or _REDIRECTED in words:
        return InvalidInput(
            name, "is in another region", "Give the storage its region, or set it in AWS_REGION, and try again"
        )
    if kind in {"PermissionDeniedError", "UnauthenticatedError"} or code in _STALE:
        return StorageDenied(name, f"refuses access ({code or status or 'no reason given'})")
    if _NO_CREDENTIALS.match(words):
        return StorageDenied(name, "cannot be used: there are no credentials, or none that can be read")
    if status is not None and 400 <= status < 500 and status not in {408, 425, 429}:
        reason = f"is refused by {name} ({code or f'HTTP {status}'})"
        return Refused(f"object '{key}'", reason, status=status)
    if isinstance(error, ValueError) or kind == "UnknownConfigurationKeyError":
        return InvalidInput(name, "is not declared in a way that can be used", "Check its bucket and endpoint")
    return Unavailable(name, "does not answer as it should" if status else "is not reachable", status)
