"""The calendar of one asset as iCalendar text (RFC 5545), for the calendar of a phone or an office."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_LINE_OCTETS = 75


@dataclass(frozen=True)
class CalendarEntry:
    """One time that is taken (half-open); `uid` stays the same while the reservation is the same."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    is_certain: bool


def calendar_text(name: str, entries: Iterable[CalendarEntry], now: datetime) -> str:
    """The calendar with its entries; lines end in CR LF and are folded at 75 octets."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//assets//reservations//EN", f"X-WR-CALNAME:{_escaped(name)}"]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}",
            f"DTSTAMP:{_moment(now)}",
            f"DTSTART:{_moment(entry.start)}",
            f"DTEND:{_moment(entry.end)}",
            f"SUMMARY:{_escaped(entry.summary)}",
            f"STATUS:{'CONFIRMED' if entry.is_certain else 'TENTATIVE'}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line))


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> list[str]:
    """The line in pieces of at most 75 octets, none of which cuts a letter; a piece after the first begins blank."""
    pieces, piece = [], ""
    for letter in line:
        if len(f"{piece}{letter}".encode()) > _LINE_OCTETS:
            pieces.append(piece)
            piece = " "
        piece += letter
    return [*pieces, piece]
