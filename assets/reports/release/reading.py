"""Who may see which summary, and its frozen figures."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session, defer, joinedload

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import InvalidInput, NotFound, RuleViolation
from assets.core.i18n import msg
from assets.metrics.queries.extent import donor_extent
from assets.metrics.queries.revisions import Revised, revised_since
from assets.people.rules import Permission, may, reach
from assets.reports.disclosure.periods import may_follow_withdrawn
from assets.reports.figures import TEMPLATE_VERSION, Figures, from_json, of_any_version, sha256
from assets.reports.models import DonorSummary
from assets.reports.queries import given
from assets.reports.render.document import Issue


def visible(actor: Actor) -> ColumnElement[bool]:
    """A condition on `DonorSummary`: what `actor` may see.

    A donor sees what was released for him; who drafts, releases or audits sees all; everyone else who reads summaries
    the released ones. A right for a unit or a region reaches no summary: it is about the whole country.
    """
    if reach(actor, Permission.SUMMARY_READ_DRAFT).everything:
        return true()
    within = reach(actor, Permission.SUMMARY_READ)
    if within.everything:
        return DonorSummary.state == "released"
    if within.donor_ids:
        return (DonorSummary.state == "released") & DonorSummary.donor_id.in_(sorted(within.donor_ids))
    return false()


def summaries(
    session: Session,
    actor: Actor,
    *,
    released_only: bool = False,
    donor: str = "",
    after: int | None = None,
    limit: int = 50,
) -> list[DonorSummary]:
    """Summaries that `actor` may see, newest first, without their figures; `donor` narrows them to one, by code."""
    statement = (
        select(DonorSummary)
        .join(DonorSummary.donor)
        .options(joinedload(DonorSummary.donor), defer(DonorSummary.figures))
        .where(visible(actor), DonorSummary.state == "released" if released_only else true())
        .order_by(DonorSummary.id.desc())
        .limit(limit)
    )
    if donor:
        statement = statement.where(DonorSummary.donor.has(code=donor))
    if after is not None:
        statement = statement.where(DonorSummary.id < after)
    return list(session.scalars(statement))


def summary_by_id(session: Session, actor: Actor, summary_id: int) -> DonorSummary:
    """The summary; `NotFound` when there is none or `actor` may not see it."""
    found = session.scalar(
        select(DonorSummary)
        .options(joinedload(DonorSummary.donor))
        .where(DonorSummary.id == summary_id, visible(actor))
    )
    if found is None:
        raise NotFound(msg("There is no such summary, or it is not yours to see."))
    return found


def locked(session: Session, actor: Actor, summary_id: int) -> DonorSummary:
    """The summary, held until the transaction ends; `NotFound` as for `summary_by_id`."""
    summary = session.scalar(
        select(DonorSummary).where(DonorSummary.id == summary_id, visible(actor)).with_for_update()
    )
    if summary is None:
        raise NotFound(msg("There is no such summary, or it is not yours to see."))
    return summary


def seen_by_donor(session: Session, donor_id: int, first: date, until: date) -> list[DonorSummary]:
    """Released and withdrawn summaries of the donor, without their figures, that share a day with the period."""
    return list(
        session.scalars(
            select(DonorSummary)
            .options(defer(DonorSummary.figures))
            .where(
                DonorSummary.donor_id == donor_id,
                or_(DonorSummary.state == "released", DonorSummary.state == "withdrawn"),
                DonorSummary.first < until,
                DonorSummary.until > first,
            )
            .order_by(DonorSummary.id)
        )
    )


def in_the_way(session: Session, summary: DonorSummary) -> DonorSummary | None:
    """The summary because of which this one cannot be released: what two overlapping ones say could be subtracted.

    A released one for any day of the period; a withdrawn one unless it is for exactly the same period.
    """
    for other in seen_by_donor(session, summary.donor_id, summary.first, summary.until):
        if other.id == summary.id:
            continue
        same = may_follow_withdrawn(summary.first, summary.until, other.first, other.until)
        if other.state == "released" or not same:
            return other
    return None


def counted_in_late(session: Session, summary: DonorSummary) -> list[tuple[str, int]]:
    """Handovers that the summary names with items that it does not count: counted in after its period, or not yet."""
    return given.counted_in_late(session, summary.donor_id, summary.until, zone_of(session))


def is_of_this_version(summary: DonorSummary) -> bool:
    """Whether its figures can be shown as a document here; older ones have their files."""
    return of_any_version(summary.figures).template == TEMPLATE_VERSION


def frozen_figures(summary: DonorSummary) -> Figures:
    """The figures of the summary.

    `RuleViolation` when the stored text does not fit its hash any more (`figures_changed`), or was written by an
    earlier version (`older_template`): what was released then is kept as files.
    """
    if sha256(summary.figures) != summary.sha256:
        raise RuleViolation(
            msg("The stored figures were changed after the draft was made. Make a new draft."), code="figures_changed"
        )
    if not is_of_this_version(summary):
        raise RuleViolation(
            msg("This summary was made by an earlier version. Its files are kept; a draft of it has to be made anew."),
            code="older_template",
        )
    return from_json(summary.figures)


def issue_of(session: Session, summary: DonorSummary) -> Issue:
    """What stands on the document besides the figures: its number, state, hash and day of release."""
    return Issue(
        number=summary.id,
        state=summary.state if summary.state == "draft" else "released",
        sha256=summary.sha256,
        released_on=released_on(session, summary),
    )


def released_on(session: Session, summary: DonorSummary) -> date | None:
    """The office's own day on which it was released: the delay before it is counted in these days as well."""
    return local_date(summary.approved_at, zone_of(session)) if summary.approved_at is not None else None


def may_draft(actor: Actor) -> bool:
    """Whether making a draft is offered to `actor`."""
    return may(actor, Permission.SUMMARY_DRAFT)


def person_account(actor: Actor) -> int:
    """The account of a person; drafts and releases are nobody else's."""
    if actor.account_id is None:
        raise InvalidInput(msg("A summary is drafted and released by persons with accounts."), code="needs_a_person")
    return actor.account_id


def revised_after_release(session: Session, summary: DonorSummary) -> Revised | None:
    """What changed of the kilometres of a released summary's period since its release; None where nothing did."""
    if summary.state != "released" or summary.approved_at is None:
        return None
    extent = donor_extent(summary.donor_id, summary.first, summary.until)
    return revised_since(session, extent, summary.approved_at)
