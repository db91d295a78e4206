"""Logs: adapters log through the standard library; here structlog renders it, to stderr, when it is asked for.

Importing structlog takes longer than most commands, so without -v a plain handler does.
"""

from __future__ import annotations

import logging
import sys


def configure_logging(verbose: int) -> None:
    """Warnings only; with -v also infos, with -vv debug lines. Secrets are the callers' to leave out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_structured() if verbose else logging.Formatter("warning: %(message)s"))
    log = logging.getLogger("groundtruth")
    log.handlers[:] = [handler]
    log.propagate = False
    log.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG))


def _structured() -> logging.Formatter:
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="%H:%M:%S"),
        ],
        processor=structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    )
