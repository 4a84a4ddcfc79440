"""Commands to trackers on pages and in the API: who may order, what is shown, and that no secret ever is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from assets.core.app import App
from assets.people import service
from assets.people.models import Account, Region
from assets.people.rules import Role
from assets.registry.models import Asset
from assets.telemetry import commands
from assets.telemetry.models import TrackerCommand
from assets.telemetry.provisioning import add_tracker
from tests.support.care import put_asset
from tests.support.world import SETUP, Clock, World
from tests.web.conftest import Api, Browser

TRACKER, FOREIGN = "TRK-A", "TRK-B"


@pytest.fixture(autouse=True)
def trackers(app: App, world: World, clock: Clock) -> None:
    """A tracker on a vehicle of IMT-TK, and one on a vehicle of IMT-FA."""
    with app.transaction(SETUP, clock.now) as session:
        for tracker, unit in ((TRACKER, "IMT-TK"), (FOREIGN, "IMT-FA")):
            made = put_asset(session, world, "vehicle.patrol", clock.now, unit=unit, plans=False)
            add_tracker(session, tracker, session.get_one(Asset, made.id), clock.now)


def _send(app: App, clock: Clock) -> list[bytes]:
    sent: list[bytes] = []
    commands.run_once(app, lambda _topic, body: sent.append(body), clock.now)
    return sent


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("coordinator", 201), ("commander", 403), ("logistics_officer", 403), ("officer", 403), ("technician", 403),
        ("administrator", 403), ("auditor", 403), ("donor", 403), ("monitor", 403), ("approver", 403),
    ],
)  # fmt: skip
def test_the_coordinator_alone_orders_trackers(login: str, status: int, api: Callable[[str], Api]) -> None:
    program = api(login)
    assert program.post(f"/trackers/{TRACKER}/commands", {"cmd": "locate"}).status_code == status
    assert program.get(f"/trackers/{TRACKER}/commands").status_code == (200 if status == 201 else 403)


def test_a_tracker_of_another_region_looks_like_none(
    app: App, world: World, api: Callable[[str], Api], clock: Clock
) -> None:
    program = api("officer")
    with app.transaction(SETUP, clock.now) as session:
        account = session.get_one(Account, world.accounts["officer"].id)
        region = session.get_one(Region, world.regions["UZ-TK"].id)
        service.grant_role(
            session, SETUP, account, role=Role.COORDINATOR, scope=service.Scope(region=region), now=clock.now
        )
    assert program.post(f"/trackers/{TRACKER}/commands", {"cmd": "locate"}).status_code == 201
    foreign = program.post(f"/trackers/{FOREIGN}/commands", {"cmd": "locate"})
    unknown = program.post("/trackers/NOBODY/commands", {"cmd": "locate"})
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json == unknown.json
    assert program.get(f"/trackers/{FOREIGN}/commands").status_code == 404


def test_a_command_is_given_listed_and_taken_back_by_programs(
    api: Callable[[str], Api], app: App, clock: Clock
) -> None:
    program, path = api("coordinator"), f"/trackers/{TRACKER}/commands"
    made = program.post(path, {"cmd": "config", "args": {"moving_s": 5}}).get_json()
    assert (made["state"], made["args"], made["times_sent"]) == ("waiting", {"moving_s": 5}, 0)
    assert program.get(path).get_json()["items"] == [made]
    again = program.patch(f"{path}/{made['id']}", {"state": "cancelled"})
    assert again.get_json()["state"] == "cancelled"
    sent = program.post(path, {"cmd": "reboot"}).get_json()
    _send(app, clock)
    late = program.patch(f"{path}/{sent['id']}", {"state": "cancelled"})
    assert (late.status_code, late.get_json()["code"]) == (409, "sent")
    twice = program.post(path, {"cmd": "reboot"})
    assert (twice.status_code, twice.get_json()["code"]) == (409, "one_at_a_time")
    assert program.patch(f"{path}/{made['id']}", {"state": "done"}).status_code == 400
    assert program.patch(f"/trackers/{FOREIGN}/commands/{sent['id']}", {"state": "cancelled"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cmd": "explode"},
        {"cmd": "config", "args": {"moving_s": -1}},
        {"cmd": "config", "args": {"moving_s": "5"}},
        {"cmd": "config", "args": []},
        {"cmd": "locate", "given_by": 7},
        {"cmd": "locate", "expires": "yesterday"},
        {"cmd": "locate", "expires": "2001-01-01T00:00:00Z"},
    ],
)
def test_what_is_no_command_is_refused(body: dict[str, Any], api: Callable[[str], Api]) -> None:
    assert api("coordinator").post(f"/trackers/{TRACKER}/commands", body).status_code == 400


def test_silent_mode_is_no_command_that_anybody_gives(api: Callable[[str], Api]) -> None:
    answer = api("coordinator").post(f"/trackers/{TRACKER}/commands", {"cmd": "silent", "args": {"until": 1}})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "by_window_only")


def test_the_list_goes_back_page_by_page(api: Callable[[str], Api]) -> None:
    program, path = api("coordinator"), f"/trackers/{TRACKER}/commands"
    for number in range(5):
        program.post(path, {"cmd": "resend", "args": {"boot": 1, "ranges": [[number, number]]}})
    seen: list[int] = []
    cursor: str | None = ""
    for _ in range(3):
        answer = program.get(path, limit=2, cursor=cursor).get_json()
        seen += [item["args"]["ranges"][0][0] for item in answer["items"]]
        cursor = answer["next"]
    assert cursor is None
    assert seen == [4, 3, 2, 1, 0]


def test_no_secret_is_shown_whatever_became_of_its_command(
    app: App, api: Callable[[str], Api], client_for: Callable[[str], Browser], clock: Clock
) -> None:
    program, browser, path = api("coordinator"), client_for("coordinator"), f"/trackers/{TRACKER}/commands"
    body = {"cmd": "server", "args": {"host": "imt.example.org", "port": 8883, "secret": "n3w-s3cret"}}
    assert "n3w-s3cret" not in program.post(path, body).get_data(as_text=True)
    for times_sent in (0, 1):
        assert "n3w-s3cret" not in program.get(path).get_data(as_text=True)
        for page in (path, f"/trackers/{TRACKER}"):
            text = browser.get(page).get_data(as_text=True)
            assert "imt.example.org:8883" in text
            assert "n3w-s3cret" not in text
        assert [b"n3w-s3cret" in sent for sent in _send(app, clock)] == [True] * (1 - times_sent)


def test_the_pages_give_a_command_and_take_it_back(
    app: App, client_for: Callable[[str], Browser], clock: Clock
) -> None:
    browser, path = client_for("coordinator"), f"/trackers/{TRACKER}/commands"
    assert "No command yet" in browser.get(path).get_data(as_text=True)
    form = browser.get(f"{path}/new?cmd=config").get_data(as_text=True)
    assert 'name="moving_s"' in form
    assert browser.post(f"{path}/new?cmd=config", {"moving_s": "5", "parked_s": ""}).status_code == 303
    assert browser.post(f"{path}/new?cmd=resend", {"boot": "3", "ranges": "1-4, 9"}).status_code == 303
    with app.reading() as session:
        rows = session.scalars(select(TrackerCommand).order_by(TrackerCommand.id)).all()
    assert [row.args for row in rows] == [{"moving_s": 5}, {"boot": 3, "ranges": [[1, 4], [9, 9]]}]
    text = browser.get(path).get_data(as_text=True)
    assert "Change settings" in text
    assert browser.post(f"{path}/{rows[0].uuid}/cancel").status_code == 303
    assert "Taken back" in browser.get(path).get_data(as_text=True)
    _send(app, clock)
    browser.post(f"{path}/{rows[1].uuid}/cancel")
    assert "cannot be called back" in browser.get(path).get_data(as_text=True)
    assert browser.get(f"{path}/new?cmd=silent").status_code == 404


@pytest.mark.parametrize(
    ("cmd", "values"),
    [
        ("config", {}), ("config", {"moving_s": "soon"}), ("config", {"moving_s": "99999"}), ("resend", {"boot": "1"}),
        ("resend", {"boot": "1", "ranges": "a-b"}), ("resend", {"boot": "1", "ranges": "9-1"}),
        ("server", {"host": "a b"}), ("server", {"host": "x", "port": "70000"}),
    ],
)  # fmt: skip
def test_what_was_typed_is_kept_when_a_command_is_refused(
    cmd: str, values: dict[str, str], client_for: Callable[[str], Browser]
) -> None:
    answer = client_for("coordinator").post(f"/trackers/{TRACKER}/commands/new?cmd={cmd}", values)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert all(f'value="{typed}"' in text for typed in values.values())


def test_who_may_not_order_sees_no_commands_on_the_trackers_page(client_for: Callable[[str], Browser]) -> None:
    for login, shown in (("coordinator", True), ("commander", False), ("technician", False)):
        text = client_for(login).get(f"/trackers/{TRACKER}").get_data(as_text=True)
        assert (f"/trackers/{TRACKER}/commands" in text) == shown
