"""Reads of confirmations and signatures: what waits for a person, what a unit's people have not confirmed, and proofs.

An issue is current while its stretch of custody lasts: what was given back needs nobody's word any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound, invalid
from assets.core.i18n import msg
from assets.custody.models import CustodyConfirmation, CustodyEntry, Signature, SignedEvent
from assets.custody.queries.corrected import corrected_in_vain
from assets.custody.queries.sight import sees_then
from assets.people.models import Account, Person, Unit
from assets.people.rules import Permission
from assets.registry.models import Asset, AssetEvent
from assets.registry.scope import assets_for

GIVES = ("issue", "assign")
SHOWS = ("waiting", "denied", "confirmed", "all")
FIRST_FEW = 3


@dataclass(frozen=True)
class Issued:
    """A current issue with what its receiver has said of it last (None: nothing yet)."""

    entry: CustodyEntry
    answer: CustodyConfirmation | None

    @property
    def state(self) -> str:
        """'waiting', 'confirmed' or 'denied'."""
        if self.answer is None:
            return "waiting"
        return "confirmed" if self.answer.has_it else "denied"

    @property
    def key(self) -> tuple[str, str]:
        """Where it stands in a list."""
        return self.entry.at.isoformat(), self.entry.event_id


@dataclass(frozen=True)
class Proof:
    """How an event was signed: on paper, or on glass (`has_picture` once the picture has come)."""

    on_paper: bool
    has_picture: bool


@dataclass(frozen=True)
class ToConfirm:
    """What an account's person has to confirm: how many, and the first few."""

    count: int
    first: Sequence[Issued]


@dataclass(frozen=True)
class UnitFilter:
    """Which current issues an officer's list shows."""

    show: str = "waiting"
    unit_id: int | None = None


def to_confirm(session: Session, actor: Actor) -> ToConfirm:
    """What was issued to the actor's person and waits for his word, the newest few with it. At most two queries."""
    counted = select(func.count()).select_from(_mine(actor).subquery())
    count = session.scalar(counted) or 0
    return ToConfirm(count, my_page(session, actor, limit=FIRST_FEW) if count else [])


def my_page(
    session: Session, actor: Actor, *, limit: int = 50, after: tuple[object, ...] | None = None
) -> list[Issued]:
    """What was issued to the actor's person and is not confirmed yet, the newest first. One query."""
    found = session.scalars(_page(_mine(actor), limit, after)).all()
    return [Issued(entry, None) for entry in found]


def unit_page(
    session: Session,
    actor: Actor,
    wanted: UnitFilter,
    *,
    limit: int = 50,
    after: tuple[object, ...] | None = None,
) -> list[Issued]:
    """Current issues within the actor's sight with their receivers' answers, the newest first. Two queries."""
    entries = session.scalars(_page(_of_units(actor, wanted), limit, after)).all()
    answers = answers_of(session, [entry.event_id for entry in entries])
    return [Issued(entry, answers.get(entry.event_id)) for entry in entries]


def unit_counts(session: Session, actor: Actor, unit_id: int | None = None) -> dict[str, int]:
    """How many current issues within the actor's sight wait, are denied and are confirmed. One query."""
    counted = {
        show: select(func.count())
        .select_from(_of_units(actor, UnitFilter(show, unit_id)).subquery())
        .scalar_subquery()
        .label(show)
        for show in SHOWS[:3]
    }
    return dict(session.execute(select(*counted.values())).one()._mapping)


def answers_of(session: Session, issue_ids: Collection[str]) -> dict[str, CustodyConfirmation]:
    """What the receiver of each of these issues said last; those of which nothing was said are left out. One query."""
    if not issue_ids:
        return {}
    order = (CustodyConfirmation.at, CustodyConfirmation.n, CustodyConfirmation.id)
    said = (
        select(CustodyConfirmation)
        .options(joinedload(CustodyConfirmation.person))
        .where(CustodyConfirmation.issue_id.in_(issue_ids))
        .order_by(*order)
    )
    return {answer.issue_id: answer for answer in session.scalars(said)}


def proofs_of(session: Session, event_ids: Collection[str]) -> dict[str, Proof]:
    """How each of these events was signed; those that were not are left out. One query."""
    if not event_ids:
        return {}
    rows = session.execute(
        select(SignedEvent.event_id, SignedEvent.signature_id, Signature.id)
        .join(Signature, _same_signature(), isouter=True)
        .where(SignedEvent.event_id.in_(event_ids))
    )
    return {event_id: Proof(named is None, picture is not None) for event_id, named, picture in rows}


@dataclass(frozen=True)
class Beside:
    """What stands beside an event in a timeline: how it was signed, and what its receiver said last."""

    proof: Proof | None
    has_it: bool | None = None
    method: str = ""
    at: datetime | None = None
    number: str = ""


def beside(session: Session, event_ids: Collection[str]) -> dict[str, Beside]:
    """`Beside` of those of these events of which anything is to be said, by event. One query, none without events."""
    if not event_ids:
        return {}
    said = CustodyConfirmation
    rows = session.execute(
        select(
            AssetEvent.id, SignedEvent.event_id, SignedEvent.signature_id, Signature.id, said.has_it, said.method,
            said.at, Person.number,
        )
        .join(SignedEvent, SignedEvent.event_id == AssetEvent.id, isouter=True)
        .join(Signature, _same_signature(), isouter=True)
        .join(said, said.issue_id == AssetEvent.id, isouter=True)
        .join(Person, Person.id == said.person_id, isouter=True)
        .where(AssetEvent.id.in_(event_ids), or_(SignedEvent.event_id.is_not(None), said.id.is_not(None)))
        .order_by(said.at, said.n, said.id)
    )  # fmt: skip
    found: dict[str, Beside] = {}
    for event_id, signed, named, picture, has_it, method, at, number in rows:
        proof = Proof(named is None, picture is not None) if signed else None
        found[event_id] = Beside(proof, has_it, method or "", at, number or "")
    return found


def signatures_of(session: Session, event_ids: Collection[str]) -> dict[str, Signature]:
    """The pictures of the signatures of these events, by event; for papers of what was found to be in sight."""
    rows = session.execute(
        select(SignedEvent.event_id, Signature)
        .join(Signature, _same_signature())
        .where(SignedEvent.event_id.in_(event_ids))
    )
    return {row[0]: row[1] for row in rows}


def signature_to_show(session: Session, actor: Actor, event_id: str) -> Signature:
    """The signature of an event, for those who may see who had its asset then (`sees_then`).

    `NotFound` where there is none, or it is out of sight: both look the same.
    """
    event = session.scalar(
        select(AssetEvent).options(joinedload(AssetEvent.asset)).where(AssetEvent.id == event_id)
    )  # fmt: skip
    if event is not None and event.asset.annulled_at is None:
        found = signatures_of(session, [event_id]).get(event_id)
        if found is not None and sees_then(session, actor, [event_id]):
            return found
    raise NotFound(msg("There is no such signature, or it is not yours to see."))


def issue_to_show(session: Session, actor: Actor, issue_id: str) -> CustodyEntry:
    """An issue for its paper, for those whose it is to see (`sees_then`); `NotFound` otherwise."""
    entry = session.scalar(
        _whole().where(
            CustodyEntry.event_id == issue_id, CustodyEntry.kind.in_(GIVES), Asset.annulled_at.is_(None)
        )
    )  # fmt: skip
    if entry is None or not sees_then(session, actor, [issue_id]):
        raise NotFound(msg("There is no such issue, or it is not yours to see."))
    return entry


def signed_together(session: Session, actor: Actor, entry: CustodyEntry, limit: int = 200) -> list[CustodyEntry]:
    """The issues to the same person that the same signature stands for, as far as they are in sight; else this one."""
    signed = session.get(SignedEvent, entry.event_id)
    if signed is None or signed.signature_id is None:
        return [entry]
    same = select(SignedEvent.event_id).where(
        SignedEvent.account_id == signed.account_id, SignedEvent.signature_id == signed.signature_id
    )
    found = session.scalars(
        _whole()
        .where(
            CustodyEntry.event_id.in_(same), CustodyEntry.kind.in_(GIVES), CustodyEntry.person_id == entry.person_id,
            Asset.annulled_at.is_(None),
        )
        .order_by(Asset.code)
        .limit(limit)
    ).all()  # fmt: skip
    seen = sees_then(session, actor, [each.event_id for each in found])
    return [each for each in found if each.event_id in seen]


def waiting_for(actor: Actor) -> Select[CustodyEntry]:
    """What was issued to the actor's person and waits for his word, as a statement."""
    return _mine(actor)


def _same_signature() -> ColumnElement[bool]:
    return and_(
        Signature.account_id == SignedEvent.account_id, Signature.signature_id == SignedEvent.signature_id
    )  # fmt: skip


def _person_of(actor: Actor) -> Select[int | None]:
    return select(Account.person_id).where(Account.id == actor.account_id, Account.person_id.is_not(None))


def _last_word() -> Any:
    """What the receiver of an issue said last: NULL while he said nothing."""
    return (
        select(CustodyConfirmation.has_it)
        .where(CustodyConfirmation.issue_id == CustodyEntry.event_id)
        .order_by(CustodyConfirmation.at.desc(), CustodyConfirmation.n.desc(), CustodyConfirmation.id.desc())
        .limit(1)
        .correlate(CustodyEntry)
        .scalar_subquery()
    )


def _current() -> Select[CustodyEntry]:
    """The entry by which each asset came to the person who has it now."""
    later = aliased(CustodyEntry)
    return _whole().where(
        CustodyEntry.kind.in_(GIVES), CustodyEntry.person_id == Asset.custodian_person_id,
        CustodyEntry.at == Asset.custody_since, Asset.annulled_at.is_(None),
        or_(
            ~select(later.event_id).where(later.corrects_id == CustodyEntry.event_id).exists(),
            CustodyEntry.event_id.in_(corrected_in_vain()),
        ),
    )  # fmt: skip


def _mine(actor: Actor) -> Select[CustodyEntry]:
    return _current().where(CustodyEntry.person_id.in_(_person_of(actor)), _last_word().is_(None))


def _of_units(actor: Actor, wanted: UnitFilter) -> Select[CustodyEntry]:
    if wanted.show not in SHOWS:
        raise invalid("show", msg("This is one of: %(known)s.", known=", ".join(SHOWS)), code="unknown_word")
    statement = _current().where(assets_for(actor, Permission.CUSTODY_SEE))
    if wanted.unit_id is not None:
        statement = statement.where(Asset.unit_id == wanted.unit_id)
    word = _last_word()
    conditions = {"waiting": word.is_(None), "denied": word.is_(False), "confirmed": word.is_(True)}
    return statement if wanted.show == "all" else statement.where(conditions[wanted.show])


def _page(statement: Select[CustodyEntry], limit: int, after: tuple[object, ...] | None) -> Select[CustodyEntry]:
    key = (CustodyEntry.at, CustodyEntry.event_id)
    if after is not None:
        statement = statement.where(tuple_(*key) < tuple_(*_after(after)))
    return statement.order_by(*(column.desc() for column in key)).limit(limit)


def _whole() -> Select[CustodyEntry]:
    asset = joinedload(CustodyEntry.asset)
    return (
        select(CustodyEntry)
        .join(Asset, Asset.id == CustodyEntry.asset_id)
        .options(
            asset.joinedload(Asset.equipment_class),
            asset.joinedload(Asset.model),
            asset.joinedload(Asset.unit).joinedload(Unit.region),
            joinedload(CustodyEntry.person),
            joinedload(CustodyEntry.event),
        )
    )


def _after(key: tuple[object, ...]) -> tuple[datetime, str]:
    try:
        at, last = datetime.fromisoformat(str(key[0])), str(key[1])
        if at.tzinfo is None or "\x00" in last:
            raise ValueError
    except (ValueError, IndexError) as error:
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it.")) from error
    return at, last
