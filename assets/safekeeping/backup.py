"""Making backups."""

from __future__ import annotations

from assets.safekeeping.log import last_proven

__all__ = ["last_proven"]
