"""Shapes of places: as people type and draw them, as they are stored (GeoJSON, and a circle), and as fences. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

from assets.core.errors import InvalidInput, invalid
from assets.core.i18n import msg
from assets.telemetry.geofence import Circle, Polygon, Shape

LEAST_RADIUS_M, MOST_RADIUS_M = 20.0, 200_000.0
MOST_PARTS, MOST_POINTS = 30, 2000
CHECKED_POINTS = 200
"""Up to so many corners an outline is held against crossing itself: what is drawn by hand has fewer."""
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def shape_of(stored: Mapping[str, Any]) -> Shape:
    """The fence of a stored shape."""
    if stored["type"] == "Circle":
        return Circle(stored["lat"], stored["lon"], stored["radius_m"])
    areas = [stored["coordinates"]] if stored["type"] == "Polygon" else stored["coordinates"]
    return Polygon(
        tuple(
            tuple(tuple((float(lat), float(lon)) for lon, lat in (point[:2] for point in ring)) for ring in area)
            for area in areas
        )
    )


def read_circle(lat: float, lon: float, radius_m: float) -> dict[str, Any]:
    """A circle to store; `InvalidInput` names the field that cannot be."""
    _check_point(lat, lon, "lat")
    if not LEAST_RADIUS_M <= radius_m <= MOST_RADIUS_M:
        raise invalid(
            "radius_m",
            msg("The radius is %(least)d to %(most)d m.", least=int(LEAST_RADIUS_M), most=int(MOST_RADIUS_M)),
        )
    return {"type": "Circle", "lat": round(lat, 6), "lon": round(lon, 6), "radius_m": round(radius_m, 1)}


def read_outline(text: str) -> dict[str, Any]:
    """An outline to store: corners as lines of latitude and longitude, or GeoJSON; `InvalidInput` otherwise."""
    text = text.strip()
    if text.startswith("{"):
        try:
            return read_geometry(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise invalid("points", msg("This is no GeoJSON that can be read.")) from error
    corners = []
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), start=1):
        found = _NUMBER.findall(_spaced(line))
        if len(found) != 2:
            raise invalid("points", msg("Corner %(n)d: write latitude and longitude, as 41.2646 69.2163.", n=number))
        lat, lon = (float(part.replace(",", ".")) for part in found)
        corners.append([lon, lat])
    return read_geometry({"type": "Polygon", "coordinates": [corners]})


def _spaced(line: str) -> str:
    """A line of two numbers with a space between them, whether a comma or a semicolon stood there."""
    return re.sub(r"[,;]\s+|;", " ", line) if line.count(",") != 1 or "." not in line else line.replace(",", " ")


def read_geometry(geometry: object) -> dict[str, Any]:
    """A GeoJSON Polygon, MultiPolygon, or a Feature with one, to store: rings closed, six decimals."""
    if isinstance(geometry, dict) and geometry.get("type") == "Feature":
        geometry = geometry.get("geometry")
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise invalid("points", msg("An outline is a GeoJSON Polygon or MultiPolygon."))
    given = geometry.get("coordinates")
    areas = [given] if geometry["type"] == "Polygon" else given
    if not isinstance(areas, list) or not 1 <= len(areas) <= MOST_PARTS:
        raise invalid("points", msg("An outline has 1 to %(n)d areas.", n=MOST_PARTS))
    read = [[_ring(ring) for ring in _rings(area)] for area in areas]
    if sum(len(ring) for area in read for ring in area) > MOST_POINTS:
        raise invalid("points", msg("An outline has at most %(n)d corners.", n=MOST_POINTS))
    if geometry["type"] == "Polygon":
        return {"type": "Polygon", "coordinates": read[0]}
    return {"type": "MultiPolygon", "coordinates": read}


def _rings(area: object) -> list[object]:
    if not isinstance(area, list) or not 1 <= len(area) <= MOST_PARTS:
        raise invalid("points", msg("An outline has 1 to %(n)d areas.", n=MOST_PARTS))
    return area


def _ring(ring: object) -> list[list[float]]:
    if not isinstance(ring, list) or len(ring) > MOST_POINTS:
        raise invalid("points", msg("An outline has at most %(n)d corners.", n=MOST_POINTS))
    points: list[list[float]] = []
    for number, point in enumerate(ring, start=1):
        lon, lat = _numbers(point, number)
        _check_point(lat, lon, "points")
        here = [round(lon, 6), round(lat, 6)]
        if not points or points[-1] != here:
            points.append(here)
    if points and points[0] != points[-1]:
        points.append(list(points[0]))
    if len(points) < 4:
        raise invalid("points", msg("An outline has three corners at least."))
    if len(points) <= CHECKED_POINTS and _crosses_itself(points):
        raise invalid("points", msg("The outline crosses itself: give the corners in the order in which one walks."))
    return points


def _numbers(point: object, number: int) -> tuple[float, float]:
    pair = point[:2] if isinstance(point, list) else []
    if len(pair) != 2 or any(isinstance(part, bool) or not isinstance(part, int | float) for part in pair):
        raise invalid("points", msg("Corner %(n)d: write latitude and longitude, as 41.2646 69.2163.", n=number))
    return float(pair[0]), float(pair[1])


def _check_point(lat: float, lon: float, field: str) -> None:
    if not (isfinite(lat) and isfinite(lon) and abs(lat) <= 89 and abs(lon) <= 180):
        raise InvalidInput(
            msg("A latitude is -89 to 89, a longitude -180 to 180 degrees."),
            fields=invalid(field, msg("A latitude is -89 to 89, a longitude -180 to 180 degrees.")).fields,
        )


def _crosses_itself(points: Sequence[Sequence[float]]) -> bool:
    edges = list(pairwise(points))
    for one, (a, b) in enumerate(edges):
        for other in range(one + 2, len(edges)):
            is_neighbour = one == 0 and other == len(edges) - 1
            if not is_neighbour and _cross(a, b, *edges[other]):
                return True
    return False


def _cross(a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float]) -> bool:
    def side(p: Sequence[float], q: Sequence[float], r: Sequence[float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def outline_text(stored: Mapping[str, Any]) -> str:
    """A stored outline as its form shows it: corners line by line, or GeoJSON where it has holes or several areas."""
    if stored["type"] == "Polygon" and len(stored["coordinates"]) == 1:
        return "\n".join(f"{lat} {lon}" for lon, lat in stored["coordinates"][0][:-1])
    return json.dumps(stored)


def centre_of(shape: Shape) -> tuple[float, float]:
    """A point to show a place at: a circle's centre, the middle of an outline's box."""
    if isinstance(shape, Circle):
        return shape.lat, shape.lon
    box = shape.box
    return (box.south + box.north) / 2, (box.west + box.east) / 2
