"""What a phone says of recorded actions that are not sent yet."""

from __future__ import annotations

from assets.core.i18n import Message, msg

KINDS: dict[str, Message] = {
    "sighting": msg("Seen"),
    "issue": msg("Issue"),
    "return": msg("Return"),
    "fault": msg("Fault"),
    "condition": msg("Condition"),
    "reading": msg("Reading"),
    "use": msg("Use"),
    "check": msg("Check"),
    "claim_label": msg("Label"),
    "transfer_send": msg("Sent"),
    "transfer_receive": msg("Received"),
    "stock_issue": msg("Issue from a lot"),
    "shift_start": msg("Start of a shift"),
    "kit_check": msg("Check of a kit"),
    "kit_put": msg("Put into a kit"),
    "kit_take": msg("Taken out of a kit"),
    "confirm": msg("Confirmation of receipt"),
}
"""Every kind of command that a phone records, by its name there."""
