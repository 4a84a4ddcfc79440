"""What people do with reservations: share an asset, ask for one, answer, cancel and change."""

from assets.reservations.service.answering import approve, cancel, decline
from assets.reservations.service.asking import Wish, ask, change
from assets.reservations.service.sharing import share

__all__ = ["Wish", "approve", "ask", "cancel", "change", "decline", "share"]
