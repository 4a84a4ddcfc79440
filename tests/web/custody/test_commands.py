"""Commands: each done exactly once, judged one by one, whatever is sent around them (attacks 48 to 50)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from assets.core.app import App
from assets.core.idempotency import CommandReceipt
from assets.custody.models import CustodyEntry, UseSession
from assets.labels.token import ALPHABET, format_code, new_code
from assets.maintenance.models import WorkOrder
from assets.registry.models import AssetEvent
from assets.registry.service.labels import register_label_blank
from tests.support.commands import command
from tests.support.custody import Custody
from tests.support.world import SETUP, Clock
from tests.web.conftest import Api, Browser

Make = Callable[..., str]
Post = Callable[..., list[dict[str, Any]]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def post(api: Callable[[str], Api], clock: Clock) -> Post:
    """Posts commands as a login; answers the results."""
    known: dict[str, Api] = {}

    def send(
        commands: list[Any], login: str = "logistics_officer", sent_at: datetime | None = None
    ) -> list[dict[str, Any]]:
        known[login] = known.get(login) or api(login)
        body = {"sent_at": (sent_at or clock.now).isoformat(), "commands": commands}
        answer = known[login].post("/commands", body)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        results: list[dict[str, Any]] = answer.get_json()["results"]
        return results

    return send


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def counts(app: App) -> tuple[int, ...]:
    tables = (AssetEvent, CustodyEntry, UseSession, WorkOrder, CommandReceipt)
    with app.reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def day_of(code: str, clock: Clock) -> list[dict[str, Any]]:
    """One of everything that a day brings."""
    start = clock.now - timedelta(hours=3)
    use = {"count": 2, "contribution": "supported"}
    return [
        command("issue", code, start, {"to": "P-001"}, 1),
        command("check", code, start + MINUTE, {"items": {"glass": "ok", "lamp": True}, "passed": True}, 2),
        command("use", code, start + 2 * MINUTE, {"started_at": start.isoformat(), "count": 1}, 3),
        command("condition", code, start + 3 * MINUTE, {"grade": "B", "note": "Scratched"}, 4),
        command("return", code, start + 4 * MINUTE, {"condition": "B", "use": use}, 5),
        command("sighting", code, start + 5 * MINUTE, {"condition": "A", "note": "Cleaned"}, 6),
        command("fault", code, start + 6 * MINUTE, {"severity": "minor", "text": "Lamp flickers"}, 7),
        command("reading", code, start + 7 * MINUTE, {"meter": "uses", "value": 40}, 8),
    ]


def test_a_whole_day_is_accepted_and_each_command_appears_once(
    app: App, post: Post, make: Make, clock: Clock, custody: Custody
) -> None:
    code = make()
    day = day_of(code, clock)
    results = post(day)
    assert statuses(results) == ["accepted"] * len(day), results
    assert [result["id"] for result in results] == [sent["id"] for sent in day]
    with app.reading() as session:
        kinds = {row.id: row.kind for row in session.execute(select(AssetEvent.id, AssetEvent.kind))}
    assert [kinds[sent["id"]] for sent in day] == [sent["kind"] for sent in day]
    assert (custody.asset(code).condition, custody.holder(code)) == ("A", None)


def test_the_same_commands_fifty_times_change_nothing_more(app: App, post: Post, make: Make, clock: Clock) -> None:
    day = day_of(make(), clock)
    first = post(day)
    before = counts(app)
    rng = random.Random(48)
    for _ in range(49):
        shuffled = rng.sample(day, len(day))
        cut = rng.randrange(len(day))
        again = {r["id"]: r for part in (shuffled[:cut], shuffled[cut:]) for r in post(part)}
        assert set(statuses(list(again.values()))) == {"repeated"}
        for answer in first:
            assert (again[answer["id"]]["code"], again[answer["id"]]["message"]) == (answer["code"], answer["message"])
    assert counts(app) == before


def test_the_order_within_a_batch_does_not_matter(app: App, post: Post, make: Make, clock: Clock) -> None:
    day = [command("issue", "", clock.now - 3 * MINUTE, {"to": "P-001"}, 1)]
    day.append(command("return", "", clock.now - 2 * MINUTE, {"condition": "A"}, 2))
    day.append(command("issue", "", clock.now - MINUTE, {"to": "P-002"}, 3))
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)):
        code = make()
        batch = [{**day[place], "id": str(uuid4()), "code": code} for place in order]
        assert statuses(post(batch)) == ["accepted"] * 3


def test_one_bad_command_among_five_hundred_costs_none_of_the_others(
    app: App, post: Post, make: Make, clock: Clock
) -> None:
    codes = [make() for _ in range(5)]
    batch = [
        command("sighting", codes[n % 5], clock.now - timedelta(seconds=500 - n), {"note": f"n {n}"}, n)
        for n in range(500)
    ]
    batch[250] = {"id": str(uuid4()), "kind": "sighting", "oops": 1}
    began = time.process_time()
    results = post(batch)
    took = time.process_time() - began
    assert statuses(results).count("accepted") == 499
    assert (results[250]["status"], results[250]["code"]) == ("refused", "invalid_input")
    assert "oops" in results[250]["message"]
    assert statuses(post(batch)) == ["repeated"] * 250 + ["refused"] + ["repeated"] * 249
    # Work of this process, not the clock on the wall: a machine that runs other tests as well must not fail it.
    assert took < 10, f"500 commands took {took:.1f} s"


def test_more_than_five_hundred_are_refused_as_a_whole(api: Callable[[str], Api], make: Make, clock: Clock) -> None:
    code = make()
    batch = [command("sighting", code, clock.now) for _ in range(501)]
    answer = api("officer").post("/commands", {"sent_at": clock.now.isoformat(), "commands": batch})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"commands": []},
        {"sent_at": "yesterday", "commands": []},
        {"sent_at": "2026-11-02T06:00:00", "commands": []},
        {"sent_at": "2026-11-02T06:00:00Z", "commands": {}},
        {"sent_at": "2026-11-02T06:00:00Z", "commands": [], "role": "administrator"},
        [],
        "text",
    ],
)
def test_a_batch_of_a_wrong_shape_is_a_problem_with_words(api: Callable[[str], Api], body: Any) -> None:
    answer = api("officer").post("/commands", body)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["detail"]


def test_the_same_id_with_another_body_is_refused(post: Post, make: Make, clock: Clock) -> None:
    code = make()
    first = command("sighting", code, clock.now, {"note": "one"})
    other = {**first, "data": {"note": "two"}}
    assert statuses(post([first])) == ["accepted"]
    result = post([other])[0]
    assert (result["status"], result["code"]) == ("refused", "id_reused")
    # Key order is no other body.
    assert statuses(post([dict(reversed(first.items()))])) == ["repeated"]


def test_another_persons_queue_is_not_recorded_twice(app: App, post: Post, make: Make, clock: Clock) -> None:
    sent = command("sighting", make(), clock.now)
    assert statuses(post([sent], "officer")) == ["accepted"]
    result = post([sent], "commander")[0]
    assert (result["status"], result["code"]) == ("refused", "id_reused")
    with app.reading() as session:
        assert session.scalar(select(func.count()).where(AssetEvent.kind == "sighting")) == 1


def test_a_refused_command_is_judged_anew(post: Post, make: Make, clock: Clock) -> None:
    code = make()
    assert statuses(post([command("issue", code, clock.now, {"to": "P-001"})])) == ["accepted"]
    clock.advance(MINUTE)
    second = command("issue", code, clock.now, {"to": "P-002"})
    assert post([second])[0]["code"] == "already_issued"
    assert statuses(post([command("return", code, clock.now - MINUTE / 2, {"condition": "A"})])) == ["accepted"]
    assert statuses(post([second])) == ["accepted"]


def test_an_offline_issue_that_clashes_is_kept_and_said(post: Post, make: Make, clock: Clock, custody: Custody) -> None:
    code = make()
    post([command("issue", code, clock.now - timedelta(hours=5), {"to": "P-001"})])
    late = post([command("issue", code, clock.now - timedelta(hours=2), {"to": "P-002"})])[0]
    assert (late["status"], late["code"]) == ("accepted", "in_conflict")
    assert custody.holder(code) == custody.world.persons["P-002"].id


@pytest.mark.parametrize("off", [timedelta(days=-3), timedelta(days=3), timedelta(hours=1), timedelta(hours=-1)])
def test_a_phone_with_a_wrong_clock_reports_the_right_time(
    app: App, post: Post, make: Make, clock: Clock, off: timedelta
) -> None:
    sent = command("sighting", make(), clock.now - 5 * MINUTE + off)
    assert statuses(post([sent], sent_at=clock.now + off)) == ["accepted"]
    with app.reading() as session:
        event = session.get_one(AssetEvent, sent["id"])
    assert (event.occurred_at, event.received_at) == (clock.now - 5 * MINUTE, clock.now)
    assert event.data["clock_offset_s"] == -off.total_seconds()
    assert event.data["device_time"].startswith(sent["occurred_at"][:19])


NASTY = '<script>alert("1")</script>{{7*7}}"}],"x":[{"id":1}]\u202e\ufeff ʻoʻ \U0001f4a3 \'; DROP TABLE asset;--'


def test_a_note_with_markup_and_json_is_stored_as_text(app: App, post: Post, make: Make, clock: Clock) -> None:
    sent = command("sighting", make(), clock.now, {"note": NASTY})
    assert statuses(post([sent])) == ["accepted"]
    with app.reading() as session:
        assert session.get_one(AssetEvent, sent["id"]).data == {"note": NASTY}


@pytest.mark.parametrize("text", ["a\x00b", "half \ud83d", "x" * 2001])
def test_a_note_that_cannot_be_stored_is_refused_alone(post: Post, make: Make, clock: Clock, text: str) -> None:
    code = make()
    good, bad = command("sighting", code, clock.now), command("sighting", code, clock.now, {"note": text})
    assert statuses(post([good, bad])) == ["accepted", "refused"]


WRONG = [
    ("sighting", {"condition": "E"}, "invalid_input"),
    ("sighting", {"valid_until": "2030-01-01"}, "invalid_input"),
    ("issue", {}, "invalid_input"),
    ("issue", {"to": "P-999"}, "unknown_person"),
    ("issue", {"to": "P-101"}, "unknown_person"),
    ("issue", {"to": "P-001", "until": "soon"}, "invalid_input"),
    ("issue", {"to": "P-001", "until": "2020-01-01"}, "invalid_input"),
    ("return", {"condition": "A"}, "not_issued"),
    ("return", {"use": {"count": 1}}, "invalid_input"),
    ("condition", {"grade": "F"}, "invalid_input"),
    ("fault", {"severity": "awful", "text": "x"}, "invalid_input"),
    ("fault", {"severity": "minor", "text": "   "}, "required"),
    ("reading", {"meter": "heartbeat", "value": 1}, "invalid_input"),
    ("reading", {"meter": "uses", "value": -1}, "invalid_input"),
    ("reading", {"meter": "uses", "value": float("inf")}, "invalid_input"),
    ("use", {"started_at": "2030-01-01T00:00:00Z"}, "invalid_input"),
    ("use", {"count": 0, "started_at": "2026-11-01T00:00:00Z"}, "invalid_input"),
    ("check", {"items": {"glass": "perhaps"}, "passed": True}, "invalid_input"),
    ("claim_label", {"asset": "nonsense"}, "not_a_label"),
    ("transfer_send", {"to_unit": "IMT-TK"}, "same_unit"),
    ("stock_issue", {"quantity": 1, "to": "P-001"}, "not_found"),
    ("explode", {}, "unknown_kind"),
]


@pytest.mark.parametrize(("kind", "data", "code"), WRONG)
def test_what_is_wrong_is_refused_with_its_code_and_words(
    app: App, post: Post, make: Make, clock: Clock, kind: str, data: dict[str, Any], code: str
) -> None:
    asset = make()
    before = counts(app)
    result = post([command(kind, asset, clock.now, data)])[0]
    assert (result["status"], result["code"]) == ("refused", code), result
    assert result["message"]
    assert counts(app) == before


@pytest.mark.parametrize(
    "broken",
    [None, 7, "text", [], {}, {"id": "no-uuid"}, {"id": str(uuid4()), "kind": "sighting", "n": -1}, {"id": 12}],
)
def test_anything_at_all_in_a_batch_gets_an_answer_in_its_place(
    post: Post, make: Make, clock: Clock, broken: Any
) -> None:
    results = post([command("sighting", make(), clock.now), broken, command("sighting", make(), clock.now)])
    assert statuses(results) == ["accepted", "refused", "accepted"]
    assert results[1]["code"] == "invalid_input"


def test_codes_are_read_as_people_write_them_and_mistyped_ones_named(post: Post, make: Make, clock: Clock) -> None:
    code = make()
    written = (format_code(code).lower(), code.replace("0", "O").replace("1", "l"), f"http://localhost/a/{code}")
    for text in written:
        assert statuses(post([command("sighting", text, clock.now)])) == ["accepted"], text
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    for text, refusal in (
        (wrong, "label_mistyped"),
        ("abc", "not_a_label"),
        (f"http://evil.example/a/{code}", "not_a_label"),
    ):
        assert post([command("sighting", text, clock.now)])[0]["code"] == refusal


def test_unknown_and_foreign_assets_look_the_same(post: Post, make: Make, clock: Clock) -> None:
    foreign, unknown = make(unit="IMT-FA"), new_code()
    answers = [post([command("sighting", code, clock.now)])[0] for code in (foreign, unknown)]
    assert answers[0] | {"id": ""} == answers[1] | {"id": ""}
    assert answers[0]["code"] == "not_found"


RIGHTS: dict[str, dict[str, str | None]] = {
    "administrator": {"sighting": "not_allowed", "issue": "not_allowed", "fault": "not_allowed"},
    "coordinator": {"sighting": None, "issue": None, "fault": None},
    "commander": {"sighting": None, "issue": None, "fault": None},
    "logistics_officer": {"sighting": None, "issue": None, "fault": None},
    "officer": {"sighting": None, "issue": "not_allowed", "fault": None},
    "technician": {"sighting": None, "issue": "not_allowed", "fault": None},
    "monitor": {"sighting": None, "issue": "not_allowed", "fault": None},
    "logistics2": {"sighting": "not_found", "issue": "not_found", "fault": "not_found"},
    "officer2": {"sighting": "not_found", "issue": "not_found", "fault": "not_found"},
}


@pytest.mark.parametrize("login", sorted(RIGHTS))
def test_each_role_does_what_it_may_and_no_more(post: Post, make: Make, clock: Clock, login: str) -> None:
    code = make()
    for kind, data in (
        ("sighting", {}),
        ("issue", {"to": "P-001"}),
        ("fault", {"severity": "minor", "text": "Scratch"}),
    ):
        result = post([command(kind, code, clock.now, data)], login)[0]
        expected = RIGHTS[login][kind]
        assert (result["status"], result["code"]) == (
            ("accepted", "recorded") if expected is None else ("refused", expected)
        )


@pytest.mark.parametrize("login", ["donor", "auditor", "approver"])
def test_those_who_record_nothing_are_refused_at_the_door(api: Callable[[str], Api], login: str, clock: Clock) -> None:
    answer = api(login).post("/commands", {"sent_at": clock.now.isoformat(), "commands": []})
    assert answer.status_code == 403


def test_a_browser_session_needs_the_csrf_token(client_for: Callable[[str], Browser], make: Make, clock: Clock) -> None:
    browser = client_for("officer")
    body = {"sent_at": clock.now.isoformat(), "commands": [command("sighting", make(), clock.now)]}
    assert browser.client.post("/api/v1/commands", json=body).status_code == 400
    answer = browser.post_json("/api/v1/commands", body)
    assert statuses(answer.get_json()["results"]) == ["accepted"]


def test_a_blank_label_is_claimed_by_command(app: App, post: Post, make: Make, clock: Clock, custody: Custody) -> None:
    code = make()
    with app.transaction(SETUP, clock.now) as session:
        blank = register_label_blank(session, SETUP, clock.now).code
    claim = command("claim_label", blank, clock.now, {"asset": code})
    assert statuses(post([claim])) == ["accepted"]
    assert statuses(post([claim])) == ["repeated"]
    assert custody.asset(code).code == blank
    assert post([command("claim_label", blank, clock.now, {"asset": code})])[0]["code"] == "label_taken"


def test_a_day_given_as_until_counts_to_its_end(post: Post, make: Make, clock: Clock, custody: Custody) -> None:
    code = make()
    post([command("issue", code, clock.now, {"to": "P-001", "until": "2026-11-05"})])
    until = custody.asset(code).custody_until
    assert until is not None
    assert until.isoformat() == "2026-11-05T19:00:00+00:00"  # midnight in Tashkent after the fifth


def test_guessing_codes_is_stopped_and_nothing_is_lost(
    api: Callable[[str], Api], make: Make, clock: Clock, post: Post
) -> None:
    code = make()
    guesses = [command("sighting", new_code(), clock.now) for _ in range(60)]
    assert set(statuses(post(guesses, "officer"))) == {"refused"}
    body = {"sent_at": clock.now.isoformat(), "commands": [command("sighting", code, clock.now)]}
    officer = api("officer")
    assert officer.post("/commands", body).status_code == 429
    assert statuses(post(body["commands"], "commander")) == ["accepted"], "another account pays for it"
    body["commands"] = [command("sighting", code, clock.now)]
    clock.advance(timedelta(minutes=11))
    assert statuses(officer.post("/commands", body).get_json()["results"]) == ["accepted"]
