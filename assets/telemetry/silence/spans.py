"""Spans of time in which no place may be kept, and whether bytes that nobody could read may tell of one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from assets.telemetry.days import to_ms

# Anything that reads as a time of these decades, wherever it stands and whatever it is called there.
_EPOCH = re.compile(rb"(?<![\d.])([12]\d{9}(?:\d{3})?)(?!\d)")
_ISO = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A half-open span of time, UNIX milliseconds."""

    first_ms: int
    until_ms: int

    def holds(self, moment_ms: int) -> bool:
        """Whether the moment lies in it."""
        return self.first_ms <= moment_ms < self.until_ms


Spans = tuple[Span, ...]


def merged(spans: Iterable[Span]) -> Spans:
    """The same time in order, with what touches or overlaps made one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first_ms <= found[-1].until_ms:
            found[-1] = Span(found[-1].first_ms, max(found[-1].until_ms, span.until_ms))
        else:
            found.append(span)
    return tuple(found)


def may_tell(raw: bytes, received_ms: Iterable[int], spans: Spans) -> bool:
    """Whether bytes may tell a place within these spans: received in one, or holding anything that reads as its time.

    Whole seconds and milliseconds since 1970 and ISO 8601 (UTC where no zone stands) count, wherever they stand.
    """
    if not spans or not raw:
        return False
    moments = [*received_ms, *_moments_in(raw)]
    return any(span.holds(moment) for span in spans for moment in moments)


def _moments_in(raw: bytes) -> Iterator[int]:
    for match in _EPOCH.finditer(raw):
        digits = match.group(1)
        yield int(digits) if len(digits) == 13 else int(digits) * 1000
    for match in _ISO.finditer(raw):
        try:
            moment = datetime.fromisoformat(match.group().decode())
            yield to_ms(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            continue
