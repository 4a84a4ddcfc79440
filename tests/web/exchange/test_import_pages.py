"""The import pages: dry run first, the same file saved afterwards, bound to its account, expiring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.exchange.tables import read_table, write_csv, write_xlsx
from assets.registry.models import Asset
from tests.support.world import Clock
from tests.web.conftest import Browser

HEAD = ["class", "unit", "serial_number", "note"]


def rows(*serials: str, unit: str = "IMT-TK") -> bytes:
    return write_xlsx(HEAD, [["comms.radio", unit, serial, "<script>alert(1)</script>"] for serial in serials])


def send(browser: Browser, content: bytes, name: str = "assets.xlsx", kind: str = "assets") -> Any:
    return browser.post(
        "/import", {"kind": kind, "table": (BytesIO(content), name)}, content_type="multipart/form-data"
    )


def count(app: App) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).select_from(Asset)) or 0


def test_dry_run_then_saved_then_known(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    checked = send(browser, rows("A-1", "A-2"))
    assert checked.status_code == 303
    page = browser.get(checked.location).get_data(as_text=True)
    assert "2 rows can be saved" in page
    assert count(app) == 0
    saved = browser.post(checked.location, {"mode": "all_or_nothing"})
    assert saved.status_code == 303
    assert "2 rows were saved" in browser.get(checked.location).get_data(as_text=True)
    assert count(app) == 2
    again = send(browser, rows("A-1", "A-2"))
    assert "Everything in this file is recorded already" in browser.get(again.location).get_data(as_text=True)


def test_faulty_rows_are_shown_and_the_valid_ones_saved(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    content = write_xlsx(HEAD, [["comms.radio", "IMT-TK", "A-1", ""], ["<b>radio", "IMT-TK", "A-2", ""]])
    checked = send(browser, content)
    page = browser.get(checked.location).get_data(as_text=True)
    assert "1 row has an error" in page
    assert "Row 3" in page
    assert "<b>radio" not in page
    browser.post(checked.location, {"mode": "save_valid"})
    assert count(app) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_reports_and_templates_are_downloaded(client_for: Callable[[str], Browser], kind: str) -> None:
    browser = client_for("logistics_officer")
    checked = send(browser, rows("A-1"))
    answer = browser.get(f"{checked.location}/report?format={kind}")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert read_table("report", answer.data).rows[0].cells["status"] == "new"
    empty = browser.get(f"/import/template?kind=assets&format={kind}")
    assert empty.status_code == 200
    filled = send(browser, write_csv_of(["comms.radio", "IMT-TK"]), "filled.csv")
    assert filled.status_code == 303


def write_csv_of(row: list[object]) -> bytes:
    return b"".join(write_csv(["class", "unit"], [row]))


def test_a_kept_file_is_its_accounts_alone_and_for_a_day(client_for: Callable[[str], Browser], clock: Clock) -> None:
    mine, other = client_for("logistics_officer"), client_for("coordinator")
    address = send(mine, rows("A-1")).location
    assert other.get(address).status_code == 404
    assert other.post(address, {"mode": "save_valid"}).status_code == 404
    assert mine.get(address).status_code == 200
    clock.advance(timedelta(hours=11))
    assert mine.get(address).status_code == 200
    clock.advance(timedelta(hours=13, minutes=1))
    assert client_for("logistics_officer").get(address).status_code == 404


def test_files_are_named_by_the_server(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    assert send(browser, rows("A-1"), "../../../etc/cron.d/evil.xlsx").status_code == 303
    kept = {path.name for path in (app.settings.data_dir / "imports").rglob("*") if path.is_file()}
    assert kept == {"table", "facts.json", "report.json"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04broken", "damaged"),
        (b"class,unit\n", "no rows"),
        (b"class,unit,colour\na,b,c\n", "colour"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old or a protected Excel"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(client_for: Callable[[str], Browser], content: bytes, words: str) -> None:
    answer = send(client_for("logistics_officer"), content)
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True)


def test_units_are_for_administrators(client_for: Callable[[str], Browser]) -> None:
    content = b"code,name,region\nX-1,Team,UZ-FA\n"
    assert send(client_for("logistics_officer"), content, "u.csv", "units").status_code == 403
    assert send(client_for("administrator"), content, "u.csv", "units").status_code == 303
    assert client_for("officer").get("/import").status_code == 403


def test_a_file_that_takes_too_long_for_a_page_is_sent_to_the_command_line(
    client_for: Callable[[str], Browser],
) -> None:
    content = b"class,unit,serial_number\n" + b"".join(b"kit,IMT-TK,S%d\n" % n for n in range(2501))
    answer = send(client_for("logistics_officer"), content, "long.csv")
    assert answer.status_code == 400
    assert "assets import" in answer.get_data(as_text=True)
