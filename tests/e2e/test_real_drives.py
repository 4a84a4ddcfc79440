"""Recorded drives, spoken as NMEA to the tracker firmware, through mosquitto into trips: distances and stops hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED_DATA
from tests.e2e.conftest import ROOT, free_port
from tests.support.office import Office, open_office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("office")]
MUNICH_M = 13_673.5


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_office(tmp_path_factory.mktemp("office"), free_port()) as running:
        yield running


def replay(office: Office, folder: Path, tracker: str, drive: str, rate: int) -> dict[str, Any]:
    """Put a tracker on a new vehicle and let it drive; what the firmware says of itself."""
    vehicle = office.call("/assets", {"class": "vehicle.patrol", "unit": "IMT-TK", "life": "in_service"})
    credential = json.loads(office.assets("tracker", "add", tracker, "--asset", vehicle["code"], "--json"))
    credentials = folder / f"{tracker}.json"
    credentials.write_text(json.dumps([credential]))
    command = [
        sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(credentials), "--state-dir", str(folder),
        "--replay", str(SHARED_DATA / "traces" / drive), "--rate", str(rate),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def driven_m(office: Office, tracker: str, day: datetime) -> tuple[float, float]:
    """(measured, estimated) metres of the tracker's trips on a day."""
    trips = office.call(f"/trackers/{tracker}/trips", **span(day))["items"]
    return sum(t["distance_m"] for t in trips), sum(t["estimated_m"] for t in trips)


def span(day: datetime) -> dict[str, str]:
    return {"from": day.isoformat(), "to": day.replace(hour=23, minute=59).isoformat()}


def test_munich_drive_is_within_half_a_percent(office: Office, tmp_path: Path) -> None:
    facts = replay(office, tmp_path, "MUNICH", "munich-x0001-001.json", 120)
    found = office.derived("MUNICH", facts["samples"])
    measured, estimated = driven_m(office, "MUNICH", datetime(2014, 9, 10, tzinfo=UTC))
    assert measured == pytest.approx(MUNICH_M, rel=0.005)
    assert estimated == 0
    assert found["set_aside"] == 0
    assert found["completeness"] == 1


def test_bus_drive_keeps_its_length_and_its_stops(office: Office, tmp_path: Path) -> None:
    facts = replay(office, tmp_path, "BUS", "bus-304.gpx", 300)
    office.derived("BUS", facts["samples"])
    day = datetime(2019, 2, 18, tzinfo=UTC)
    measured, estimated = driven_m(office, "BUS", day)
    assert 13_870 <= measured + estimated <= 14_290
    stops = office.call("/trackers/BUS/stops", diameter_m=100, min_s=120, **span(day))["items"]
    assert 7 <= len(stops) <= 9


def test_drive_before_the_tracker_came_onto_the_vehicle_counts_for_none(office: Office) -> None:
    """The tracker was added today; the drive is years old, so no vehicle's odometer may move."""
    for asset in office.call("/assets", **{"class": "vehicle.patrol"})["items"]:
        assert not asset["meters"].get("odometer_km")
