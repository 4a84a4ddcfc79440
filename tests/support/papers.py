"""Files for tests: honest pictures and papers, hostile ones, and one of each thing that papers belong to."""

from __future__ import annotations

import struct
import zipfile
import zlib
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO

from PIL import Image
from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationPlan, CalibrationRecord
from assets.disposal.models import DisposalCase, LossCase
from assets.documents.rules import SubjectName
from assets.maintenance import service as maintenance
from assets.maintenance.rules.orders import Kind, Severity
from assets.operations.models import Operation
from assets.people.models import Organisation, Unit
from assets.registry.models import EquipmentClass, EquipmentModel, Grant, HandoverBatch
from assets.registry.service.timeline import happening_now, record
from assets.vehicles.models import Accident, FuelFill, VehiclePaper
from tests.support.care import put_asset
from tests.support.world import SETUP, World

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SECRET_PLACE = (41.0, 15.0, 52.74)
HIDDEN = ("NokiaSecretCamera", "hidden comment", "secret xmp", "<script>alert(1)</script>", "Exif", "GPS")


def picture(kind: str = "PNG", size: tuple[int, int] = (24, 16), colour: str = "navy") -> bytes:
    """A small picture of one colour."""
    target = BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def telling_jpeg() -> bytes:
    """A photo as a phone takes it, 40 by 20 and lying on its side: position, camera, comment, XMP, HTML behind it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "NokiaSecretCamera"
    position = exif.get_ifd(0x8825)
    position[1], position[2], position[3], position[4] = "N", SECRET_PLACE, "E", (69.0, 12.0, 58.5)
    target = BytesIO()
    Image.new("RGB", (40, 20), "olive").save(
        target, "JPEG", exif=exif, comment=b"hidden comment", xmp=b"<x:xmpmeta>secret xmp</x:xmpmeta>"
    )
    return target.getvalue() + b"<html><script>alert(1)</script></html>"


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header claims this size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def zip_bomb() -> bytes:
    """A ZIP of some 50 KB that unpacks to 50 MB."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("bomb", b"\0" * 50_000_000)
    return target.getvalue()


def put_subjects(session: Session, world: World, now: datetime, unit: str = "IMT-TK") -> dict[SubjectName, int]:
    """One of each thing that papers belong to, at this unit; ids by kind."""
    asset = put_asset(session, world, "radiation.prd", now, unit=unit)
    donor = session.get_one(Organisation, world.organisations["JPN"].id)
    grant = Grant(code=f"G-{unit}", title="Mobile teams", donor=donor)
    batch = HandoverBatch(number=f"R-{unit}", grant=grant, handed_over_on=date(2026, 10, 1))
    model = EquipmentModel(
        equipment_class=session.get_one(EquipmentClass, world.classes["radiation.prd"].id),
        maker="Polimaster",
        name=unit,
    )
    asset.batch, asset.model = batch, model
    plan = session.query(CalibrationPlan).filter_by(asset_id=asset.id).first()
    assert plan is not None
    calibrated = CalibrationRecord(
        asset=asset, plan=plan, kind=plan.kind, performed_at=now, recorded_at=now, result="fail", decision_rule="simple"
    )
    order = maintenance.open_work_order(
        session, SETUP, asset, kind=Kind.CORRECTIVE, title="Broken clip", severity=Severity.MINOR, now=now
    )
    place = session.get_one(Unit, world.units[unit].id)
    operation = Operation(
        code=f"OP-{unit}", kind="patrol", unit=place, region=place.region, starts_on=date(2026, 10, 28),
        recorded_at=now, closed_at=now, units=[place],
    )  # fmt: skip
    loss = LossCase(
        asset=asset, life_before="in_service", lost_on=date(2026, 10, 20), circumstances="?", reported_at=now
    )
    disposal = DisposalCase(asset=asset, trigger="age", assessment="old", proposed_at=now)
    session.add_all([grant, batch, model, calibrated, operation, loss, disposal])
    entered: list[FuelFill | VehiclePaper | Accident] = [
        FuelFill(asset=asset, at=now, litres=Decimal(40), is_full=True),
        VehiclePaper(asset=asset, kind="insurance", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31)),
        Accident(asset=asset, at=now, what="Scratched", injured=False),
    ]
    for entry in entered:
        event = record(session, SETUP, asset, "fuel", happening_now(now))
        entry.event_id, entry.entered_at, entry.actor_name = event.id, now, SETUP.name
    session.add_all(entered)
    session.flush()
    return {
        SubjectName.GRANT: grant.id, SubjectName.BATCH: batch.id, SubjectName.MODEL: model.id,
        SubjectName.ASSET: asset.id, SubjectName.CALIBRATION: calibrated.id, SubjectName.WORK_ORDER: order.id,
        SubjectName.OPERATION: operation.id, SubjectName.LOSS: loss.id, SubjectName.DISPOSAL: disposal.id,
        SubjectName.FUEL: entered[0].id, SubjectName.VEHICLE_PAPER: entered[1].id, SubjectName.ACCIDENT: entered[2].id,
    }  # fmt: skip
