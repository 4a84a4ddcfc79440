"""Shapes of places as people give them, and the outlines of the regions that come with the product."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from assets.core.errors import InvalidInput
from assets.telemetry.places.regions import outlines
from assets.telemetry.places.rules import PlaceGiven
from assets.telemetry.places.shapes import (
    centre_of,
    outline_text,
    read_circle,
    read_geometry,
    read_outline,
    shape_of,
)

YARD = "41.2640 69.2150\n41.2660 69.2150\n41.2660 69.2180\n41.2640 69.2180"
REGIONS = Path(__file__).resolve().parents[3] / "assets" / "people" / "data" / "regions.csv"


@pytest.mark.parametrize(
    "text",
    [
        YARD,
        YARD.replace(" ", ", "),
        YARD.replace(" ", "; "),
        YARD.replace(" ", ","),
        YARD.replace(".", ",").replace(" ", " ; "),
        YARD + "\n41.2640 69.2150\n",
        json.dumps(
            {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[
                [69.215, 41.264, 400], [69.215, 41.266], [69.218, 41.266], [69.218, 41.264], [69.215, 41.264]]]}}
        ),
    ],
)  # fmt: skip
def test_corners_are_read_however_they_are_written(text: str) -> None:
    stored = read_outline(text)
    assert stored["coordinates"] == [
        [[69.215, 41.264], [69.215, 41.266], [69.218, 41.266], [69.218, 41.264], [69.215, 41.264]]
    ]
    assert shape_of(stored).depth_m(41.265, 69.2165) == pytest.approx(111, abs=2)
    assert read_outline(outline_text(stored)) == stored


@pytest.mark.parametrize(
    "text",
    [
        "", "41.26 69.21\n41.27 69.21", "41.26\n41.27\n41.28", "somewhere", "91 69\n91 70\n90 70", "{",
        '{"type":"Point"}',
        '{"type":"Polygon","coordinates":[]}', '{"type":"Polygon","coordinates":[[["a",1],[2,3],[4,5]]]}',
        '{"type":"Polygon","coordinates":[[[true,1],[2,3],[4,5]]]}', "[" * 100_000, "{" * 100_000,
        '{"type":"Polygon","coordinates":[[[1e999,1],[2,3],[4,5]]]}',
        "41.264 69.215\n41.266 69.218\n41.266 69.215\n41.264 69.218",
        "\n".join(f"{41 + n / 10_000} {69 + (n * n % 97) / 100}" for n in range(2100)),
    ],
)  # fmt: skip
def test_what_is_no_outline_is_refused_with_words(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_outline(text)
    assert refused.value.fields[0].field == "points"


def test_outline_with_a_hole_keeps_it() -> None:
    outer = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
    hole = [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.6, 0.4], [0.4, 0.4]]
    shape = shape_of(read_geometry({"type": "MultiPolygon", "coordinates": [[outer, hole]]}))
    assert shape.depth_m(0.5, 0.5) < 0 < shape.depth_m(0.2, 0.2)


@pytest.mark.parametrize(("lat", "lon", "radius"), [(91, 0, 100), (0, 181, 100), (0, 0, 19), (0, 0, 300_000)])
def test_circle_has_a_place_and_a_sensible_radius(lat: float, lon: float, radius: float) -> None:
    with pytest.raises(InvalidInput):
        read_circle(lat, lon, radius)
    assert centre_of(shape_of(read_circle(41.3, 69.2, 250))) == (41.3, 69.2)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "x"}, "name"), ({"name": "x" * 200}, "name"),
        ({"kind": "region"}, "kind"), ({"margin_m": -1}, "margin_m"), ({"dwell_s": 90_000}, "dwell_s"),
        ({"active_from": date(2026, 2, 1), "active_until": date(2026, 2, 1)}, "active_until"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_place_is_checked_field_by_field(changed: dict[str, object], field: str) -> None:
    given = {"name": " Yard  4 ", "kind": "depot", "shape": read_circle(41.3, 69.2, 250)}
    assert PlaceGiven(**given).checked().name == "Yard 4"  # type: ignore[arg-type]  # each is of its kind
    with pytest.raises(InvalidInput) as refused:
        PlaceGiven(**{**given, **changed}).checked()  # type: ignore[arg-type]  # as above
    assert refused.value.fields[0].field == field


def test_each_region_has_an_outline_that_holds_its_centre_and_no_other() -> None:
    with REGIONS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14
    for row in rows:
        lat, lon = float(row["lat"]), float(row["lon"])
        inside = {code for code, stored in outlines().items() if shape_of(stored).depth_m(lat, lon) > -2000}
        assert row["iso_3166_2"] in inside
        deepest = max(outlines(), key=lambda code: shape_of(outlines()[code]).depth_m(lat, lon))
        assert deepest == row["iso_3166_2"], row["iso_3166_2"]
