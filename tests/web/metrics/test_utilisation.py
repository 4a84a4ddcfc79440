"""Utilisation on the page and in the interface: each figure with what it was made of, in the viewer's scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assets.core.app import App
from tests.db.metrics.days import FIRST
from tests.db.reports.given import AFTER, UNTIL, give
from tests.support.world import Clock, World

SPAN = {"from": str(FIRST), "to": str(UNTIL)}


@pytest.fixture
def given(app: App, world: World, clock: Clock) -> World:
    clock.now = AFTER
    give(app, world)
    return world


def figures(answer: Any, key: str) -> dict[str, dict[str, Any]]:
    body = answer.get_json()
    assert answer.status_code == 200, body
    assert body["next"] is None
    return {item["kpi"]: item for item in body["items"] if item["key"] == key}


def test_each_figure_is_its_numerator_over_its_denominator(given: World, api: Callable[[str], Any]) -> None:
    for by in ("class", "unit", "month"):
        for item in api("coordinator").get("/utilisation", **SPAN, by=by).get_json()["items"]:
            if item["denominator"] == 0:
                assert item["value"] is None
            elif item["unit"] != "items":
                assert item["value"] == pytest.approx(item["numerator"] / item["denominator"], abs=1e-5), item
            if item["low"] is not None:
                assert item["low"] <= item["value"] <= item["high"]
            assert item["coverage"] is None or 0 <= item["coverage"] <= 1


def test_figures_of_the_fleet_are_those_entered(given: World, api: Callable[[str], Any]) -> None:
    offroad = figures(api("coordinator").get("/utilisation", **SPAN, by="class"), "vehicle.offroad")
    assert offroad["verification_rate"]["denominator"] == 6
    assert offroad["verification_rate"]["numerator"] == 5
    assert offroad["availability_rate"]["denominator"] == 6 * 91
    # Two of them stood still for four days each, from 8 in the morning: four days of 12 hours or more.
    assert offroad["availability_rate"]["numerator"] == 6 * 91 - 2 * 4
    assert offroad["mean_downtime"]["value"] == 96
    radio = figures(api("coordinator").get("/utilisation", **SPAN, by="class"), "comms.radio")
    assert radio["frequency_grade_D"]["value"] is None


def test_months_add_up_to_the_whole(given: World, api: Callable[[str], Any]) -> None:
    items = api("coordinator").get("/utilisation", **SPAN, by="month").get_json()["items"]
    assert sorted({item["key"] for item in items}) == ["2026-09", "2026-10", "2026-11"]
    by_class = api("coordinator").get("/utilisation", **SPAN, by="class").get_json()["items"]

    def total(found: list[dict[str, Any]], code: str) -> float:
        return sum(float(item["numerator"]) for item in found if item["kpi"] == code)

    for code in ("distance_per_vehicle_month", "utilisation_days_rate", "availability_rate", "uses_per_asset_month"):
        assert total(items, code) == pytest.approx(total(by_class, code))


def test_items_are_paged_and_each_comes_once(given: World, api: Callable[[str], Any]) -> None:
    coordinator, keys, cursor = api("coordinator"), [], None
    while True:
        body = coordinator.get(
            "/utilisation", **SPAN, by="asset", limit=300, **({"cursor": cursor} if cursor else {})
        ).get_json()
        keys += sorted({item["key"] for item in body["items"]})
        cursor = body["next"]
        if cursor is None:
            break
    # One of the 53 is lost, and on no register.
    assert len(keys) == len(set(keys)) == 52


def test_logistics_officer_sees_his_unit_alone(given: World, api: Callable[[str], Any]) -> None:
    items = api("logistics2").get("/utilisation", **SPAN, by="unit").get_json()["items"]
    assert {item["key"] for item in items} == {"IMT-FA"}
    foreign = api("logistics2").get("/utilisation", **SPAN, by="unit", unit="IMT-TK").get_json()
    assert foreign["items"] == []


@pytest.mark.parametrize("query", [{"by": "moon"}, {"from": "yesterday"}, {"to": "2020-01-01"}, {"cursor": "!"}])
def test_wrong_question_is_answered_with_the_field(
    given: World, api: Callable[[str], Any], query: dict[str, str]
) -> None:
    answer = api("coordinator").get("/utilisation", **query)
    assert answer.status_code == 400
    assert answer.get_json()["errors"]


def test_pages_take_few_queries_and_open_to_the_days(
    given: World, client_for: Callable[[str], Any], queries: Callable[[], Any]
) -> None:
    coordinator = client_for("coordinator")
    address = f"?from={FIRST}&to={UNTIL}"
    for path in ("/utilisation", "/utilisation/days"):
        with queries() as seen:
            answer = coordinator.get(path + address)
        assert answer.status_code == 200
        assert len(seen) <= 10, (path, len(seen), seen)
    text = coordinator.get(f"/utilisation/days{address}&kind=off_road").get_data(as_text=True)
    assert "17 days" in text or "16 days" in text


def test_export_is_the_same_figures(given: World, client_for: Callable[[str], Any]) -> None:
    coordinator = client_for("coordinator")
    csv = coordinator.get(f"/utilisation/export?from={FIRST}&to={UNTIL}&by=class&format=csv").get_data(as_text=True)
    assert csv.splitlines()[0].lstrip("\ufeff") == "key,kpi,value,numerator,denominator,unit,coverage,low,high"
    assert any(line.startswith("vehicle.offroad,availability_rate,0.98") for line in csv.splitlines())
    xlsx = coordinator.get(f"/utilisation/export?from={FIRST}&to={UNTIL}&by=class&format=xlsx")
    assert xlsx.get_data().startswith(b"PK")
