"""Transfers in tests: sent, received and ended by a login of either unit, and what the two ends see of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.errors import DomainError
from assets.custody.models import Transfer
from assets.custody.queries import transfers as queries
from assets.custody.service import transfers
from assets.custody.service.transfers import Entered
from assets.people.models import Unit
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import assets_for, reaches_asset
from tests.support.custody import Custody

HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA


@dataclass
class Moves:
    """Sendings and receipts of a login, each in a transaction of its own, a second after the one before, or `ago`."""

    custody: Custody

    def send(self, code: str, to: str = "IMT-FA", *, login: str = HERE, ago: int = 0, **options: Any) -> Entered:
        with self.custody.by(login) as (session, actor):
            asset = transfers.asset_to_move(session, actor, code)
            unit = session.get_one(Unit, self.custody.world.units[to].id)
            return transfers.send(session, actor, asset, unit, self._at(ago), **options)

    def receive(self, code: str, *, login: str = THERE, ago: int = 0, **options: Any) -> Entered:
        options.setdefault("condition", None if options.get("differences") else "A")
        with self.custody.by(login) as (session, actor):
            asset = transfers.asset_to_move(session, actor, code)
            return transfers.receive(session, actor, asset, self._at(ago), **options)

    def end(self, entered: Entered, login: str = HERE, *, outcome: str = "", reason: str = "why not") -> Entered:
        assert entered.passage is not None
        with self.custody.by(login) as (session, actor):
            transfer = queries.transfer_by_id(session, actor, entered.passage.id)
            if outcome:
                return transfers.settle(
                    session, actor, transfer.asset, transfer, self._at(0), outcome=outcome, reason=reason
                )
            return transfers.cancel(session, actor, transfer.asset, transfer, self._at(0), reason=reason)

    def _at(self, ago: int) -> Any:
        if not ago:
            self.custody.clock.advance(timedelta(seconds=1))
        return self.custody.occurrence(timedelta(minutes=ago))

    def unit(self, code: str) -> str:
        asset = self.custody.asset(code)
        return next(u.code for u in self.custody.world.units.values() if u.id == asset.unit_id)

    def listed(self, code: str) -> list[tuple[str, bool]]:
        asset_id = self.custody.asset(code).id
        with self.custody.app.reading() as session:
            rows = session.scalars(select(Transfer).where(Transfer.asset_id == asset_id).order_by(Transfer.begun_at))
            return [(row.state, row.is_open) for row in rows]

    def sees(self, login: str, code: str, permission: Permission = Permission.ASSET_READ) -> bool:
        actor = self.custody.world.actors[login]
        with self.custody.app.reading() as session:
            found = session.scalar(select(Asset).where(Asset.code == code, assets_for(actor, permission)))
            whole = session.scalars(select(Asset).where(Asset.code == code)).one()
            assert reaches_asset(actor, permission, whole) == (found is not None), "the two say the same"
            return found is not None

    def chain(self, code: str) -> list[tuple[str, Any]]:
        """The units that answered for it, each with the moment from which it did."""
        asset_id = self.custody.asset(code).id
        names = {unit.id: unit.code for unit in self.custody.world.units.values()}
        with self.custody.app.reading() as session:
            chain = queries.unit_chains(session, [asset_id])[asset_id]
        return [(names[part.unit], part.since) for part in chain]

    def shown(self, show: str, login: str = HERE) -> list[str]:
        """The codes on the list of transfers that is asked for by `show`."""
        with self.custody.by(login) as (session, actor):
            found = queries.transfers_page(session, actor, queries.TransferFilter(show), self.custody.clock.now)
            return [row.asset.code for row in found]


def pass_on(custody: Custody, code: str, until: datetime | None = None) -> None:
    """From Tashkent to Fergana, for good or as a loan."""
    moves = Moves(custody)
    moves.send(code, ago=2, until=until)
    moves.receive(code, ago=1)


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(DomainError) as caught:
        act()
    assert code in {caught.value.code, *(each.code for each in caught.value.fields)}
