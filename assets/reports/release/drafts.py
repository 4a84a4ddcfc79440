"""Drafting: figures worked out once and frozen, and the boxes that people write into until the release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import Conflict, RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.queries import organisation_by_code
from assets.people.rules import Permission, require
from assets.reports.disclosure import check_period
from assets.reports.disclosure.texts import Finding
from assets.reports.donor_summary import figures_for
from assets.reports.figures import sha256, to_json
from assets.reports.models import DonorSummary
from assets.reports.narrative import tidied
from assets.reports.queries.known import found_in
from assets.reports.release.reading import frozen_figures, locked, person_account


def draft_summary(
    session: Session, actor: Actor, *, donor_code: str, first: date, until: date, now: datetime
) -> DonorSummary:
    """A new draft for the donor and the local days `first` to the day before `until`.

    The figures are worked out now and frozen. `InvalidInput` for a period shorter than a quarter or not over, and for
    somebody who is no donor; `NotAllowed` without the right to draft; a draft is made by a person, never by the system.
    """
    require(actor, Permission.SUMMARY_DRAFT)
    drafter = person_account(actor)
    donor = organisation_by_code(session, donor_code, "donor")
    if donor.kind != "donor":
        raise invalid("donor", msg("%(name)s is not a donor.", name=donor.name), code="not_a_donor")
    zone = zone_of(session)
    check_period(first, until, local_date(now, zone))
    text = to_json(figures_for(session, donor, first, until, now, zone))
    summary = DonorSummary(
        donor=donor, first=first, until=until, state="draft", figures=text, sha256=sha256(text),
        drafted_by_id=drafter, drafted_at=now,
    )  # fmt: skip
    session.add(summary)
    session.flush()
    return summary


def write_words(
    session: Session, actor: Actor, summary_id: int, texts: Mapping[str, str], *, shown_sha256: str
) -> DonorSummary:
    """Put people's words into the boxes of a draft; boxes that `texts` does not name keep theirs.

    The words are part of the figures, so the hash changes with them, and the journal holds each version. Who wrote
    does not release.
    `InvalidInput` for an unknown or too full box; `RuleViolation` when it is no draft any more; `Conflict` when
    somebody changed the draft after `shown_sha256` was shown: nothing of either is lost, the newer words are kept.
    """
    require(actor, Permission.SUMMARY_DRAFT)
    writer = person_account(actor)
    summary = locked(session, actor, summary_id)
    if summary.state != "draft":
        raise RuleViolation(
            msg("Only a draft can be written into; this one is not a draft any more."), code="not_a_draft"
        )
    figures = frozen_figures(summary)
    if shown_sha256 != summary.sha256:
        raise Conflict(
            msg(
                "Somebody else changed this draft meanwhile. Their words are kept; look at them and write yours again."
            ),
            code="words_changed",
        )
    text = to_json(replace(figures, words=tidied({**dict(figures.words), **texts})))
    if text != summary.figures:
        summary.figures, summary.sha256 = text, sha256(text)
        summary.writers = sorted({*(summary.writers or ()), writer})
        session.flush()
    return summary


def findings_of(session: Session, summary: DonorSummary) -> tuple[tuple[str, Finding], ...]:
    """What in the words of a summary must not leave the house, as pairs of box and finding."""
    return found_in(session, frozen_figures(summary).words)
