"""What the pages of losses, disposals and withdrawals share: words, cells, and the paper that must be there."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from assets.core.errors import RuleViolation
from assets.core.i18n import Message, msg
from assets.disposal.models import DisposalCase, LossCase
from assets.disposal.rules.assessment import TRIGGER_NAMES
from assets.disposal.rules.cases import (
    CURRENCIES,
    DISPOSAL_STATE_NAMES,
    LOSS_DECISION_NAMES,
    LOSS_STATE_NAMES,
    METHOD_NAMES,
)
from assets.documents.queries import documents_of
from assets.documents.rules import SubjectName
from assets.documents.subjects import subject_of
from assets.labels.token import format_code
from assets.people.rules import Permission
from assets.registry.models import Asset
from assets.registry.scope import reaches_unit
from assets.web import care
from assets.web.context import actor, words

# Whoever gets the item or ends it signs something: that paper is with the case before it counts as done.
NEEDS_A_PAPER = frozenset({"sale", "transfer", "gift", "destruction"})
LOSS_STATES: dict[str, str] = {"reported": "blocked", "inquiry": "due", "decided": "ready"}
DISPOSAL_STATES: dict[str, str] = {
    "proposed": "due", "approved": "due", "rejected": "unknown", "carried_out": "ready", "reversed": "unknown",
}  # fmt: skip


def pairs(names: dict[str, Message]) -> list[tuple[str, str]]:
    """Choices for a select, in the reader's language."""
    return [(key, words(name)) for key, name in names.items()]


def currencies() -> list[tuple[str, str]]:
    """The currencies that a form offers."""
    return [(code, code) for code in CURRENCIES]


def about(asset: Asset) -> dict[str, Any]:
    """What a page says of the asset that a case is about."""
    return {
        "asset": asset,
        "title": care.asset_title(asset),
        "printed": format_code(asset.code),
        "unit": asset.unit.name,
    }


def loss_cells(case: LossCase) -> dict[str, Any]:
    """A loss as boards, lists and its page show it; `seen_since`: somebody had it in hand after it was reported."""
    seen = case.asset.last_seen_at
    return {
        "case": case,
        **about(case.asset),
        "state": LOSS_STATES[case.state],
        "state_words": words(LOSS_DECISION_NAMES[case.decision] if case.decision else LOSS_STATE_NAMES[case.state]),
        "seen_since": seen if case.state != "decided" and seen is not None and seen > case.reported_at else None,
    }


def disposal_cells(case: DisposalCase) -> dict[str, Any]:
    """A disposal as boards, lists and its page show it."""
    return {
        "case": case,
        **about(case.asset),
        "state": DISPOSAL_STATES[case.state],
        "state_words": words(DISPOSAL_STATE_NAMES[case.state]),
        "trigger": words(TRIGGER_NAMES[case.trigger]),
        "method": words(METHOD_NAMES[case.method]) if case.method else "",
    }


def reaches(asset: Asset, permission: Permission) -> bool:
    """Whether who looks holds the right for this asset."""
    return reaches_unit(actor(), permission, asset.unit)


def require_paper(session: Session, case: DisposalCase) -> None:
    """`RuleViolation` while the case has no paper that its way out leaves behind."""
    if case.method in NEEDS_A_PAPER and not has_paper(session, case):
        raise RuleViolation(
            msg("Attach the paper first: the contract, the act of transfer or the act of destruction."),
            code="paper_missing",
        )


def has_paper(session: Session, case: DisposalCase) -> bool:
    """Whether a paper is attached to the case."""
    return bool(documents_of(session, subject_of(session, actor(), SubjectName.DISPOSAL, case.id)))
