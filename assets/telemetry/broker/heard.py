"""What our own broker wrote down of late: the end of its log, bounded whatever its length."""

from __future__ import annotations

from pathlib import Path

from assets.settings import Settings
from assets.telemetry.broker.configuration import LOG
from assets.telemetry.broker.files import folder_of
from assets.telemetry.broker_log import BrokerEvent, broker_events

MOST_BYTES = 512 * 1024


def broker_words(settings: Settings) -> list[BrokerEvent]:
    """The newest events, oldest first; none where the broker is another's or was never started."""
    if settings.mqtt_url:
        return []
    path = folder_of(settings) / LOG
    newest = _end_of(path, MOST_BYTES)
    before = _end_of(path.with_name(f"{LOG}.1"), MOST_BYTES - len(newest))
    return list(broker_events((before + newest).decode(errors="replace").splitlines()))


def _end_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as source:
            source.seek(max(0, path.stat().st_size - most))
            return source.read(most)
    except FileNotFoundError:
        return b""
