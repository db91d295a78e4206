"""Errors of libcurl in our words. Its own texts may hold addresses, and addresses hold secrets."""

from __future__ import annotations

import errno
import os

import pycurl

from ...domain.errors import InvalidInput, NotSent, Unavailable

_UNTRUSTED = "has no trusted certificate, or broke off the secure connection"
_REASONS = {
    pycurl.E_COULDNT_RESOLVE_PROXY: "cannot be reached: the name of the proxy is not known",
    pycurl.E_COULDNT_RESOLVE_HOST: "cannot be reached: the name of the host is not known",
    pycurl.E_COULDNT_CONNECT: "is not reachable",
    pycurl.E_OPERATION_TIMEDOUT: "did not take the connection in time",
    pycurl.E_SSL_CONNECT_ERROR: _UNTRUSTED,
    pycurl.E_SSL_CACERT: _UNTRUSTED,
    pycurl.E_SSL_CERTPROBLEM: _UNTRUSTED,
    pycurl.E_SSL_CACERT_BADFILE: "cannot be trusted: the file of trusted certificates cannot be read",
    pycurl.E_PARTIAL_FILE: "broke off: truncated",
    pycurl.E_GOT_NOTHING: "broke off: connection closed without an answer",
    pycurl.E_SEND_ERROR: "broke off: connection lost while sending",
    pycurl.E_RECV_ERROR: "broke off: connection lost",
    # We refuse to let libcurl send anything twice.
    pycurl.E_SEND_FAIL_REWIND: "broke off: connection lost",
    pycurl.E_ABORTED_BY_CALLBACK: "broke off: connection lost",
}
_BY_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ENETUNREACH: "no way to its network",
    errno.EHOSTUNREACH: "no way to the host",
}


def unavailable(code: int, number: int, sent: bool, name: str) -> InvalidInput | Unavailable:
    """The error for libcurl's `code` and the operating system's `number`, of an exchange with `name`.

    `sent`: there was a connection, and something of the request may have arrived.
    """
    if code == pycurl.E_URL_MALFORMAT or (code == pycurl.E_UNSUPPORTED_PROTOCOL and not sent):
        return InvalidInput(f"address {name!r}", "is not a web address")
    reason = _REASONS.get(code, f"did not answer in the way of the web (libcurl's error {code})")
    if code in {pycurl.E_COULDNT_CONNECT, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR} and number:
        detail = _BY_ERRNO.get(number) or os.strerror(number).lower()
        reason = f"is not reachable: {detail}" if code == pycurl.E_COULDNT_CONNECT else f"broke off: {detail}"
    return Unavailable(name, reason) if sent else NotSent(name, reason)
