"""Installers' sheets: a page for each tracker, with the secret in print and in a code that a phone reads."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from assets.core.journal import JournalEntry
from assets.telemetry import provisioning
from assets.telemetry.broker import Contact
from assets.telemetry.installer_sheet import LANGUAGES, connection_text, installer_sheets, sheets_of, sheets_pdf
from tests.db.telemetry.conftest import Field
from tests.support.world import SETUP

IMEI, ICCID = "490154203237518", "8999801234567890125"
OVER_TLS = Contact("trackers.example.uz", 8883, tls=True, authority="PEM", fingerprint=":".join(["AB"] * 32))


def _text(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


@pytest.fixture
def secret(place: Field) -> str:
    boxes = {"vendor": "Teltonika", "imei": IMEI, "iccid": ICCID, "note": "bosh panel ostida"}
    with place.app.transaction(SETUP) as session:
        provisioning.describe_tracker(session, place.tracker, boxes)
        return provisioning.rotate_secret(session, place.tracker, place.clock.now).secret


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sheet_tells_the_installer_everything_in_each_language(place: Field, secret: str, lang: str) -> None:
    with place.app.reading() as session:
        sheets = installer_sheets(session, {place.tracker: secret}, lang)
    pdf = sheets_pdf(sheets, OVER_TLS, lang, place.app.settings.zone, place.clock.now)
    shown = _text(pdf)
    for told in (place.tracker, secret, "trackers.example.uz", "8883", IMEI, ICCID, "bosh panel ostida", "AAAAA-AAAAA"):
        assert told in shown, told
    assert pdf == sheets_pdf(sheets, OVER_TLS, lang, place.app.settings.zone, place.clock.now)


def test_code_on_the_sheet_reads_as_the_connection(place: Field, secret: str, tmp_path: Path) -> None:
    with place.app.reading() as session:
        sheets = installer_sheets(session, {place.tracker: secret}, "en")
    (tmp_path / "sheet.pdf").write_bytes(sheets_pdf(sheets, OVER_TLS, "en", place.app.settings.zone, place.clock.now))
    command = ["pdftoppm", "-r", "150", "-png", str(tmp_path / "sheet.pdf"), str(tmp_path / "page")]
    subprocess.run(command, check=True, timeout=60)
    (page,) = tmp_path.glob("page*.png")
    with Image.open(page) as image:
        (found,) = zxingcpp.read_barcodes(image)
    assert found.text == connection_text(place.tracker, secret, OVER_TLS)
    assert found.text == f"mqtts://{place.tracker}:{secret}@trackers.example.uz:8883#sha256={'AB' * 32}"


def test_connection_of_a_strange_secret_or_host_is_still_an_address() -> None:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(connection_text("t-1", "a/b@c:d#e%f", Contact("2001:db8::1", 1883)))
    assert (parts.scheme, parts.hostname, parts.port, parts.username) == ("mqtt", "2001:db8::1", 1883, "t-1")
    assert unquote(parts.password or "") == "a/b@c:d#e%f"


def test_sheet_is_made_for_those_trackers_alone_and_kept_nowhere(place: Field, secret: str) -> None:
    pdf = sheets_of(place.app, {place.tracker: secret, "nobody": "x"}, "en")
    assert _text(pdf).count("\f") == 1
    for path in place.app.settings.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret.encode() not in content, path
            assert pdf[:200] not in content, path
    with place.app.reading() as session:
        assert secret not in "".join(session.scalars(select(JournalEntry.body)))


def test_moment_of_mounting_is_on_the_sheet_in_local_time(place: Field, secret: str) -> None:
    with place.app.reading() as session:
        (sheet,) = installer_sheets(session, {place.tracker: secret}, "en")
    assert sheet.since == place.clock.now - timedelta(days=2)
    local = sheet.since.astimezone(place.app.settings.zone)
    assert f"{local:%d.%m.%Y %H:%M}" in _text(
        sheets_pdf([sheet], OVER_TLS, "en", place.app.settings.zone, place.clock.now)
    )
