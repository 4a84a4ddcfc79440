"""Silence: no place of a vehicle is kept in its silent windows, whatever its tracker did and whenever it is heard.

Ingest asks `Silence` before each batch, takes coordinates out of what it stores, and out of what is stored already
where a window is new, longer, or reaches back. Who looks for lost vehicles asks `silent_assets` and `excused_until`.
"""

from __future__ import annotations

from assets.telemetry.silence.asking import excused_until, is_silent, silent_assets, silent_spans
from assets.telemetry.silence.keeping import Silence

__all__ = ["Silence", "excused_until", "is_silent", "silent_assets", "silent_spans"]
