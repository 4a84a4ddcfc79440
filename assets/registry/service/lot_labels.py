"""The label codes of lots, so that a box can be scanned as any item can."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.people.rules import Permission
from assets.registry.models import Label, StockLot, StockLotLabel
from assets.registry.queries.stock import code_of
from assets.registry.scope import require_unit
from assets.registry.service.labels import free_codes


def give_label(session: Session, actor: Actor, lot: StockLot, now: datetime) -> str:
    """The lot's label code; one that has none yet gets one. It is printed as any other label."""
    require_unit(actor, Permission.STOCK_WRITE, lot.unit)
    known = code_of(session, lot)
    if known is not None:
        return known
    code = free_codes(session, 1)[0]
    session.add(Label(code=code, state="active", created_at=now))
    session.flush()
    session.add(StockLotLabel(code=code, lot_id=lot.id))
    session.flush()
    return code
