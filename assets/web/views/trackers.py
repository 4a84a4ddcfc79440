"""Trackers for people: which are silent, what one sent and what is missing; and the map for those who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from sqlalchemy.orm import Session

from assets.core.clock import day_start, local_date
from assets.core.i18n import msg
from assets.fitness.queries import fitness_of
from assets.people.rules import Permission
from assets.telemetry import access, queries
from assets.telemetry.alarms.queries import alarms_of_tracker
from assets.telemetry.inventory import INVENTORY_FIELDS
from assets.telemetry.places.queries import home_days
from assets.vehicles.queries.tracks import live_trackers, touches, trackers_wholly_within, tracks_within
from assets.web.alarm_words import alarm_cells
from assets.web.auth import needs
from assets.web.care import asset_title
from assets.web.command_words import newest_commands
from assets.web.context import actor, now, reading, the_app, words, writing
from assets.web.filters import show_datetime
from assets.web.parsing import encode_cursor, page
from assets.web.presence_words import presence_cells

pages = Blueprint("trackers", __name__)

MAP_LIMIT = 2000
SHOWN_DAYS = 31


@dataclass(frozen=True)
class Line:
    """One tracker as lists show it."""

    mounted: access.Mounted
    state: queries.TrackerState

    @property
    def presence(self) -> tuple[str, str]:
        return presence_cells(self.state)


def _lines(session: Session, mounted: list[access.Mounted]) -> list[Line]:
    with the_app().telemetry.reading() as telemetry:
        states = access.states_for(session, telemetry, actor(), mounted, now())
    return [Line(m, state) for m, state in zip(mounted, states, strict=True)]


@pages.get("/trackers")
@needs(Permission.TRACKER_READ)
def list_trackers() -> Any:
    wanted, query = page(request.args), request.args.get("query", "")
    after = str(wanted.after[0]) if wanted.after else ""
    with reading() as session:
        found = access.tracker_page(session, actor(), query=query, after=after, limit=wanted.limit + 1)
        lines = _lines(session, found[: wanted.limit])
    following = encode_cursor((found[wanted.limit - 1].tracker.id,)) if len(found) > wanted.limit else None
    return render_template("trackers/list.html", lines=lines, query=query, following=following, title_of=asset_title)


@pages.get("/trackers/set-aside")
@needs(Permission.TRACKER_MANAGE)
def list_set_aside() -> Any:
    """What trackers sent that could not be stored; the bytes are in the API, for those who may see positions."""
    wanted = page(request.args)
    before = int(str(wanted.after[0])) if wanted.after and isinstance(wanted.after[0], int) else None
    with reading() as session, the_app().telemetry.reading() as telemetry:
        within = trackers_wholly_within(session, actor(), Permission.TRACKER_MANAGE)
        found = queries.set_asides(telemetry, within=within, before_id=before, limit=wanted.limit + 1)
    shown = found[: wanted.limit]
    following = encode_cursor((shown[-1].id,)) if len(found) > wanted.limit else None
    return render_template("trackers/set_aside.html", rows=shown, following=following)


@pages.get("/trackers/<tracker_id>")
@needs(Permission.TRACKER_READ)
def show_tracker(tracker_id: str) -> Any:
    """A tracker: how complete it is, its days and its trips; no place is shown here."""
    today = local_date(now(), the_app().settings.zone)
    first = today - timedelta(days=SHOWN_DAYS - 1)
    with reading() as session, the_app().telemetry.reading() as telemetry:
        mounted = access.tracker_for(session, actor(), tracker_id, Permission.TRACKER_READ)
        carried = access.carried_by(session, actor(), tracker_id, Permission.TRACKER_READ)
        (line,) = _lines(session, [mounted])
        accounts = access.boots_for(telemetry, actor(), mounted)
        zone, until = the_app().settings.zone, today + timedelta(days=1)
        parts = tracks_within(
            session, actor(), tracker_id, Permission.TRACKER_READ, day_start(first, zone), day_start(until, zone)
        )
        days = [row for row in queries.days(session, tracker_id, first, until) if touches(parts, row.day, zone)]
        orders = newest_commands(session, mounted)
        regions = {span.asset.id: span.asset.unit.region_id for span in carried}
        homes = home_days(session, tracker_id, regions, first, until, zone)
        untrusted_since = queries.trusted_until(session, tracker_id)
        alarms = [alarm_cells(alarm) for alarm in alarms_of_tracker(session, actor(), tracker_id)]
    return render_template(
        "trackers/item.html",
        line=line,
        accounts=list(reversed(accounts)),
        completeness=queries.completeness(accounts),
        carried=list(reversed(carried)),
        days=list(reversed(days)),
        orders=orders,
        homes=homes,
        alarms=alarms,
        untrusted_since=untrusted_since,
        inventory=INVENTORY_FIELDS,
        words=words,
        title_of=asset_title,
    )


@pages.get("/map")
@needs(Permission.POSITION_READ)
def show_map() -> Any:
    return render_template("map.html")


@pages.get("/map/vehicles")
@needs(Permission.POSITION_READ)
def map_vehicles() -> Any:
    """Where the vehicles within scope were last seen; each look is journalled."""
    with writing() as session:
        mounted = live_trackers(session, actor(), MAP_LIMIT)
        lines = [line for line in _lines(session, mounted) if line.mounted.asset is not None]
        fitness = fitness_of(session, [line.mounted.asset for line in lines if line.mounted.asset is not None], now())
        shown = [line.mounted.tracker.id for line in lines if _is_placed(line)]
        access.record_looks(session, actor(), shown, now(), "map")
    return jsonify({"items": [_vehicle(line, fitness) for line in lines]})


def _is_placed(line: Line) -> bool:
    """Whether the last place is one of this vehicle in this unit: a tracker that was moved last sent from another."""
    at, since = line.state.position_at, line.mounted.since
    return line.state.lat is not None and at is not None and (since is None or at >= since)


def _vehicle(line: Line, fitness: dict[int, Any]) -> dict[str, Any]:
    asset = line.mounted.asset
    assert asset is not None  # noqa: S101  # only lines with an asset are shown
    state, placed = fitness[asset.id].state, _is_placed(line)
    return {
        "code": asset.code,
        "title": asset_title(asset) + (f" · {asset.plate}" if asset.plate else ""),
        "unit": asset.unit.name,
        "lat": line.state.lat if placed else None,
        "lon": line.state.lon if placed else None,
        "age_s": _age_s(line.state.heard_at),
        "presence": line.state.presence,
        "note": _silence_words(line.state.silent_until),
        "state": {"kind": state, "text": state},
    }


def _silence_words(until: datetime | None) -> str | None:
    return None if until is None else words(msg("silent until %(when)s", when=show_datetime(until)))


def _age_s(moment: datetime | None) -> int | None:
    return None if moment is None else max(0, int((now() - moment).total_seconds()))
