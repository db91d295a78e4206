"""Run one command and turn its end into an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

from .parser import build_parser

if TYPE_CHECKING:
    from argparse import Namespace

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, run the command, return its exit code.

    0: all done. 1: failed, or partly failed (the summary counts what). 2: wrong usage. 130: interrupted.
    """
    _tolerate_any_name()
    given = sys.argv[1:] if argv is None else argv
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(build_parser())
    parser = build_parser(given)
    arguments = parser.parse_args(given)
    if arguments.run in {None, "help"}:
        (arguments.parser or parser).print_help()
        return OK
    return run(arguments)


def _tolerate_any_name() -> None:
    """Write what the terminal's encoding lacks as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(arguments: Namespace) -> int:
    """Run the command the arguments name, and report errors on stderr: one line, plus the remedy."""
    try:
        code = _call(arguments)
        sys.stdout.flush()  # here, where a reader that went away can still be dealt with
        return code
    except KeyboardInterrupt:
        print("interrupted: what was finished is kept; run the command again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`); Python must not complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _call(arguments: Namespace) -> int:
    if arguments.run == "version":
        return _version(arguments)
    from importlib import import_module

    from ...domain.errors import GroundtruthError
    from .output import report_error
    from .session import Session

    # Commands make many values and few cycles: looking for these as often as Python does takes 5 % of a large pull.
    gc.set_threshold(50_000)
    module, _, function = arguments.run.partition(":")
    try:
        with Session.from_arguments(arguments) as session:
            handler = getattr(import_module(f".commands.{module}", __package__), function)
            return handler(arguments, session)
    except GroundtruthError as error:
        report_error(error, as_json=arguments.json)
        return FAILED


def _version(arguments: Namespace) -> int:
    from ... import __version__

    print(f'{{"version":"{__version__}"}}' if arguments.json else __version__)
    return OK
