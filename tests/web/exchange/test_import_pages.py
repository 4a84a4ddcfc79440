"""The import pages: checked first, saved afterwards, long ones in the background, seen by whom they concern, undone."""

from __future__ import annotations

import base64
import stat
import subprocess
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.exchange.models import ImportRun
from assets.exchange.runs import forget_checked, take_waiting
from assets.exchange.tables import read_table, write_csv, write_xlsx
from assets.registry.models import Asset
from tests.support.world import Clock
from tests.web.conftest import Browser

HEAD = ["class", "unit", "serial_number", "note"]


def rows(*serials: str, unit: str = "IMT-TK") -> bytes:
    return write_xlsx(HEAD, [["comms.radio", unit, serial, "<script>alert(1)</script>"] for serial in serials])


def long_table(count: int) -> bytes:
    lines = b"".join(b"kit,IMT-TK,S%d\n" % n for n in range(count))
    return b"class,unit,serial_number\n" + lines


def send(browser: Browser, content: bytes, name: str = "assets.xlsx", kind: str = "assets") -> Any:
    return browser.post(
        "/import", {"kind": kind, "table": (BytesIO(content), name)}, content_type="multipart/form-data"
    )


def text(browser: Browser, address: str) -> str:
    return browser.get(address).get_data(as_text=True)


def count(app: App) -> int:
    with app.reading() as session:
        return session.scalar(select(func.count()).select_from(Asset).where(Asset.annulled_at.is_(None))) or 0


def test_checked_then_saved_then_known(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    checked = send(browser, rows("A-1", "A-2"))
    assert checked.status_code == 303
    assert "2 rows can be saved" in text(browser, checked.location)
    assert count(app) == 0
    saved = browser.post(checked.location, {"mode": "all_or_nothing"})
    assert saved.status_code == 303
    assert "2 rows were saved" in text(browser, checked.location)
    assert count(app) == 2
    again = browser.post(checked.location, {"mode": "all_or_nothing"})
    assert again.status_code == 422
    known = send(browser, rows("A-1", "A-2"))
    assert "Everything in this file is recorded already" in text(browser, known.location)


def test_faulty_rows_are_shown_and_the_valid_ones_saved(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    content = write_xlsx(HEAD, [["comms.radio", "IMT-TK", "A-1", ""], ["<b>radio", "IMT-TK", "A-2", ""]])
    checked = send(browser, content)
    page = text(browser, checked.location)
    assert "1 row has an error" in page
    assert "Row 3" in page
    assert "<b>radio" not in page
    refused = browser.post(checked.location, {"mode": "all_or_nothing"})
    assert refused.status_code == 303
    assert "Nothing was saved" in text(browser, checked.location)
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
    filled = b"".join(write_csv(["class", "unit"], [["comms.radio", "IMT-TK"]]))
    assert send(browser, filled, "filled.csv").status_code == 303


def test_a_run_is_seen_by_its_account_and_those_who_import_everywhere(client_for: Callable[[str], Browser]) -> None:
    mine, other, everywhere = client_for("logistics_officer"), client_for("logistics2"), client_for("coordinator")
    address = send(mine, rows("A-1")).location
    assert mine.get(address).status_code == 200
    assert everywhere.get(address).status_code == 200
    for path in (address, f"{address}/progress", f"{address}/report", f"{address}/undo"):
        assert other.get(path).status_code == 404
    assert other.post(address, {"mode": "save_valid"}).status_code == 404
    # Others look, but whose rights the import uses saves it.
    assert everywhere.post(address, {"mode": "save_valid"}).status_code == 403
    assert "assets.xlsx" in text(mine, "/import/runs")
    assert "assets.xlsx" not in text(other, "/import/runs")


def test_a_file_of_which_nothing_was_saved_is_forgotten_after_a_day_and_its_run_stays(
    app: App, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    browser = client_for("logistics_officer")
    checked = send(browser, rows("A-1")).location
    saved = send(browser, rows("A-2")).location
    browser.post(saved, {"mode": "save_valid"})
    clock.advance(timedelta(hours=25))
    assert forget_checked(app, clock.now) == 1
    browser = client_for("logistics_officer")
    assert browser.get(checked).status_code == 200
    assert browser.post(checked, {"mode": "save_valid"}).status_code == 404
    assert browser.get(f"{saved}/report").status_code == 200


def test_files_are_named_by_the_server_and_readable_by_it_alone(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    assert send(browser, rows("A-1"), "../../../etc/cron.d/evil.xlsx").status_code == 303
    kept = [path for path in (app.settings.data_dir / "imports").rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {"table", "report.json", "progress.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def test_a_long_file_is_taken_in_the_background_and_the_page_says_how_far_it_is(
    app: App, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    browser = client_for("logistics_officer")
    address = send(browser, long_table(301), "long.csv").location
    assert "You can leave this page" in text(browser, address)
    waiting = browser.get(f"{address}/progress").get_json()
    assert (waiting["finished"], waiting["done"]) == (False, None)
    assert count(app) == 0
    assert take_waiting(app) == 1
    assert browser.get(f"{address}/progress").get_json() == {
        "done": None, "total": None, "text": "", "finished": True, "next": address
    }  # fmt: skip
    assert "301 rows can be saved" in text(browser, address)
    browser.post(address, {"mode": "save_valid"})
    assert count(app) == 0
    assert take_waiting(app) == 1
    assert count(app) == 301
    with app.reading() as session:
        run = session.scalars(select(ImportRun)).one()
    assert (run.actor_name, run.rows_saved, run.state) == ("logistics_officer", 301, "done")


def test_a_background_import_has_the_rights_of_its_account_at_that_moment(
    app: App, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    from assets.people.models import Account
    from tests.support.world import SETUP

    browser = client_for("logistics_officer")
    address = send(browser, long_table(301), "long.csv").location
    with app.transaction(SETUP, clock.now) as session:
        session.scalars(select(Account).where(Account.login == "logistics_officer")).one().active = False
    assert take_waiting(app) == 1
    page = text(client_for("coordinator"), address)
    assert "The account that asked for this import has ended" in page


def test_an_import_is_undone_from_its_page_with_a_reason(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("logistics_officer")
    address = send(browser, rows("A-1", "A-2")).location
    browser.post(address, {"mode": "all_or_nothing"})
    assert "2 things will be taken back" in text(browser, f"{address}/undo")
    without = browser.post(f"{address}/undo", {"reason": ""})
    assert without.status_code == 400
    assert count(app) == 2
    done = browser.post(f"{address}/undo", {"reason": "Wrong list"})
    assert done.status_code == 303
    assert "Wrong list" in text(browser, address)
    assert count(app) == 0
    again = send(browser, rows("A-1", "A-2")).location
    browser.post(again, {"mode": "all_or_nothing"})
    assert count(app) == 2


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


def test_a_trackers_secret_is_shown_once_and_kept_nowhere(app: App, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    car = write_xlsx(["class", "unit", "vin"], [["vehicle.patrol", "IMT-TK", "JT123456789012345"]])
    browser.post(send(browser, car).location, {"mode": "all_or_nothing"})
    with app.reading() as session:
        code = session.scalars(select(Asset.code)).one()
    address = send(browser, write_xlsx(["id", "asset"], [["car-1", code]]), kind="trackers").location
    answer = browser.post(address, {"mode": "all_or_nothing"})
    assert answer.status_code == 200
    shown = answer.get_data(as_text=True)
    secret = shown.split('data-copy="')[1].split('"')[0]
    assert len(secret) > 20
    sheets = base64.b64decode(shown.split("data:application/pdf;base64,")[1].split('"')[0])
    done = subprocess.run(["pdftotext", "-", "-"], input=sheets, capture_output=True, check=True, timeout=60)
    assert secret in done.stdout.decode()
    assert secret not in text(browser, address)
    kept = (app.settings.data_dir / "imports").rglob("report.json")
    assert not any(secret in path.read_text() for path in kept)
