"""What the environment says about certificates."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ca_bundle(environment: Mapping[str, str] = os.environ) -> str:
    """File or folder of trusted certificates: what a variable names, else Mozilla's, which come with certifi."""
    for name in VARIABLES:
        if environment.get(name):
            return environment[name]
    import certifi  # only where it is needed: it writes a file when run from an archive

    return certifi.where()
