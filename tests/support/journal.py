"""What the journal says, as tests compare it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry


def noted(app: App, entity: str) -> list[tuple[str, str, int | None, Any]]:
    """Each entry about `entity`: of which thing, what was done, by which account, and its values."""
    with app.reading() as session:
        found = session.scalars(select(JournalEntry).where(JournalEntry.entity == entity).order_by(JournalEntry.seq))
        return [(e.entity_id, e.action, e.account_id, json.loads(e.body)["values"]) for e in found]
