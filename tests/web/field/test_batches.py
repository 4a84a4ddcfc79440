"""Batches that are too large, partly bad or told by a wrong clock: each action is judged alone, at its true time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assets.core.app import App
from assets.custody.models import UseSession
from assets.labels.token import new_code
from assets.registry.models import AssetEvent
from tests.support.commands import command, commanded
from tests.support.engines import ON_ONE_ENGINE
from tests.support.transfers import HERE
from tests.support.world import Clock
from tests.web.conftest import Api

ApiFor = Callable[[str], Api]
Rows = Callable[[], tuple[int, ...]]


@ON_ONE_ENGINE
def test_ten_thousand_at_once_are_refused_in_words_and_none_is_done(
    rows: Rows, make: Callable[..., str], api: ApiFor, clock: Clock
) -> None:
    code, here = make(), api(HERE)
    before = rows()
    sighted = [command("sighting", code, clock.now) for _ in range(10_000)]
    lost = {"kind": "missing", "note": "x"}
    for path, body in (
        ("/commands", {"sent_at": clock.now.isoformat(), "commands": sighted}),
        ("/transfers", {"to_unit": "IMT-FA", "items": [code] * 10_000}),
        ("/transfers", {"to_unit": "IMT-FA", "items": [new_code() for _ in range(10_000)]}),
        ("/labels/sheets", {"blank": 10_000, "layout": "L7160"}),
        ("/labels/sheets", {"codes": [code] * 10_000, "layout": "L7160"}),
    ):
        started = time.process_time()
        answer = here.post(path, body)
        assert answer.status_code in {400, 413}, path
        assert len(answer.get_json()["detail"]) > 10, path
        assert time.process_time() - started < 5
    told = commanded(
        here, clock.now, command("transfer_receive", code, clock.now, {"differences": [lost] * 10_000}),
        command("check", code, clock.now, {"items": {f"i{n}": "ok" for n in range(10_000)}, "passed": True}),
        command("sighting", code, clock.now, {"note": "x" * 10_000}),
    )  # fmt: skip
    assert [result["code"] for result in told] == ["invalid_input"] * 3
    assert rows() == before


@ON_ONE_ENGINE
def test_a_bad_item_costs_the_good_ones_of_a_batch_nothing(
    app: App, make: Callable[..., str], api: ApiFor, clock: Clock
) -> None:
    code, here = make(), api(HERE)
    at = clock.now - timedelta(hours=1)
    bad: tuple[tuple[str, str, Any], ...] = (
        ("transfer_send", code, {"to_unit": "IMT-XX"}),
        ("transfer_receive", code, {"condition": "Z"}),
        ("claim_label", new_code(), {"asset": code}),
        ("stock_issue", new_code(), {"quantity": -1, "to": "P-001"}),
        ("sighting", code, {"note": {"$ne": 1}}),
        ("reading", code, {"meter": "uses", "value": "1e999"}),
        ("check", code, {"items": [], "passed": "perhaps"}),
    )
    batch = []
    for number, (kind, on, data) in enumerate(bad):
        batch += [command("sighting", code, at + timedelta(seconds=number)), command(kind, on, at, data)]
    results = commanded(here, clock.now, *batch)
    assert [result["status"] for result in results] == ["accepted", "refused"] * len(bad), results
    assert all(result["message"] for result in results)


@pytest.mark.parametrize("off", [timedelta(days=-3), timedelta(days=3)])
@ON_ONE_ENGINE
def test_a_clock_three_days_off_moves_neither_custody_nor_transfers_nor_uses(
    app: App, make: Callable[..., str], api: ApiFor, clock: Clock, off: timedelta
) -> None:
    code, other, here = make(), make(), api(HERE)
    truly = {name: clock.now - timedelta(hours=hours) for name, hours in (("issue", 9), ("use", 8), ("send", 7))}
    told = {
        "issue": command("issue", code, truly["issue"] + off, {"to": "P-001", "override_reason": "night"}),
        "use": command(
            "use", code, truly["use"] + off,
            {"started_at": (truly["issue"] + off).isoformat(), "ended_at": (truly["use"] + off).isoformat()},
        ),
        "send": command("transfer_send", other, truly["send"] + off, {"to_unit": "IMT-FA"}),
    }  # fmt: skip
    results = commanded(here, clock.now + off, *told.values())
    assert [result["status"] for result in results] == ["accepted"] * 3, results
    with app.reading() as session:
        for name, sent in told.items():
            event = session.get_one(AssetEvent, sent["id"])
            assert event.occurred_at == truly[name]
            assert event.data["clock_offset_s"] == -off.total_seconds()
        used = session.get_one(UseSession, told["use"]["id"])
        assert (used.started_at, used.ended_at) == (truly["issue"], truly["use"])


@ON_ONE_ENGINE
def test_within_one_second_the_counter_decides_whichever_is_heard_first(
    make: Callable[..., str], api: ApiFor, clock: Clock
) -> None:
    code, here = make(), api(HERE)
    at = clock.now - timedelta(hours=1)
    first, last = ({**command("condition", code, at, {"grade": grade}), "n": n} for n, grade in ((1, "D"), (2, "B")))
    for sent in (last, first):
        assert commanded(here, clock.now, sent)[0]["status"] == "accepted"
    assert here.get(f"/assets/{code}").get_json()["condition"] == "B"
