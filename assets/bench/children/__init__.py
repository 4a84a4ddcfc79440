"""Child processes of the measurement of ingest; they import nothing of the product, so that they start at once."""

from __future__ import annotations

PATIENCE_S = 60.0
TOPIC = "imt/v1/+/report"


def tracker_name(number: int) -> str:
    """The tracker of this number, from 0."""
    return f"bench-{number:04d}"
