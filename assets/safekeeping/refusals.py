"""Why a backup or a restore is refused: one error, with a stable code and words that say what to do."""

from __future__ import annotations

from assets.core.errors import RuleViolation
from assets.core.i18n import msg


class Refused(RuleViolation):
    """A backup that is not made, or a file that is not restored; what was there before is untouched."""

    default_code = "backup_refused"


def cut(name: str) -> Refused:
    """The file ends too early."""
    return Refused(
        msg("%(file)s is cut short: its end is missing. Copy it again, or take another backup.", file=name),
        code="backup_cut",
    )


def altered(name: str) -> Refused:
    """The seal or a sum does not fit."""
    return Refused(
        msg("%(file)s was altered, damaged or cut: its seal does not fit. Take another backup.", file=name),
        code="backup_altered",
    )


def wrong_key(name: str) -> Refused:
    """The key does not open it; a damaged head looks the same."""
    return Refused(
        msg(
            "This key does not open %(file)s: it was closed for another key, or its first bytes are damaged.", file=name
        ),
        code="backup_wrong_key",
    )


def not_ours(name: str) -> Refused:
    """Something else than a backup."""
    return Refused(msg("%(file)s is not a backup of this product.", file=name), code="backup_not_ours")
