"""A grant and rounds of it, as the tests of handovers enter them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.handover.models import HandoverItem, HandoverLine
from assets.handover.rules import Count
from assets.handover.service.rounds import RoundDraft, enter_round
from assets.people.models import Organisation
from assets.registry.models import Grant, HandoverBatch
from assets.registry.service.catalogue import BatchDraft, GrantDraft, add_grant
from tests.support.world import SETUP, World

DAY = date(2026, 10, 26)


def put_grant(session: Session, world: World, code: str = "G-1") -> Grant:
    """A grant of Japan's, carried out by UNODC."""
    found = session.scalar(select(Grant).where(Grant.code == code))
    if found is not None:
        return found
    donor, agency = (session.get_one(Organisation, world.organisations[key].id) for key in ("JPN", "UNODC"))
    draft = GrantDraft(code, "Mobile teams of Uzbekistan", donor, agency, en_number="E/N 17/2018", ga_number="1760360")
    return add_grant(session, SETUP, draft)


def line(**values: Any) -> dict[str, object]:
    """Two Raman analysers for Tashkent's team, unless told otherwise."""
    return {
        "class": "ident.raman", "model": "Thermo TruNarc", "quantity": 2, "unit": "IMT-TK", "agency": "CUSTOMS",
        "unit_value": "25000.00", "serials": ["TN-1001", "TN-1002"],
    } | {key.rstrip("_"): value for key, value in values.items()}  # fmt: skip


def put_round(
    session: Session,
    world: World,
    now: datetime,
    *lines: Mapping[str, object],
    number: str = "R-1",
    actor: Actor = SETUP,
    **head: Any,
) -> HandoverBatch:
    """A round with these lines (one of `line()` where none are given), entered through the service."""
    draft = BatchDraft(number, put_grant(session, world), DAY, "Toshkent", **head)
    return enter_round(session, actor, RoundDraft(draft, lines or [line()]), now)


def items_in(session: Session, batch: HandoverBatch) -> list[HandoverItem]:
    """The items of a round in their order."""
    statement = select(HandoverItem).join(HandoverItem.line).where(HandoverLine.batch_id == batch.id)
    return list(session.scalars(statement.order_by(HandoverLine.number, HandoverItem.number)))


def found(item: HandoverItem | int, outcome: str = "received", **more: Any) -> Count:
    """A count with an id of its own."""
    item_id = item if isinstance(item, int) else item.id
    return Count(more.pop("id", None) or str(uuid4()), item_id, outcome, **more)


def codes(errors: Sequence[Any]) -> set[tuple[int | None, str, str]]:
    """(row, field, code) of field errors."""
    return {(error.row, error.field, error.code) for error in errors}


YEN = {"currency": "JPY", "usd_rate": Decimal("151.25"), "rate_on": date(2026, 10, 1)}
