"""The first page: what somebody has to do today, by role; for the coordinator also what is ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, redirect, render_template
from sqlalchemy.orm import Session

from assets.core.actor import Actor
from assets.core.clock import local_date
from assets.core.i18n import Message, msg
from assets.fitness.queries import ReadinessFilter, readiness
from assets.fitness.readiness import REASON_NAMES, STATES, Cell, matrix, worst
from assets.labels.token import format_code
from assets.people.rules import Permission, may
from assets.registry.rules.classes import CLASSES
from assets.reports import release
from assets.safekeeping import beginning
from assets.web.auth import signed_in
from assets.web.context import actor, now, reading, the_app, words
from assets.web.filters import show_date, show_datetime
from assets.web.home_cards import Card, Line, cards, in_order

pages = Blueprint("home", __name__)

WORST_SHOWN = 4
REASONS_SHOWN = 2


@pages.get("/")
@signed_in
def home() -> Any:
    """Donors go to their summaries; everybody else sees what waits for him, the coordinator first what is ready."""
    who = actor()
    if not may(who, Permission.ASSET_READ):
        return redirect("/summaries")
    with reading() as session:
        waiting, found = cards(session, who, local_date(now(), the_app().settings.zone), now())
        waiting = in_order(who, [*waiting, *(card for card in _elsewhere(session, who) if card.count)])
        ready = _readiness(session, who) if may(who, Permission.READINESS_READ) else None
    return render_template(
        "home.html", total=found["total"], in_service=found["in_service"], ready=ready,
        tasks=[_shown(card) for card in waiting if may(who, card.does)],
        known=[_shown(card) for card in waiting if not may(who, card.does)],
    )  # fmt: skip


def _elsewhere(session: Session, who: Actor) -> Iterator[Card]:
    """What is counted by other means than the cards' one query."""
    if may(who, Permission.ACCOUNT_MANAGE):
        left = sum(state.is_open for state in beginning.steps(session, the_app().settings, now()))
        yield _card(
            "setup", "due", left, msg("steps of setting up are left"), "/admin/setup", Permission.ACCOUNT_MANAGE
        )
    if may(who, Permission.SUMMARY_APPROVE):
        drafts = sum(found.state == "draft" for found in release.summaries(session, who))
        text = msg("donor summaries wait for approval")
        yield _card("summaries", "due", drafts, text, "/summaries", Permission.SUMMARY_APPROVE)


def _card(name: str, kind: str, count: int, text: Message, href: str, does: Permission) -> Card:
    return Card(name, kind, text, href, does, count=count)


def _shown(card: Card) -> dict[str, Any]:
    return {
        "name": card.name, "kind": card.kind, "count": card.count, "text": words(card.text), "href": card.href,
        "first": [_first(line) for line in card.first], "more": card.count - len(card.first) if card.first else 0,
    }  # fmt: skip


def _first(line: Line) -> dict[str, str]:
    named = line.said or line.model or (words(CLASSES[line.class_code].title) if line.class_code in CLASSES else "")
    return {"href": line.href, "title": named, "code": format_code(line.code) if line.code else "", "when": _when(line)}


def _when(line: Line) -> str:
    if line.at is not None:
        return show_datetime(line.at)
    if line.day is not None:
        return show_date(line.day)
    if line.days is None:
        return ""
    days = round(line.days)
    if days < 0:
        return words(msg("%(days)s days overdue", days=-days))
    return words(msg("in %(days)s days", days=days)) if days else words(msg("today"))


def _readiness(session: Session, who: Actor) -> dict[str, Any]:
    """How many are ready of how many, and the units and classes where it is worst, with why."""
    found = matrix(readiness(session, who, ReadinessFilter(), now()))
    units = dict(found.units)
    classes = {code: words(defaults.title) for code, defaults in CLASSES.items()}
    return {
        "total": found.total.total,
        "count": found.total.ready,
        "states": [(state, found.total.counts[state], f"/readiness/items?state={state}") for state in STATES],
        "units": [
            _worst(units[code], cell, f"/readiness?unit={code}") for code, cell in worst(found.by_unit, WORST_SHOWN)
        ],
        "classes": [
            _worst(classes.get(code, code), cell, f"/readiness?class={code}")
            for code, cell in worst(found.by_class, WORST_SHOWN)
        ],
    }


def _worst(name: str, cell: Cell, href: str) -> dict[str, Any]:
    return {
        "name": name,
        "href": href,
        "not_ready": cell.not_ready,
        "of": cell.total,
        "due": cell.due,
        "why": [(words(REASON_NAMES[code]), count) for code, count in cell.why()[:REASONS_SHOWN]],
    }
