"""Heads of answers."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

BLANK = {b"\r\n", b"\n"}


@attrs.frozen
class Head:
    """Status and headers, by name in lower case."""

    status: int
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, lines: list[bytes]) -> Head | None:
        """The head in lines as they came, those of preliminary answers (1xx) included; None if it is not whole."""
        return cls._usual(lines) or cls._parse(lines)

    @classmethod
    def _usual(cls, lines: list[bytes]) -> Head | None:
        """A single head with nothing odd about it: as good as every one, and this is done for every small file."""
        status = _status(lines[0])
        if status < 200 or lines[-1] not in BLANK or not lines[0].startswith(b"HTTP/"):
            return None
        headers: dict[str, str] = {}
        for line in lines[1:-1]:
            name, colon, value = line.decode("latin-1").partition(":")
            name = name.lower()
            if not colon or name in headers or name[:1] <= " ":
                return None
            headers[name] = value.strip()
        return cls(status, headers)

    @classmethod
    def _parse(cls, lines: list[bytes]) -> Head | None:
        status, headers, name = 0, dict[str, str](), ""
        for line in lines:
            if line.startswith(b"HTTP/"):
                status, headers, name = _status(line), {}, ""
            elif line in BLANK:
                if status >= 200 or status == 101:
                    return cls(status, headers)
            elif line[0] in b" \t":  # goes on with the line before
                if name:
                    headers[name] = f"{headers[name]} {line.strip().decode('latin-1')}"
            else:
                name, colon, value = line.decode("latin-1").partition(":")
                name = name.lower() if colon else ""
                if name:
                    add(headers, name, value.strip())
        return None


def add(headers: dict[str, str], name: str, value: str) -> None:
    """Add a header; to the value of one of that name, after a comma."""
    headers[name] = f"{headers[name]}, {value}" if name in headers else value


def _status(line: bytes) -> int:
    number = line[9:12] if line.startswith(b"HTTP/1.") else b"".join(line.split(maxsplit=2)[1:2])
    return int(number) if number.isdigit() else 0
