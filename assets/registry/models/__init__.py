"""Tables of the register: grants, handover batches, classes, models, assets with their events, labels, meters, lots."""

from assets.registry.models.assets import Asset, AssetEvent, Label, Meter
from assets.registry.models.classes import EquipmentClass, EquipmentModel
from assets.registry.models.grants import Grant, GrantTarget, HandoverBatch, batch_recipient
from assets.registry.models.kinds import EXEMPTION_REASONS, GRADES, LIVES, TITLE_STATUSES, VISIBILITY_MARKS
from assets.registry.models.labels import DonorMark, LabelLayout, LabelPrinter
from assets.registry.models.meters import MeterIncrement, MeterReading
from assets.registry.models.stock import (
    PACK_ENTRIES,
    STOCK_MOVES,
    StockIssue,
    StockLot,
    StockLotLabel,
    StockMovement,
    StockPack,
    StockPackEntry,
)

__all__ = [
    "EXEMPTION_REASONS",
    "GRADES",
    "LIVES",
    "PACK_ENTRIES",
    "STOCK_MOVES",
    "TITLE_STATUSES",
    "VISIBILITY_MARKS",
    "Asset",
    "AssetEvent",
    "DonorMark",
    "EquipmentClass",
    "EquipmentModel",
    "Grant",
    "GrantTarget",
    "HandoverBatch",
    "Label",
    "LabelLayout",
    "LabelPrinter",
    "Meter",
    "MeterIncrement",
    "MeterReading",
    "StockIssue",
    "StockLot",
    "StockLotLabel",
    "StockMovement",
    "StockPack",
    "StockPackEntry",
    "batch_recipient",
]
