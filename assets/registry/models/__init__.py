"""Tables of the register: grants, handover batches, classes, models, assets with their events, labels, meters, lots."""

from assets.registry.models.assets import Asset, AssetEvent, Label
from assets.registry.models.classes import EquipmentClass, EquipmentModel
from assets.registry.models.grants import Grant, GrantTarget, HandoverBatch, batch_recipient
from assets.registry.models.kinds import EXEMPTION_REASONS, GRADES, LIVES, TITLE_STATUSES, VISIBILITY_MARKS
from assets.registry.models.meters import Meter, MeterIncrement, MeterReading
from assets.registry.models.stock import STOCK_MOVES, StockLot, StockMovement

__all__ = [
    "EXEMPTION_REASONS",
    "GRADES",
    "LIVES",
    "STOCK_MOVES",
    "TITLE_STATUSES",
    "VISIBILITY_MARKS",
    "Asset",
    "AssetEvent",
    "EquipmentClass",
    "EquipmentModel",
    "Grant",
    "GrantTarget",
    "HandoverBatch",
    "Label",
    "Meter",
    "MeterIncrement",
    "MeterReading",
    "StockLot",
    "StockMovement",
    "batch_recipient",
]
