"""Who was issued something confirms that he has it, or says that he does not; who has it follows from the entries."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from assets.core.actor import Actor
from assets.core.errors import NotFound
from assets.core.i18n import msg
from assets.custody.models import CustodyConfirmation, CustodyEntry
from assets.custody.queries.corrected import corrected_in_vain
from assets.custody.rules.confirming import Method
from assets.custody.rules.conflicts import DENIED
from assets.custody.service.conflicts import open_conflict
from assets.custody.service.text import plain_text
from assets.people.models import Account, Person
from assets.people.service.pins import Verdict, count_try
from assets.registry.models import Asset, AssetEvent, Label
from assets.registry.service.timeline import Occurrence, record

MAX_NOTE = 500
GIVES = ("issue", "assign")


def confirm(
    session: Session,
    actor: Actor,
    issue_id: str,
    occurrence: Occurrence,
    *,
    has_it: bool,
    note: str = "",
    code: str | None = None,
) -> CustodyConfirmation:
    """The actor's person has what this issue gave him, or denies it; a denial opens a dispute and moves nothing.

    `NotFound` for what was issued to somebody else, as if it were unknown, and for an item that does not go by `code`.
    """
    note = plain_text("note", note, MAX_NOTE)
    entry = _own_issue(session, actor, issue_id, code)
    kind = "custody_confirmed" if has_it else "custody_denied"
    data: dict[str, object] = {"issue": issue_id, "person_id": entry.person_id}
    if note:
        data["note"] = note
    record(session, actor, entry.asset, kind, occurrence, data)
    answer = CustodyConfirmation(
        id=occurrence.id, issue_id=issue_id, person_id=entry.person_id, account_id=actor.account_id,
        at=occurrence.occurred_at, n=occurrence.n, received_at=occurrence.received_at,
        method=Method.OWN_PHONE.value, has_it=has_it, note=note,
    )  # fmt: skip
    session.add(answer)
    session.flush()
    if not has_it and not _is_corrected(session, issue_id):
        open_conflict(session, actor, entry.asset, [issue_id], DENIED, occurrence.received_at)
    return answer


def confirm_by_pin(session: Session, actor: Actor, issue: AssetEvent, person: Person, *, matched: bool) -> Verdict:
    """Count the PIN that was given with an issue, and record the confirmation where it was right."""
    verdict = count_try(session, person.id, issue.received_at, matched=matched)
    if verdict is Verdict.RIGHT:
        add_witnessed(session, actor, issue, person.id, Method.PIN)
    return verdict


def add_witnessed(session: Session, actor: Actor, issue: AssetEvent, person_id: int, method: Method) -> None:
    """Record once that the person confirmed at the issue itself, by PIN or signature."""
    own_id = str(uuid5(UUID(issue.id), method))
    if session.get(CustodyConfirmation, own_id) is None:
        session.add(
            CustodyConfirmation(
                id=own_id, issue_id=issue.id, person_id=person_id, account_id=actor.account_id,
                at=issue.occurred_at, n=issue.n, received_at=issue.received_at, method=method.value, has_it=True,
            )
        )  # fmt: skip
        session.flush()


def _own_issue(session: Session, actor: Actor, issue_id: str, code: str | None) -> CustodyEntry:
    mine = select(Account.person_id).where(Account.id == actor.account_id, Account.person_id.is_not(None))
    statement = (
        select(CustodyEntry)
        .join(Asset, Asset.id == CustodyEntry.asset_id)
        .options(joinedload(CustodyEntry.asset).joinedload(Asset.unit))
        .where(
            CustodyEntry.event_id == issue_id, CustodyEntry.kind.in_(GIVES), CustodyEntry.person_id.in_(mine),
            Asset.annulled_at.is_(None),
        )
    )  # fmt: skip
    if code is not None:
        statement = statement.where(Asset.id.in_(select(Label.asset_id).where(Label.code == code)))
    entry = session.scalar(statement)
    if entry is None:
        raise NotFound(msg("Nothing was issued to you under this number."))
    return entry


def _is_corrected(session: Session, issue_id: str) -> bool:
    later = aliased(CustodyEntry)
    counts = select(later.event_id).where(
        later.corrects_id == issue_id, later.corrects_id.not_in(corrected_in_vain())
    )  # fmt: skip
    return session.scalar(counts) is not None
