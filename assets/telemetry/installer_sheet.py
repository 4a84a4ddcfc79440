"""Installers' sheets as PDF, a page for a tracker: what to mount where, and the settings with the secret, once.

A secret is known only while the tracker is made or given another: the sheet is made in the same act, and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from assets.core.app import App
from assets.core.i18n import LOCALES, Message, msg, say
from assets.labels import qr
from assets.labels.sheet import vendored_fonts
from assets.labels.text import printable
from assets.labels.token import format_code
from assets.labels.typeset import typeset
from assets.registry.models import Asset
from assets.registry.rules.classes import CLASSES
from assets.telemetry import guests
from assets.telemetry.broker import Contact, contact
from assets.telemetry.models import Tracker, TrackerInstallation
from assets.telemetry.topics import publish_topics, subscribe_topics

_TEMPLATE = Path(__file__).with_name("installer_sheet.typ")
LONGEST_LINE = 420
LANGUAGES = tuple(code for code, _ in LOCALES)
STEPS: tuple[Message, ...] = (
    msg("Compare the numbers on the device and on the SIM card with this sheet."),
    msg("Mount it where the sheet says, with the GNSS antenna under glass or plastic, not under metal."),
    msg("Connect permanent supply, ignition and ground; put the fuse next to the battery."),
    msg("Set address, user name and secret, or read the code with the maker's program."),
    msg("Where TLS is used: load the authority, and compare its fingerprint with this sheet."),
    msg("Switch the ignition on outdoors and wait for the first position; the installer's page shows each step."),
    msg("Sign, give the sheet back or destroy it: whoever has it can send in this vehicle's name."),
)


@dataclass(frozen=True, slots=True)
class InstallerSheet:
    """What stands on one page, besides where the broker is."""

    tracker: str
    secret: str
    vehicle: str
    code: str
    plate: str
    unit: str
    since: datetime | None
    device: str
    imei: str
    iccid: str
    sim_operator: str
    note: str
    guest: guests.Bound | None = None

    @property
    def user(self) -> str:
        """By what name it signs in."""
        return self.tracker if self.guest is None else self.guest.account


def installer_sheets(session: Session, secrets: Mapping[str, str], lang: str) -> list[InstallerSheet]:
    """The sheets of these trackers (their secrets by id), by id; unknown ones are left out."""
    rows = session.execute(
        select(Tracker, TrackerInstallation.started_at, Asset)
        .outerjoin(
            TrackerInstallation,
            (TrackerInstallation.tracker_id == Tracker.id) & TrackerInstallation.ended_at.is_(None),
        )
        .outerjoin(Asset, Asset.id == TrackerInstallation.asset_id)
        .options(joinedload(Asset.unit), joinedload(Asset.model), joinedload(Asset.equipment_class))
        .where(Tracker.id.in_(secrets))
        .order_by(Tracker.id)
    )
    return [
        replace(_sheet(tracker, secrets[tracker.id], since, asset, lang), guest=guests.bound(session, tracker))
        for tracker, since, asset in rows
    ]


def _sheet(tracker: Tracker, secret: str, since: datetime | None, asset: Asset | None, lang: str) -> InstallerSheet:
    vehicle, code, plate, unit = "", "", "", ""
    if asset is not None:
        vehicle, code, plate, unit = _title(asset, lang), format_code(asset.code), asset.plate or "", asset.unit.name
    return InstallerSheet(
        tracker.id, secret, vehicle, code, plate, unit, since, f"{tracker.vendor} {tracker.model}".strip(),
        tracker.imei, tracker.iccid, tracker.sim_operator, tracker.note,
    )  # fmt: skip


def _title(asset: Asset, lang: str) -> str:
    if asset.model is not None:
        return asset.model.full_name
    code = asset.equipment_class.code
    return say(CLASSES[code].title, lang) if code in CLASSES else asset.equipment_class.name


def connection_text(tracker: str, secret: str, where: Contact) -> str:
    """What the symbol says: `mqtts://user:secret@host:port#sha256=fingerprint of the authority`."""
    host = f"[{where.host}]" if ":" in where.host else where.host
    scheme = "mqtts" if where.tls else "mqtt"
    trusted = f"#sha256={where.fingerprint.replace(':', '')}" if where.fingerprint else ""
    return f"{scheme}://{tracker}:{quote(secret, safe='')}@{host}:{where.port}{trusted}"


def sheets_of(app: App, secrets: Mapping[str, str], lang: str) -> bytes:
    """The PDF for trackers whose secrets were made just now, by id."""
    with app.reading() as session:
        sheets = installer_sheets(session, secrets, lang)
    return sheets_pdf(sheets, contact(app), lang, app.settings.zone, app.clock())


def sheets_pdf(sheets: Sequence[InstallerSheet], where: Contact, lang: str, zone: ZoneInfo, now: datetime) -> bytes:
    """The sheets as accessible PDF (PDF/UA-1), a page each; the same sheets give the same bytes."""
    return typeset(_TEMPLATE, sheets_content(sheets, where, lang, zone, now), vendored_fonts(), standards=("ua-1",))


def sheets_content(
    sheets: Sequence[InstallerSheet], where: Contact, lang: str, zone: ZoneInfo, now: datetime
) -> dict[str, Any]:
    """Everything that stands on the sheets, in words of `lang`."""
    day = now.astimezone(zone)
    return {
        "lang": lang,
        "date": [day.year, day.month, day.day],
        "title": say(msg("Installers' sheets"), lang),
        "footer": say(msg("Made on %(day)s; it holds a secret", day=f"{day:%d.%m.%Y}"), lang),
        "warning": say(
            msg(
                "The secret stands on this sheet only and cannot be shown again. If the sheet is lost, give the "
                "tracker another secret."
            ),
            lang,
        ),
        "heads": {
            "vehicle": say(msg("Vehicle and device"), lang), "settings": say(msg("Settings"), lang),
            "steps": say(msg("Steps"), lang),
        },
        "alt": say(msg("The settings as a QR code"), lang),
        "steps": [say(step, lang) for step in STEPS],
        "signatures": [say(msg("Installed by, date"), lang), say(msg("Taken over by, date"), lang)],
        "sheets": [_page(sheet, where, lang, zone) for sheet in sheets],
    }  # fmt: skip


def _page(sheet: InstallerSheet, where: Contact, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    since = f"{sheet.since.astimezone(zone):%d.%m.%Y %H:%M}" if sheet.since else ""
    trust = where.fingerprint or say(msg("a public one") if where.tls else msg("none"), lang)
    speaks = f"MQTT 3.1.1, {'TLS 1.2' if where.tls else say(msg('without TLS'), lang)}"
    vehicle = (
        (msg("Vehicle"), sheet.vehicle, False), (msg("Plate"), sheet.plate, False),
        (msg("Label code"), sheet.code, True), (msg("Unit"), sheet.unit, False), (msg("Mounted since"), since, False),
        (msg("Device"), sheet.device, False), (msg("IMEI"), sheet.imei, True), (msg("SIM card"), sheet.iccid, True),
        (msg("Mobile operator"), sheet.sim_operator, False), (msg("Where it is installed"), sheet.note, False),
    )  # fmt: skip
    writes, reads = publish_topics(sheet.tracker), subscribe_topics(sheet.tracker)
    if sheet.guest is not None:
        writes, reads = list(sheet.guest.topics), []
    settings = (
        (msg("Address"), where.host, True), (msg("Port"), str(where.port), True), (msg("Protocol"), speaks, False),
        (msg("User name"), sheet.user, True), (msg("Secret"), sheet.secret, True),
        (msg("Authority, SHA-256"), trust, bool(where.fingerprint)),
        (msg("It writes"), "\n".join(writes), False), (msg("It reads"), "\n".join(reads), False),
    )  # fmt: skip
    return {
        "title": say(msg("Tracker %(id)s", id=sheet.tracker), lang),
        "vehicle": _said([row for row in vehicle if row[1]], lang),
        "settings": _said([row for row in settings if row[1]], lang),
        "symbol": qr.svg(qr.matrix(connection_text(sheet.user, sheet.secret, where))),
    }


def _said(rows: Sequence[tuple[Message, str, bool]], lang: str) -> list[list[object]]:
    return [
        [say(title, lang), "\n".join(printable(line, LONGEST_LINE) for line in text.split("\n")), coded]
        for title, text, coded in rows
    ]
