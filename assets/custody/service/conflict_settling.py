"""Settling a conflict case: who had it from when, a return that was missing, or leave it; each with a note.

Nothing recorded is overwritten: what turns out not to have been is struck out by a correction, what was missing is
added. A case is settled again by taking back what was done before and doing the other thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.custody import queries, rules
from assets.custody.models import ConflictCase, ConflictCaseEvent, CustodyEntry
from assets.custody.queries.conflicts import is_party
from assets.custody.queries.transfers import journeys
from assets.custody.rules.conflicts import (
    DENIED,
    LEFT,
    MOOT,
    ONE,
    OUTCOMES,
    RETURN_MISSING,
    SETTLED,
    case_id,
    contradictions,
    return_between,
)
from assets.custody.service.conflicts import told
from assets.custody.service.handover import follow_entries, lock
from assets.custody.service.text import required_text
from assets.people.models import Person
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import reaches_asset, require_asset
from assets.registry.service.timeline import Occurrence, happening_now, rebuild_condition, record

MAX_NOTE = 500


@dataclass(frozen=True)
class Settlement:
    """What is said of a case. `right`: the event that is right (`one`), and `at` from when that person had it.

    For `return_missing`, `at` is when it came back: None is just before the second took it.
    """

    outcome: str
    note: str
    right: str = ""
    at: datetime | None = None


def settle_conflict(
    session: Session, actor: Actor, case: ConflictCase, settlement: Settlement, now: datetime
) -> ConflictCase:
    """Settle an open case, or a settled one anew, and write what follows of it into the chain of custody.

    For the coordinator, and for the unit's commander unless he is a party of it. `RuleViolation` conflict_moot,
    own_conflict, settle_transfer_there, corrected_before or still_contradicts; `InvalidInput` for what does not fit.
    """
    asset = case.asset
    _require(session, actor, case)
    note = required_text("note", settlement.note, MAX_NOTE)
    if settlement.outcome not in OUTCOMES:
        raise invalid("outcome", msg("Say what was."), code="required")
    lock(session, asset)
    session.refresh(case, ["state", "outcome"])
    if case.state == MOOT:
        raise RuleViolation(
            msg("A correction or a late return has settled this already: nothing contradicts itself any more."),
            code="conflict_moot",
        )
    case.state, case.outcome, case.note = SETTLED, settlement.outcome, note
    case.settled_at, case.settled_by_id = now, actor.account_id
    about = _entries_of(session, case)
    data: dict[str, object] = {"outcome": settlement.outcome, "note": note}
    if settlement.right:
        data["right"] = settlement.right
    event = told(session, actor, asset, case, "conflict_settled", now, data)
    acts = _Acts(session, actor, case, asset, note, now)
    acts.take_back()
    if settlement.outcome == ONE:
        _only_one(acts, about, settlement, now)
    elif settlement.outcome == RETURN_MISSING:
        _add_return(acts, about, settlement.at)
    follow_entries(session, asset, event)
    rebuild_condition(session, asset)
    _check_settled(session, case, asset)
    return case


def _require(session: Session, actor: Actor, case: ConflictCase) -> None:
    require_asset(actor, Permission.CONFLICT_SETTLE, case.asset)
    if reaches_asset(actor, Permission.CONFLICT_SETTLE_ANY, case.asset):
        return
    if is_party(session, actor, case):
        raise RuleViolation(
            msg("You are a party of this yourself: the coordinator settles it."), code="own_conflict"
        )  # fmt: skip


def _entries_of(session: Session, case: ConflictCase) -> list[AssetEvent]:
    mine = (ConflictCaseEvent.case_id == case.id, ConflictCaseEvent.role == "entry")
    rows = session.scalars(
        select(AssetEvent).join(ConflictCaseEvent, ConflictCaseEvent.event_id == AssetEvent.id).where(*mine)
    )
    return sorted(rows, key=lambda event: (event.occurred_at, event.n, event.id))


def _only_one(acts: _Acts, about: list[AssetEvent], settlement: Settlement, now: datetime) -> None:
    right = next((event for event in about if event.id == settlement.right), None)
    if right is None:
        raise invalid("right", msg("Say which of the entries is right."), code="required")
    for event in about:
        if event is not right:
            if event.kind == "transfer_send":
                raise RuleViolation(
                    msg("A sending is cancelled or answered on the page of its transfer."),
                    code="settle_transfer_there",
                )
            acts.strike(event.id)
    if settlement.at is not None and settlement.at != right.occurred_at:
        if settlement.at > now:
            raise invalid("at", msg("This lies in the future."))
        acts.move(right, settlement.at)


def _add_return(acts: _Acts, about: list[AssetEvent], at: datetime | None) -> None:
    if len(about) != 2 or about[0].kind == "transfer_send":
        raise RuleViolation(
            msg("There is no return between these two: say which of them is right, or leave it."),
            code="no_return_between",
        )
    first, second = about
    moment = return_between(first.occurred_at, second.occurred_at, at)
    if moment is None:
        raise invalid("at", msg("It came back after the first took it and before the other did."))
    acts.add_return(first.id, moment)


def _check_settled(session: Session, case: ConflictCase, asset: Asset) -> None:
    if case.outcome == LEFT or case.kind == DENIED:
        return
    entries = queries.entries(session, [asset.id])[asset.id]
    journey = journeys(session, [asset.id]).get(asset.id)
    left = contradictions(entries, None if journey is None else journey.where())
    if any(case_id(each.event_ids) == case.id for each in left):
        raise RuleViolation(
            msg("The two would still contradict each other: choose another time, or say which of them is right."),
            code="still_contradicts",
        )


class _Acts:
    """What settlements of one case have written into the chain of custody, and are writing now."""

    def __init__(
        self, session: Session, actor: Actor, case: ConflictCase, asset: Asset, note: str, now: datetime
    ) -> None:
        self.session, self.actor, self.case, self.asset, self.note, self.now = session, actor, case, asset, note, now

    def take_back(self) -> None:
        """Undo every act of an earlier settlement that still counts: what was struck out stands again."""
        session = self.session
        acts = session.scalars(
            select(CustodyEntry)
            .join(ConflictCaseEvent, ConflictCaseEvent.event_id == CustodyEntry.event_id)
            .where(ConflictCaseEvent.case_id == self.case.id, ConflictCaseEvent.role == "act")
        ).all()
        known = self._known()
        added = {act.event_id for act in acts if act.corrects_id is None}
        standing = {entry.id for entry in rules.standing(known.values())}
        for root in {_root(known, act.event_id) for act in acts}:
            if (root in standing) is (root in added):
                self._toggle(known, root)

    def strike(self, root: str) -> None:
        """Say that an entry never was, as far as anything stands in its place."""
        known = self._known()
        stands = [entry.id for entry in rules.standing(known.values()) if _root(known, entry.id) == root]
        if stands == [root]:
            self._toggle(known, root)
        elif stands:
            raise RuleViolation(
                msg("This entry was corrected before and cannot be struck out: say when it came back, or leave it."),
                code="corrected_before",
            )

    def move(self, right: AssetEvent, at: datetime) -> None:
        """The person of an entry had it from `at`: a new entry in the place of his."""
        entry = self.session.get(CustodyEntry, right.id)
        if entry is None or entry.person_id is None:
            raise invalid("at", msg("Only an issue has a time from which a person had it."))
        person = self.session.get_one(Person, entry.person_id)
        self.strike(right.id)
        told_data = {"person_id": person.id, "in_place_of": right.id}
        event = self._record("issue", Occurrence(at, self.now), told_data)
        self._add(event, rules.ISSUE, at, person_id=person.id, unit_id=person.unit_id, until=entry.until)

    def add_return(self, of: str, at: datetime) -> None:
        """What the person of the entry `of` had came back at `at`, which nobody had told."""
        entry = self.session.get_one(CustodyEntry, of)
        event = self._record("return", Occurrence(at, self.now), {"person_id": entry.person_id})
        self._add(event, rules.RETURN, at, person_id=entry.person_id, unit_id=entry.unit_id)

    def _toggle(self, known: Mapping[str, rules.Entry], root: str) -> None:
        # A correction of the newest correction brings back what that one took away.
        correctors = {entry.corrects: entry.id for entry in known.values() if entry.corrects is not None}
        top = root
        while top in correctors:
            top = correctors[top]
        entry = known[root]
        event = self._record("correction", happening_now(self.now), {"kind": entry.kind}, corrects_id=top)
        self._add(event, rules.VOID, entry.at, n=entry.n, corrects_id=top)

    def _record(
        self, kind: str, happening: Occurrence, data: dict[str, object], corrects_id: str | None = None
    ) -> AssetEvent:
        told_data = {**data, "case": self.case.id, "reason": self.note}
        return record(
            self.session, self.actor, self.asset, kind, happening, told_data, corrects_id=corrects_id
        )  # fmt: skip

    def _add(self, event: AssetEvent, kind: str, at: datetime, *, n: int = 0, **columns: object) -> None:
        entry = CustodyEntry(event_id=event.id, asset_id=self.asset.id, kind=kind, at=at, n=n, **columns)
        self.session.add_all([entry, ConflictCaseEvent(case_id=self.case.id, event_id=event.id, role="act")])
        self.session.flush()

    def _known(self) -> dict[str, rules.Entry]:
        return {entry.id: entry for entry in queries.entries(self.session, [self.asset.id])[self.asset.id]}


def _root(known: Mapping[str, rules.Entry], entry_id: str) -> str:
    while (before := known[entry_id].corrects) is not None:
        entry_id = before
    return entry_id
