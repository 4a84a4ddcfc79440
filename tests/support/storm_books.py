"""What must stand in the books after a storm: reckoned from what the phones know, and compared with the database."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assets.core.app import App
from assets.core.idempotency import CommandReceipt
from assets.core.journal import JournalEntry
from assets.custody.models import ConflictCase, CustodyEntry, Transfer, TransferStep, UseSession
from assets.custody.queries import custody_chain
from assets.custody.queries.transfers import Journey, journey_of
from assets.custody.rules.device_time import WORTH_NOTING
from assets.custody.rules.transfers import UNEXPLAINED, Whereabouts, whereabouts
from assets.registry.models import Asset, AssetEvent, Meter
from tests.support.storms import Phone, Told
from tests.support.world import World

Stretch = tuple[int | None, datetime, datetime | None, bool]
"""Who had it (None: the store), since when, until when, and whether somebody else had not given it back."""
MADE_WITH_IT = frozenset({"registered", "fault", "condition"})
"""Kinds of events that the server also makes of its own."""


@dataclass
class Books:
    """`things`: the unit that each began with, by code. `check` leaves what it found for comparisons, by code."""

    app: App
    world: World
    things: dict[str, str]
    phones: list[Phone]
    custody: dict[str, list[Stretch]] = field(default_factory=dict)
    chains: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    doubtful: dict[str, bool] = field(default_factory=dict)

    @property
    def taken(self) -> list[Told]:
        """What the server said that it has recorded, in the order of its happening."""
        return sorted((told for phone in self.phones for told in phone.taken), key=lambda told: told.order)

    def check(self) -> None:
        """Every rule at once; AssertionError names what does not hold."""
        with self.app.reading() as session:
            assets = {a.code: a for a in session.scalars(select(Asset).where(Asset.code.in_(self.things)))}
            self._check_history(session, assets)
            for code, asset in assets.items():
                mine = [told for told in self.taken if told.code == code]
                self._check_custody(session, asset, mine)
                self._check_units(session, asset, mine)
                _check_condition(session, asset)
                _check_meter(session, asset, mine)

    def counted(self) -> Counter[str]:
        """How much came of it."""
        return Counter(
            taken=len(self.taken),
            refused=sum(len(phone.told) for phone in self.phones) - len(self.taken),
            moved=sum(len(chain) - 1 for chain in self.chains.values()),
            clashes=sum(clash for found in self.custody.values() for *_, clash in found),
            doubtful=sum(self.doubtful.values()),
        )

    def _check_history(self, session: Session, assets: dict[str, Asset]) -> None:
        """0 lost, 0 doubled, nothing invented: in the events, the entries that follow from them, and the journal."""
        taken = {told.id: told for told in self.taken}
        codes = {asset.id: code for code, asset in assets.items()}
        events = session.scalars(select(AssetEvent).where(AssetEvent.asset_id.in_(codes))).all()
        own = {event.id: event for event in events if event.id in taken}
        assert taken.keys() == own.keys(), f"lost: {taken.keys() - own.keys()}"
        accounts = {phone.login: self.world.accounts[phone.login].id for phone in self.phones}
        for told in taken.values():
            event = own[told.id]
            assert (codes[event.asset_id], event.kind, event.account_id) == (
                told.code, told.kind, accounts[told.login],
            )  # fmt: skip
            assert (event.occurred_at, event.n) == (told.at, told.n), told
        followed = Counter(
            (codes[event.asset_id], event.kind)
            for event in events
            if event.id not in taken and not event.kind.startswith("conflict_")
        )
        wanted = _followed(self.things, taken.values(), events)
        assert followed == wanted, f"doubled or invented: {followed} for {wanted}"
        self._check_rows(session, taken, list(codes))

    def _check_rows(self, session: Session, taken: dict[str, Told], asset_ids: list[int]) -> None:
        handed = session.scalars(select(CustodyEntry.event_id).where(CustodyEntry.asset_id.in_(asset_ids))).all()
        assert sorted(handed) == sorted(told.id for told in taken.values() if told.kind in {"issue", "return"})
        moved = session.scalars(select(TransferStep.event_id).where(TransferStep.asset_id.in_(asset_ids))).all()
        assert sorted(moved) == sorted(told.id for told in taken.values() if told.kind.startswith("transfer_"))
        uses = session.execute(
            select(UseSession.event_id, UseSession.started_at).where(UseSession.asset_id.in_(asset_ids))
        ).all()
        assert sorted(use.event_id for use in uses) == sorted(told.id for told in taken.values() if _count(told))
        for use in uses:
            told = taken[use.event_id]
            if told.kind == "return":
                continue
            # A clock that is wrong by less than is worth noting moves nothing that a person has entered.
            assert use.started_at is not None
            assert abs(use.started_at - told.data["started_at"]) < WORTH_NOTING, "by the phone's wrong clock"
        receipts = session.scalars(select(CommandReceipt.command_id).where(CommandReceipt.command_id.in_(taken))).all()
        assert sorted(receipts) == sorted(taken)
        noted = session.execute(
            select(JournalEntry.entity_id, JournalEntry.action, JournalEntry.account_id).where(
                JournalEntry.entity == "asset_event", JournalEntry.entity_id.in_(taken)
            )
        ).all()
        accounts = {login: account.id for login, account in self.world.accounts.items()}
        assert sorted(map(tuple, noted)) == sorted(
            (told.id, "added", accounts[told.login]) for told in taken.values()
        ), "the journal says something else"

    def _check_custody(self, session: Session, asset: Asset, mine: list[Told]) -> None:
        persons = {number: person.id for number, person in self.world.persons.items()}
        wanted = _stretches(mine, persons)
        found = custody_chain(session, [asset.id]).get(asset.id, [])
        self.custody[asset.code] = [(h.person_id, h.since, h.ended, h.conflict) for h in found]
        assert self.custody[asset.code] == wanted, f"{self.custody[asset.code]} for {mine}"
        assert all(one[2] == other[1] for one, other in pairwise(wanted)), "a gap or an overlap"
        open_cases = session.scalars(
            select(ConflictCase.id).where(
                ConflictCase.asset_id == asset.id, ConflictCase.kind == "two_holders", ConflictCase.state == "open"
            )
        ).all()
        assert len(open_cases) == sum(clash for *_, clash in wanted), "a case for each clash, and no other"
        last = wanted[-1] if wanted else (None, None)
        assert (asset.custodian_person_id, asset.custody_since) == last[:2]
        assert asset.custody_until == (found[-1].until if found else None)

    def _check_units(self, session: Session, asset: Asset, mine: list[Told]) -> None:
        journey = journey_of(session, asset)
        units = {unit.code: unit.id for unit in self.world.units.values()}
        where = journey.where()
        chain = where.chain
        assert (chain[0].unit, chain[0].since, chain[-1].ended) == (units[self.things[asset.code]], None, None)
        assert all(one.ended == other.since and one.unit != other.unit for one, other in pairwise(chain))
        for part in chain[1:]:
            ends = {told.kind for told in mine if told.at == part.since and told.kind.startswith("transfer_")}
            assert ends, f"nobody told of the move at {part.since}"
        cached = (asset.unit_id, asset.holding_unit_id, asset.lent_until, asset.transfer_unclear or False)
        until = where.until if where.lent_to is not None else None
        assert cached == (where.owner, where.lent_to, until, where.needs_an_answer)
        on_its_way = (where.open.to_unit, where.open.sent_at) if where.open else (None, None)
        assert (asset.transit_unit_id, asset.transit_since) == on_its_way
        _check_order_says_nothing(journey, where)
        rows = session.execute(
            select(Transfer.id, Transfer.state, Transfer.is_open, Transfer.to_unit_id, Transfer.receipt_id).where(
                Transfer.asset_id == asset.id
            )
        )
        assert sorted(map(tuple, rows)) == sorted(
            (p.id, p.state, p.is_open, p.to_unit, p.receipt) for p in where.passages
        )  # fmt: skip
        self.chains[asset.code] = tuple((part.unit, part.since, part.ended) for part in chain)
        self.doubtful[asset.code] = any(passage.state in UNEXPLAINED for passage in where.passages)


def _followed(things: Iterable[str], taken: Iterable[Told], events: Iterable[AssetEvent]) -> Counter[tuple[str, str]]:
    """What the server adds of its own: the registration, a fault of a check that failed, the condition of a receipt
    that had waited."""
    found: Counter[tuple[str, str]] = Counter({(code, "registered"): 1 for code in things})
    ids = {event.id for event in events}
    for told in taken:
        if told.kind == "check" and (not told.data["passed"] or "not" in told.data["items"].values()):
            found[told.code, "fault"] += 1
        if told.kind == "transfer_receive" and str(uuid5(UUID(told.id), "condition")) in ids:
            found[told.code, "condition"] += 1
    return found


def _count(told: Told) -> int:
    """How often it was used by what was told."""
    given = told.data if told.kind == "use" else (told.data.get("use") or {}) if told.kind == "return" else {}
    return int(given.get("count", 0))


def _stretches(mine: list[Told], persons: dict[str, int]) -> list[Stretch]:
    """Who had it, by what was told and nothing else: from hand to hand in the order of its happening."""
    found: list[Stretch] = []
    for told in mine:
        if told.kind not in {"issue", "return"}:
            continue
        person = persons[told.data["to"]] if told.kind == "issue" else None
        if found and found[-1][0] == person:
            continue
        clash = bool(found and found[-1][0] and person)
        if found:
            found[-1] = (*found[-1][:2], told.at, found[-1][3])
        found.append((person, told.at, None, clash))
    return found


def _check_order_says_nothing(journey: Journey, where: Whereabouts) -> None:
    """The same steps in any order and more than once are the same journey."""
    steps = journey.steps
    for seed in range(3):
        shuffled = random.Random(seed).sample(steps * 2, 2 * len(steps))
        assert whereabouts(shuffled, journey.first_unit) == where


def _check_condition(session: Session, asset: Asset) -> None:
    events = session.scalars(select(AssetEvent).where(AssetEvent.asset_id == asset.id)).all()
    graded = sorted((e for e in events if e.grade), key=lambda e: (e.occurred_at, e.n, e.id))
    if graded:
        assert (asset.condition, asset.condition_at) == (graded[-1].grade, graded[-1].occurred_at)
    assert asset.last_seen_at == max((e.occurred_at for e in events if e.seen), default=None)


def _check_meter(session: Session, asset: Asset, mine: list[Told]) -> None:
    """The last reading and the uses after it; each use once. Of one moment's readings the greatest: none goes back."""
    readings = sorted((told.at, told.data["value"]) for told in mine if told.kind == "reading")
    uses = [(told.data.get("started_at", told.at), _count(told)) for told in mine if _count(told)]
    since, value = readings[-1] if readings else (None, 0)
    wanted = value + sum(count for at, count in uses if since is None or at > since)
    meter = session.scalar(select(Meter).where(Meter.asset_id == asset.id))
    assert (Decimal(meter.value or 0) if meter else Decimal(0)) == Decimal(wanted), (readings, uses)


def total(session: Session) -> tuple[int, ...]:
    """How many rows there are of all that commands leave."""
    tables = (AssetEvent, CustodyEntry, TransferStep, UseSession, CommandReceipt, JournalEntry)
    return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
