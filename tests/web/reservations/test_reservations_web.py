"""Reservations by page and by call: both sides do their step, strangers see nothing, and the handover is warned of."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assets.core.app import App
from tests.support.custody import ZONE, Custody
from tests.support.engines import ON_ONE_ENGINE
from tests.support.journal import noted
from tests.support.transfers import pass_on
from tests.support.world import Clock
from tests.web.conftest import Api, Browser, counted

Make = Callable[..., str]
ClientFor = Callable[[str], Browser]
ApiFor = Callable[[str], Api]
HERE, THERE = "logistics_officer", "logistics2"  # of IMT-TK and of IMT-FA


@pytest.fixture
def van(make: Make) -> str:
    return make("vehicle.forensic_van")


def day(clock: Clock, ahead: int) -> str:
    return (clock.now.astimezone(ZONE) + timedelta(days=ahead)).date().isoformat()


@pytest.fixture
def ask(api: ApiFor, clock: Clock, van: str) -> Callable[..., dict[str, Any]]:
    """Asks for the van for Fergana, from a day ahead for so many days; answers the reservation."""

    def asked(ahead: int = 1, days: int = 1, unit: str = "IMT-FA", login: str = THERE, **more: Any) -> dict[str, Any]:
        body = {
            "asset": van, "unit": unit, "from": day(clock, ahead), "to": day(clock, ahead + days),
            "purpose": "Scene of an accident", **more,
        }  # fmt: skip
        answer = api(login).post("/reservations", body)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        return found

    return asked


def test_one_unit_asks_by_page_and_the_other_approves_and_sends_it_as_a_loan(
    client_for: ClientFor, clock: Clock, van: str
) -> None:
    there, here = client_for(THERE), client_for(HERE)
    form = there.get(f"/reservations/new?asset={van}").get_data(as_text=True)
    assert f'value="{van}" selected' in form
    values = {"asset": van, "unit": "IMT-FA", "from": day(clock, 1), "to": day(clock, 2), "purpose": "Scene"}
    answer = there.post("/reservations/new", values)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    address = answer.headers["Location"]
    assert "/approve" not in there.get(address).get_data(as_text=True)
    assert "1 request waits for your answer." in here.get("/reservations?show=to_answer").get_data(as_text=True)
    assert here.post(f"{address}/approve").status_code == 303
    shown = here.get(address).get_data(as_text=True)
    found = re.search(r'href="(/transfers/new[^"]+)"', shown)
    assert found
    prefilled = here.get(found.group(1).replace("&amp;", "&")).get_data(as_text=True)
    assert 'value="IMT-FA" selected' in prefilled
    assert f'value="{day(clock, 2)}"' in prefilled
    assert "No request waits" in here.get("/reservations").get_data(as_text=True)


def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(
    client_for: ClientFor, clock: Clock, van: str, ask: Callable[..., Any]
) -> None:
    ask(1, unit="IMT-TK", login=HERE)
    values = {"asset": van, "unit": "IMT-FA", "from": day(clock, 1), "to": day(clock, 1), "purpose": "My <b>scene</b>"}
    answer = client_for(THERE).post("/reservations/new", values)
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert "choose another time" in text
    assert "My &lt;b&gt;scene&lt;/b&gt;" in text
    hours = {**values, "from": day(clock, 5), "to": day(clock, 5), "from_hour": "9", "to_hour": "9"}
    assert client_for(THERE).post("/reservations/new", hours).status_code == 400


@ON_ONE_ENGINE
def test_a_reservation_of_others_looks_like_one_that_is_not_there(
    client_for: ClientFor, api: ApiFor, ask: Callable[..., Any]
) -> None:
    made = ask(1, unit="IMT-TK", login=HERE)
    stranger, program = client_for(THERE), api(THERE)
    for path in (f"/reservations/{made['id']}", "/reservations/999999"):
        assert stranger.get(path).status_code == 404
        assert program.get(path).status_code == 404
        assert program.patch(path, {"state": "approved"}).status_code == 404
        assert stranger.post(f"{path}/cancel", {"reason": "x"}).status_code == 404
    assert program.get("/reservations").get_json()["items"] == []
    assert api("officer").patch(f"/reservations/{made['id']}", {"state": "cancelled"}).status_code == 403


@ON_ONE_ENGINE
def test_sharing_opens_the_calendar_and_nothing_else(
    client_for: ClientFor, api: ApiFor, make: Make, van: str, ask: Callable[..., Any], clock: Clock
) -> None:
    hidden = make("vehicle.patrol")
    ask(0, unit="IMT-TK", login=HERE)
    stranger = client_for(THERE)
    page = stranger.get(f"/reservations/calendar?from={day(clock, 0)}").get_data(as_text=True)
    assert van[:5] in page
    assert hidden[:5] not in page
    assert "Scene" not in page
    assert f"/assets/{van}" not in page
    assert stranger.get(f"/assets/{van}").status_code == 404
    assert api(THERE).get(f"/assets/{van}").status_code == 404
    assert stranger.get(f"/reservations/calendar?asset={hidden}").status_code == 404
    assert stranger.get(f"/reservations/calendar/{hidden}.ics").status_code == 404
    file = stranger.get(f"/reservations/calendar/{van}.ics")
    assert file.content_type.startswith("text/calendar")
    assert "SUMMARY:reserved\r\n" in file.get_data(as_text=True)
    officer = client_for("officer2").get(f"/reservations/calendar?from={day(clock, 0)}").get_data(as_text=True)
    assert van[:5] not in officer


@ON_ONE_ENGINE
def test_only_the_owner_shares_an_item(client_for: ClientFor, make: Make) -> None:
    code = make("vehicle.patrol")
    assert client_for(THERE).post(f"/assets/{code}/share", {"shared": "1"}).status_code == 404
    owner = client_for(HERE)
    assert "Share with other units" in owner.get(f"/assets/{code}").get_data(as_text=True)
    assert owner.post(f"/assets/{code}/share", {"shared": "1"}).status_code == 303
    assert "Share no more" in owner.get(f"/assets/{code}").get_data(as_text=True)
    assert code[:5] in client_for(THERE).get("/reservations/calendar").get_data(as_text=True)
    assert "Share no more" not in client_for("officer").get(f"/assets/{code}").get_data(as_text=True)


@ON_ONE_ENGINE
def test_whoever_hands_a_reserved_item_out_is_warned_and_not_refused(
    client_for: ClientFor, api: ApiFor, van: str, ask: Callable[..., Any], custody: Custody
) -> None:
    made = ask(2)
    keeper = client_for(HERE)
    assert keeper.get(f"/scan/asset/{van}").get_json()["notice"] is None
    assert api(HERE).patch(f"/reservations/{made['id']}", {"state": "approved"}).status_code == 200
    assert "Reserved for Farg" in keeper.get(f"/scan/asset/{van}").get_json()["notice"]
    assert "Reserved for Farg" in keeper.get(f"/assets/{van}/issue").get_data(as_text=True)
    assert client_for("officer").get(f"/scan/asset/{van}").get_json()["notice"] is None
    custody.issue(van, "P-001")


def test_programs_ask_answer_and_are_told_who_was_first(api: ApiFor, ask: Callable[..., Any], clock: Clock) -> None:
    made = ask(1)
    assert (made["state"], made["owner"], made["unit"]) == ("asked", "IMT-TK", "IMT-FA")
    keeper = api(HERE)
    assert api(THERE).patch(f"/reservations/{made['id']}", {"state": "approved"}).status_code == 403
    assert keeper.patch(f"/reservations/{made['id']}", {"state": "declined"}).status_code == 400
    assert keeper.patch(f"/reservations/{made['id']}", {"state": "approved"}).get_json()["state"] == "approved"
    again = keeper.patch(f"/reservations/{made['id']}", {"state": "declined", "reason": "x"})
    assert (again.status_code, again.get_json()["code"]) == (409, "answered")
    other = {"asset": made["asset"], "unit": "IMT-TK", "from": made["from"], "to": made["to"], "purpose": "x"}
    taken = keeper.post("/reservations", other)
    assert (taken.status_code, taken.get_json()["code"]) == (409, "taken")
    half = keeper.post("/reservations", other | {"from": f"{day(clock, 3)}T09:30:00+05:00", "to": day(clock, 4)})
    assert half.status_code == 400
    assert [row["id"] for row in keeper.get("/reservations", show="reserved").get_json()["items"]] == [made["id"]]


@ON_ONE_ENGINE
def test_the_list_is_paged_and_taken_away_as_csv_of_what_is_within_reach(
    client_for: ClientFor, api: ApiFor, ask: Callable[..., Any], app: App
) -> None:
    ids = [ask(n)["id"] for n in range(1, 4)]
    ask(6, unit="IMT-TK", login=HERE)
    first = api(THERE).get("/reservations", limit=2).get_json()
    second = api(THERE).get("/reservations", limit=2, cursor=first["next"]).get_json()
    assert [row["id"] for row in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    lines = list(csv.DictReader(io.StringIO(client_for(THERE).get("/reservations?format=csv").get_data(as_text=True))))
    assert len(lines) == 3
    assert {line["unit"] for line in lines} == {"IMT-FA"}
    assert noted(app, "reservations_list")


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    "path", ["/reservations", "/reservations/calendar?weeks=4", "/reservations/new", "/reservations/{id}"]
)
def test_no_page_asks_the_database_more_often_with_more_rows(
    path: str, client_for: ClientFor, ask: Callable[..., Any], make: Make, app: App
) -> None:
    made = [ask(n) for n in range(1, 7)]
    for _ in range(6):
        make("vehicle.forensic_van")
    browser = client_for(HERE)
    address = path.format(id=made[0]["id"])
    assert browser.get(address).status_code == 200
    with counted(app.main.engine) as seen:
        assert browser.get(address).status_code == 200
    # Two of them are the sign-in and its roles.
    assert len(seen) <= 12, seen


@ON_ONE_ENGINE
def test_days_out_of_range_are_refused_in_words(client_for: ClientFor) -> None:
    browser = client_for(HERE)
    for question in ("from=9999-12-31", "from=x", "weeks=9", "cursor=%00", "unit=NONE", "asset=<script>"):
        assert browser.get(f"/reservations/calendar?{question}").status_code in {400, 404}, question
    values = {"asset": "2222222222", "unit": "IMT-TK", "from": "9999-12-31", "to": "9999-12-31", "purpose": "x"}
    assert browser.post("/reservations/new", values).status_code == 400


def test_who_only_watches_reads_no_purpose(client_for: ClientFor, api: ApiFor, ask: Callable[..., Any]) -> None:
    made = ask(1)
    declined = api(HERE).patch(f"/reservations/{made['id']}", {"state": "declined", "reason": "Needed at the border"})
    assert declined.status_code == 200
    addresses = ("/reservations", "/reservations?format=csv", f"/reservations/{made['id']}")
    for login, told in (("monitor", False), (HERE, True), (THERE, True), ("officer", True), ("auditor", True)):
        browser, program = client_for(login), api(login)
        texts = [browser.get(address).get_data(as_text=True) for address in addresses]
        texts += [program.get(path).get_data(as_text=True) for path in (addresses[0], addresses[2])]
        assert all(made["asset"][:5] in text for text in texts), login
        assert [("Scene of an accident" in text) for text in texts] == [told] * 5, login
        assert ("Needed at the border" in texts[2], "Needed at the border" in texts[4]) == (told, told), login


@ON_ONE_ENGINE
def test_who_has_it_on_loan_reads_nobodys_reservations_of_it(
    client_for: ClientFor, api: ApiFor, ask: Callable[..., Any], van: str, custody: Custody, clock: Clock
) -> None:
    clock.advance(timedelta(minutes=5))
    made, own = ask(5, unit="IMT-TK", login=HERE), ask(8)
    pass_on(custody, van, until=clock.now + timedelta(days=3))
    borrower = client_for(THERE)
    assert borrower.get(f"/assets/{van}").status_code == 200, "he has it on loan"
    assert borrower.get(f"/reservations/{made['id']}").status_code == 404
    assert [row["id"] for row in api(THERE).get("/reservations").get_json()["items"]] == [own["id"]]
    assert f"/reservations/{made['id']}" not in borrower.get(f"/assets/{van}").get_data(as_text=True)
    calendar = borrower.get(f"/reservations/calendar?asset={van}&from={day(clock, 5)}").get_data(as_text=True)
    assert f"/reservations/{made['id']}" not in calendar
    assert f"/reservations/{own['id']}" in calendar
