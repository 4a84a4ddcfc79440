"""What people do at the end of an item's life: withdraw it, report and settle a loss, and dispose of it."""

from assets.disposal.service.disposals import (
    CarriedOut,
    Decision,
    approve_disposal,
    carry_out_disposal,
    propose_disposal,
    reject_disposal,
    reverse_disposal,
)
from assets.disposal.service.losses import LossDecision, decide_loss, open_inquiry, report_loss
from assets.disposal.service.withdrawal import put_back, withdraw

__all__ = [
    "CarriedOut",
    "Decision",
    "LossDecision",
    "approve_disposal",
    "carry_out_disposal",
    "decide_loss",
    "open_inquiry",
    "propose_disposal",
    "put_back",
    "reject_disposal",
    "report_loss",
    "reverse_disposal",
    "withdraw",
]
