"""Use, state and care for programs: each figure with what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from flask import jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from assets.core.errors import invalid
from assets.core.i18n import msg
from assets.metrics.queries.extent import By, Extent, extent_for
from assets.metrics.queries.revisions import Revised, revised_months
from assets.metrics.utilisation import FIGURES_PER_GROUP, Group, page_of_groups
from assets.people.rules import Permission
from assets.web.auth import needs
from assets.web.context import actor, now, reading, the_app
from assets.web.label_codes import read_code
from assets.web.parsing import MAX_LIMIT, encode_cursor, page, parse_span
from assets.web.tracker_figures import tracker_time

api = APIBlueprint("api_utilisation", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])

DEFAULT_DAYS = 90
GROUPINGS = tuple(word for word in get_args(By) if word != "all")


class UtilisationQuery(BaseModel):
    """Which days (half-open, local), grouped by what, of which class, unit or asset."""

    model_config = ConfigDict(extra="forbid")
    from_: str = Field("", alias="from")
    to: str = ""
    by: str = ""
    class_: str = Field("", alias="class")
    unit: str = ""
    asset: str = ""
    limit: str = ""
    cursor: str = ""


@api.get("/utilisation", summary="Figures of use, state and care, by class, unit, asset or month")
@needs(Permission.UTILISATION_READ)
def utilisation(query: UtilisationQuery) -> Any:
    """Shares are 0 to 1; `value` is null when the denominator is 0. Without `limit` a page is as long as it may be.

    By month each figure says in `revised` what changed of the month's kilometres after it was over.
    """
    by = grouping(query.by or "class")
    args = request.args.to_dict()
    wanted = page({"limit": str(MAX_LIMIT), **{key: value for key, value in args.items() if value}})
    after = wanted.after[0] if wanted.after else None
    if after is not None and not isinstance(after, str):
        raise invalid("cursor", msg("This cursor is not one of ours; begin again without it."))
    # A page holds whole groups, at least one.
    groups_per_page = max(1, wanted.limit // FIGURES_PER_GROUP)
    zone = the_app().settings.zone
    with reading() as session:
        extent = extent_of(args)
        found, following = page_of_groups(session, extent, by, now(), zone, after=after, limit=groups_per_page)
        revised = revised_months(session, extent) if by == "month" else {}
    items = [item | _revision(by, group.key, revised) for group in found for item in _items(group)]
    return jsonify({"items": items, "next": encode_cursor((following,)) if following is not None else None})


def grouping(text: str) -> By:
    """What to group by; `InvalidInput` for `by` otherwise."""
    for word in get_args(By):
        if word == text and word in GROUPINGS:
            found: By = word
            return found
    raise invalid("by", msg("This is one of: %(known)s.", known=", ".join(GROUPINGS)), code="unknown_word")


def extent_of(args: Mapping[str, str]) -> Extent:
    """The days that an address asks for, within what the actor may see."""
    span = parse_span(args, now(), the_app().settings.zone, default_days=DEFAULT_DAYS)
    asset = args.get("asset", "").strip()
    return extent_for(
        actor(),
        span.first_day,
        span.until_day,
        class_code=args.get("class", "").strip(),
        unit_code=args.get("unit", "").strip(),
        asset_code=read_code(asset) if asset else "",
    )


def _items(group: Group) -> list[dict[str, Any]]:
    return [
        {
            "key": group.key, "kpi": kpi.code, "value": kpi.value, "numerator": kpi.numerator,
            "denominator": kpi.denominator, "coverage": kpi.coverage, "low": kpi.low, "high": kpi.high,
            "unit": kpi.unit,
        }
        for kpi in group.kpis
    ]  # fmt: skip


def _revision(by: By, key: str, revised: Mapping[int, Revised]) -> dict[str, Any]:
    """Of a month: what changed of its kilometres after it was over, None where nothing did."""
    if by != "month":
        return {}
    found = revised.get(month_number(key))
    if found is None:
        return {"revised": None}
    return {
        "revised": {
            "at": tracker_time(found.at), "before_km": round(found.before_m / 1000, 3),
            "after_km": round(found.after_m / 1000, 3), "days": found.days, "late_samples": found.late_samples,
            "reasons": list(found.reasons),
        }
    }  # fmt: skip


def month_number(key: str) -> int:
    """The key of a month as days carry it: year * 100 + month."""
    return int(key[:4]) * 100 + int(key[5:])
