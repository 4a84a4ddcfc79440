"""Release by a second person, and withdrawal."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.db import zone_of
from assets.core.errors import RuleViolation, invalid
from assets.core.i18n import msg
from assets.people.models import Organisation
from assets.people.rules import Permission, require
from assets.reports.disclosure import check_delay
from assets.reports.disclosure.periods import MAX_REASON, MIN_REASON
from assets.reports.figures import sha256
from assets.reports.models import DonorSummary, SummaryFile
from assets.reports.narrative import BY_CODE
from assets.reports.release.drafts import findings_of
from assets.reports.release.files import FORMATS, LANGUAGES, rendered
from assets.reports.release.reading import frozen_figures, in_the_way, locked, person_account


def approve_summary(
    session: Session, actor: Actor, summary_id: int, now: datetime, *, shown_sha256: str, early_reason: str = ""
) -> DonorSummary:
    """Release a draft: its files are made and kept, and the donor sees it from now on.

    `shown_sha256` is the hash of the draft that the approver looked at. `RuleViolation` when `actor` drafted it himself
    or wrote into it (`two_people`), when it is no draft any more, when it was changed since it was shown
    (`words_changed`), when the period ended too recently (`too_early`, `early_needs_a_reason`), when a summary for days
    of the period is in the way (`overlapping_period`), when its words hold what must not leave the house
    (`words_tell`), or when the frozen figures no longer fit their hash.
    """
    require(actor, Permission.SUMMARY_APPROVE)
    approver = person_account(actor)
    summary = locked(session, actor, summary_id)
    if summary.state != "draft":
        raise RuleViolation(msg("Only a draft can be released; this one is not a draft any more."), code="not_a_draft")
    _check_two_people(summary, approver)
    reason = check_delay(summary.until, local_date(now, zone_of(session)), early_reason)
    figures = frozen_figures(summary)
    if shown_sha256 != summary.sha256:
        raise RuleViolation(
            msg("The draft was changed after you looked at it. Look at it again, then release it."),
            code="words_changed",
        )
    _check_overlap(session, summary)
    _check_words(session, summary)
    summary.state, summary.approved_by_id, summary.approved_at = "released", approver, now
    summary.early_reason = reason or None
    for format_ in FORMATS:
        for lang in LANGUAGES:
            content = rendered(session, figures, summary, format_, lang)
            session.add(
                SummaryFile(summary=summary, format=format_, lang=lang, sha256=sha256(content), content=content)
            )
    session.flush()
    return summary


def _check_two_people(summary: DonorSummary, approver: int) -> None:
    if summary.drafted_by_id == approver:
        raise RuleViolation(
            msg("You drafted this summary. A second person releases it, so that two have looked."), code="two_people"
        )
    if approver in (summary.writers or ()):
        raise RuleViolation(
            msg("You wrote into this summary. A second person releases it, so that two have read every word."),
            code="two_people",
        )


def _check_overlap(session: Session, summary: DonorSummary) -> None:
    # Two drafts released at once must not both find nothing in the way.
    session.execute(select(Organisation.id).where(Organisation.id == summary.donor_id).with_for_update())
    other = in_the_way(session, summary)
    if other is None:
        return
    if other.state == "released":
        words = msg(
            "Summary %(n)s is released for days of this period. Two summaries for the same days can be subtracted from "
            "each other: withdraw that one first.",
            n=other.id,
        )
    else:
        words = msg(
            "The donor has seen summary %(n)s, withdrawn since, for other limits around these days. A correction "
            "covers exactly the same period.",
            n=other.id,
        )
    raise RuleViolation(words, code="overlapping_period", data={"summary": other.id})


def _check_words(session: Session, summary: DonorSummary) -> None:
    found = findings_of(session, summary)
    if not found:
        return
    box, finding = found[0]
    raise RuleViolation(
        msg(
            "The words hold what must not leave the house (%(n)s findings). First, in the box «%(box)s»: %(kind)s, "
            "«%(words)s». Have it taken out, then release it.",
            n=len(found),
            box=BY_CODE[box].title,
            kind=finding.kind,
            words=finding.words,
        ),
        code="words_tell",
        data={"boxes": sorted({name for name, _ in found})},
    )


def withdraw_summary(session: Session, actor: Actor, summary_id: int, reason: str, now: datetime) -> DonorSummary:
    """Take a released summary from the donor's sight, with a reason; it stays on record and is not released again."""
    require(actor, Permission.SUMMARY_APPROVE)
    person_account(actor)
    summary = locked(session, actor, summary_id)
    if summary.state != "released":
        raise RuleViolation(msg("Only a released summary can be withdrawn."), code="not_released")
    reason = " ".join(reason.split())
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        raise invalid("reason", msg("Say why in 5 to 300 characters."))
    summary.state, summary.withdrawn_reason = "withdrawn", reason
    session.flush()
    return summary
