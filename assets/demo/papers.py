"""The made-up papers: deeds, acts, certificates and pictures, each drawn here and kept as any other file."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sqlalchemy import select
from sqlalchemy.orm import Session

from assets.calibration.models import CalibrationRecord
from assets.core import files
from assets.core.actor import Actor
from assets.core.app import App
from assets.demo.setting import Setting, moment
from assets.disposal.models import DisposalCase, LossCase
from assets.documents import service
from assets.documents.rules import Kind, SubjectName, Upload
from assets.documents.service import Draft
from assets.handover.models import HandoverItem
from assets.labels.token import format_code
from assets.maintenance.models import WorkOrder
from assets.people.models import Unit
from assets.registry.models import Asset, EquipmentClass, Grant, HandoverBatch

SIZE = (960, 720)
MADE_UP = "Made up for the demonstration"


@dataclass(frozen=True)
class Paper:
    """One file to be added: to what, what it is, its title, its file name, its bytes, who adds it and when."""

    subject: tuple[SubjectName, int]
    kind: Kind
    title: str
    name: str
    content: bytes
    login: str = "coordinator"
    days_ago: int = 30
    note: str = ""


def make_papers(app: App, made: Setting, batches: tuple[int, int], now: datetime) -> int:
    """Add every paper through the service; answers how many."""
    with app.reading() as session:
        papers = [*_of_grants(session, batches), *_of_assets(session, batches), *_of_cases(session)]
    for paper in papers:
        _add(app, made.actors[paper.login], paper, now)
    return len(papers)


def _add(app: App, actor: Actor, paper: Paper, now: datetime) -> None:
    at = moment(app, now, paper.days_ago, hour=15)
    with app.transaction(actor, at) as session:
        draft = Draft(paper.subject, paper.kind, paper.title, paper.note)
        folder = files.folder_in(app.settings.data_dir)
        service.add_document(session, actor, draft, Upload(paper.content, paper.name), folder, at)


def _of_grants(session: Session, batches: tuple[int, int]) -> list[Paper]:
    papers = []
    for grant in session.scalars(select(Grant).order_by(Grant.id)):
        lines = [grant.title, f"Exchange of notes {grant.en_number}", f"Grant agreement {grant.ga_number}"]
        content = pdf(f"Grant agreement {grant.code}", lines)
        key = (SubjectName.GRANT, grant.id)
        papers.append(
            Paper(key, Kind.DEED, f"Grant agreement {grant.ga_number}", "agreement.pdf", content, days_ago=440)
        )
    closed, counting = (session.get_one(HandoverBatch, batch) for batch in batches)
    act = pdf(f"Transfer and acceptance act {closed.number}", ["Signed by four teams", "One item to follow"])
    note = pdf(f"Delivery note {counting.number}", ["23 items in 9 boxes", "Seals whole"])
    papers += [
        Paper((SubjectName.BATCH, closed.id), Kind.ACT, "Act, signed by all", "act signed.pdf", act, days_ago=90),
        Paper((SubjectName.BATCH, counting.id), Kind.DEED, "Delivery note", "delivery.pdf", note, days_ago=4),
        Paper((SubjectName.BATCH, counting.id), Kind.PHOTO, "Boxes before they were opened", "IMG_2031.jpg",
              photo("R11", "boxes"), "coordinator", 4),
    ]  # fmt: skip
    return papers


def _of_assets(session: Session, batches: tuple[int, int]) -> list[Paper]:
    papers = []
    for class_code, title, what in (
        ("ident.raman", "Case with label and flag", "case"), ("vehicle.offroad", "Left side", "vehicle"),
        ("search.videoscope", "In its case, complete", "case"),
    ):  # fmt: skip
        asset = _first(session, class_code)
        papers.append(
            Paper((SubjectName.ASSET, asset.id), Kind.PHOTO, title, "IMG_1187.jpg",
                  photo(format_code(asset.code), what), "logistics", 60)
        )  # fmt: skip
    damaged = session.scalars(
        select(HandoverItem).join(HandoverItem.line).where(HandoverItem.outcome == "damaged").order_by(HandoverItem.id)
    ).first()
    if damaged is not None:
        content = photo(format_code(damaged.asset.code), "kink")
        subject = (SubjectName.ASSET, damaged.asset_id)
        papers.append(Paper(subject, Kind.PHOTO, "Kinked cable", "IMG_2040.jpg", content, "logistics", 3))
    raman = _first(session, "ident.raman")
    manual = pdf("Quick guide", ["Self-check before each shift", "Clean the window with the cloth only"])
    papers.append(
        Paper((SubjectName.MODEL, raman.model_id or 0), Kind.OTHER, "Quick guide", "guide.pdf", manual, days_ago=400)
    )
    record = session.scalars(
        select(CalibrationRecord).where(CalibrationRecord.asset_id == raman.id).order_by(CalibrationRecord.id.desc())
    ).first()
    if record is not None:
        content = pdf("Certificate of verification", [f"Item {format_code(raman.code)}", "Passed"])
        subject = (SubjectName.CALIBRATION, record.id)
        papers.append(Paper(subject, Kind.CERTIFICATE, "Certificate 26-1180", "cert.pdf", content, "technician", 12))
    order = session.scalars(
        select(WorkOrder).where(WorkOrder.asset_id == raman.id).order_by(WorkOrder.id.desc())
    ).first()
    if order is not None:
        content = photo(format_code(raman.code), "case")
        papers.append(
            Paper((SubjectName.WORK_ORDER, order.id), Kind.PHOTO, "As it came in", "a.jpg", content, "technician", 20)
        )
    return papers


def _of_cases(session: Session) -> list[Paper]:
    papers = []
    for case in session.scalars(
        select(DisposalCase).where(DisposalCase.decision_number != "").order_by(DisposalCase.id)
    ):
        content = pdf(f"Decision {case.decision_number}", [case.decision_note or "As proposed"])
        subject = (SubjectName.DISPOSAL, case.id)
        title = f"Decision {case.decision_number}"
        papers.append(Paper(subject, Kind.DECISION, title, "decision.pdf", content, days_ago=8))
    inquiry = session.scalars(select(LossCase).where(LossCase.state == "inquiry")).first()
    if inquiry is not None:
        content = pdf("Report of the shift", [inquiry.circumstances])
        subject = (SubjectName.LOSS, inquiry.id)
        papers.append(Paper(subject, Kind.REPORT, "Report of the shift", "report.pdf", content, "logistics", 17))
    return papers


def _first(session: Session, class_code: str, unit: str = "IMT-SU") -> Asset:
    statement = (
        select(Asset)
        .join(EquipmentClass, EquipmentClass.id == Asset.class_id)
        .join(Unit, Unit.id == Asset.unit_id)
        .where(EquipmentClass.code == class_code, Unit.code == unit, Asset.life == "in_service")
        .order_by(Asset.code)
    )
    return session.scalars(statement.limit(1)).one()


def pdf(title: str, lines: list[str]) -> bytes:
    """A page of A4 with a title and lines, in the font that every reader has."""

    def shown(text: str) -> str:
        plain = text.encode("latin-1", "replace").decode("latin-1")
        return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

    drawn = [f"BT /F1 18 Tf 72 760 Td ({shown(title)}) Tj ET"]
    for n, line in enumerate([*lines, "", MADE_UP]):
        drawn.append(f"BT /F1 11 Tf 72 {724 - 20 * n} Td ({shown(line)}) Tj ET")
    stream = "\n".join(drawn).encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    target, places = BytesIO(b""), []
    target.write(b"%PDF-1.7\n")
    for number, body in enumerate(objects, start=1):
        places.append(target.tell())
        target.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    begin = target.tell()
    target.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    target.writelines(b"%010d 00000 n \n" % place for place in places)
    target.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, begin))
    return target.getvalue()


def photo(code: str, what: str) -> bytes:
    """A picture as if taken with a phone: a case, a vehicle, boxes or a kinked cable, with the item's label."""
    rng = random.Random(code + what)
    base = rng.randrange(96, 140)
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(SIZE[1]):
        tone = base + y * 60 // SIZE[1]
        draw.line([(0, y), (SIZE[0], y)], fill=(tone, tone - 4, tone - 12))
    _THINGS[what](draw)
    image = image.filter(ImageFilter.GaussianBlur(1.2))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((600, 560, 900, 660), 10, fill=(250, 250, 246), outline=(40, 44, 52), width=3)
    draw.text((624, 588), code, font=ImageFont.load_default(36), fill=(20, 24, 32))
    target = BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def _case(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((150, 180, 810, 620), 36, fill=(38, 42, 48))
    draw.rounded_rectangle((190, 220, 770, 580), 24, fill=(64, 70, 78))
    draw.rounded_rectangle((250, 270, 560, 500), 20, fill=(208, 170, 40))
    draw.rectangle((290, 300, 450, 400), fill=(24, 36, 44))
    draw.arc((360, 110, 600, 250), 180, 360, fill=(30, 32, 38), width=22)


def _vehicle(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 560, 960, 720), fill=(120, 112, 100))
    draw.polygon(((250, 380), (340, 250), (640, 250), (730, 380)), fill=(176, 184, 190))
    draw.rounded_rectangle((120, 370, 850, 540), 30, fill=(226, 230, 232))
    draw.polygon(((290, 372), (355, 275), (480, 275), (480, 372)), fill=(52, 66, 78))
    draw.polygon(((500, 372), (500, 275), (625, 275), (690, 372)), fill=(52, 66, 78))
    for x in (250, 700):
        draw.ellipse((x - 70, 470, x + 70, 610), fill=(28, 28, 30))
        draw.ellipse((x - 34, 506, x + 34, 574), fill=(150, 152, 156))


def _boxes(draw: ImageDraw.ImageDraw) -> None:
    for x, y in ((120, 400), (380, 400), (640, 400), (250, 190), (510, 190)):
        draw.rectangle((x, y, x + 240, y + 200), fill=(178, 138, 92), outline=(120, 88, 54), width=5)
        draw.rectangle((x + 100, y, x + 140, y + 200), fill=(214, 190, 150))


def _kink(draw: ImageDraw.ImageDraw) -> None:
    draw.line(((60, 200), (380, 230), (520, 330), (470, 420), (600, 460), (900, 400)), fill=(26, 26, 30), width=34)
    draw.ellipse((430, 300, 560, 440), outline=(200, 40, 40), width=8)


_THINGS: Mapping[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "case": _case, "vehicle": _vehicle, "boxes": _boxes, "kink": _kink,
}  # fmt: skip
