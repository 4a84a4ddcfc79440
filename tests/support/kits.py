"""Kits in tests: lists, parts put in and taken out, and checks by a login, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.fitness.queries import judged_assets
from assets.fitness.rules import Fitness
from assets.kits import service
from assets.kits.models import KitPart
from assets.kits.rules.completeness import Contents
from assets.kits.rules.lists import LineDraft
from assets.registry.models import Asset, StockLot
from assets.registry.scope import asset_by_code
from assets.registry.service.timeline import Occurrence
from tests.support.care import put_asset
from tests.support.custody import Custody
from tests.support.world import SETUP

MIRRORS = LineDraft("search.mirror_uvss", 2)


@dataclass
class Kits(Custody):
    """Acts on kits, beside the acts of custody; a minute passes after each, for nobody does two things at once."""

    @contextmanager
    def by(self, login: str) -> Iterator[tuple[Session, Actor]]:
        with super().by(login) as acting:
            yield acting
        self.clock.advance(timedelta(minutes=1))

    def asset_of(self, class_code: str, unit: str = "IMT-TK") -> str:
        """A new asset without due plans; answers its code."""
        with self.app.transaction(SETUP, self.clock.now) as session:
            return put_asset(session, self.world, class_code, self.clock.now, unit=unit, plans=False).code

    def kit(self, *parts: str, unit: str = "IMT-TK", lines: tuple[LineDraft, ...] = (), checked: bool = True) -> str:
        """A new kit with these parts in it, and its list; answers its code."""
        code = self.asset_of("kit", unit)
        if lines:
            self.set_list(code, *lines)
        for part in parts:
            self.put(part, code)
        if checked:
            self.check(code, dict.fromkeys(parts, True))
        return code

    def full_kit(self) -> tuple[str, str, str]:
        """A complete kit of two mirrors; answers its code and theirs."""
        one, other = self.asset_of("search.mirror_uvss"), self.asset_of("search.mirror_uvss")
        return self.kit(one, other, lines=(MIRRORS,)), one, other

    def set_list(self, kit: str, *lines: LineDraft, login: str = "coordinator") -> None:
        with self.by(login) as (session, actor):
            service.set_list(session, actor, asset_by_code(session, actor, kit), lines, self.clock.now)

    def put(self, part: str, kit: str, *, login: str = "coordinator", at: Occurrence | None = None) -> service.Moved:
        with self.by(login) as (session, actor):
            inside, into = asset_by_code(session, actor, part), asset_by_code(session, actor, kit)
            return service.put_part(session, actor, into, inside, at or self.occurrence())

    def take(self, part: str, kit: str, *, login: str = "coordinator", at: Occurrence | None = None) -> None:
        with self.by(login) as (session, actor):
            inside, out_of = asset_by_code(session, actor, part), asset_by_code(session, actor, kit)
            service.take_part(session, actor, out_of, inside, at or self.occurrence())

    def check(
        self,
        kit: str,
        parts: Mapping[str, bool],
        *,
        login: str = "coordinator",
        counted: Mapping[int, int] | None = None,
        at: Occurrence | None = None,
    ) -> service.Checked:
        amounts = {lot: Decimal(quantity) for lot, quantity in (counted or {}).items()}
        with self.by(login) as (session, actor):
            asset = asset_by_code(session, actor, kit)
            return service.check_kit(session, actor, asset, at or self.occurrence(), parts=parts, counted=amounts)

    def counted(self, act: Any, kit: str, lot_id: int, quantity: int, *, ago: timedelta = timedelta(0)) -> None:
        """`act` is one of the services `put_counted`, `take_counted`, `use_counted`."""
        with self.by("coordinator") as (session, actor):
            lot, asset = session.get_one(StockLot, lot_id), asset_by_code(session, actor, kit)
            act(session, actor, asset, lot, Decimal(quantity), self.occurrence(ago))

    def fitness(self, code: str) -> Fitness:
        return self.judged(code)[0]

    def judged(self, code: str) -> tuple[Fitness, Contents]:
        with self.app.reading() as session:
            asset = asset_by_code(session, SETUP, code)
            judged = judged_assets(session, [asset], self.clock.now)
            return judged.fitness[asset.id], judged.kits.get(asset.id, Contents())

    def reasons(self, code: str) -> list[str]:
        return [reason.code for reason in self.fitness(code).reasons]

    def kit_of(self, part: str) -> tuple[str, bool] | None:
        """In which kit the part is, and whether it is missing there."""
        with self.app.reading() as session:
            found = session.execute(
                select(Asset.code, KitPart.missing_since)
                .join(Asset, Asset.id == KitPart.kit_id)
                .where(KitPart.asset_id == asset_by_code(session, SETUP, part).id)
            ).first()
            return None if found is None else (found.code, found.missing_since is not None)
