"""What the frame around a page knows: who looks, and where he may go."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from assets.core.actor import Actor
from assets.core.i18n import Message, msg
from assets.people.rules import ROLE_NAMES, Permission, may
from assets.web.context import words

PLACES: tuple[tuple[Message, str, str, Permission | None], ...] = (
    (msg("Today"), "/", "home", Permission.ASSET_READ),
    (msg("Readiness"), "/readiness", "check", Permission.READINESS_READ),
    (msg("Assets"), "/assets", "asset", Permission.ASSET_READ),
    (msg("Kits"), "/kits", "kit", Permission.ASSET_READ),
    (msg("Transfers"), "/transfers", "building", Permission.CUSTODY_SEE),
    (msg("To confirm"), "/confirmations", "check", Permission.CUSTODY_SEE),
    (msg("Conflicts"), "/conflicts", "warn", Permission.CONFLICT_READ),
    (msg("Reservations"), "/reservations", "calendar", Permission.CUSTODY_SEE),
    (msg("Shifts"), "/shifts", "people", Permission.CUSTODY_SEE),
    (msg("Map"), "/map", "map", Permission.POSITION_READ),
    (msg("Silent windows"), "/silent", "silent", Permission.SILENCE_MANAGE),
    (msg("Places"), "/places", "target", Permission.POSITION_READ),
    (msg("Trackers"), "/trackers", "signal", Permission.TRACKER_READ),
    (msg("Alarms"), "/alarms", "warn", Permission.TRACKER_READ),
    (msg("Vehicles"), "/vehicles", "vehicle", Permission.ASSET_READ),
    (msg("Maintenance"), "/maintenance", "wrench", Permission.WORK_READ),
    (msg("Calibration"), "/calibration", "gauge", Permission.CALIBRATION_READ),
    (msg("Disposals"), "/disposals", "box", Permission.WORK_READ),
    (msg("Operations"), "/operations", "target", Permission.OPERATION_READ),
    (msg("Utilisation"), "/utilisation", "chart", Permission.UTILISATION_READ),
    (msg("Summaries"), "/summaries", "report", Permission.SUMMARY_READ),
    (msg("Grants"), "/grants", "box", Permission.BATCH_WRITE),
    (msg("Papers"), "/documents", "copy", Permission.ASSET_READ),
    (msg("Consumables"), "/lots", "kit", Permission.STOCK_READ),
    (msg("Labels"), "/labels", "label", Permission.LABEL_PRINT),
    (msg("Import"), "/import", "upload", Permission.IMPORT_RUN),
    (msg("People"), "/people", "people", Permission.PERSON_READ),
    (msg("Administration"), "/admin", "settings", Permission.ACCOUNT_MANAGE),
    (msg("Journal"), "/journal", "history", Permission.JOURNAL_READ),
    (msg("Help"), "/help", "question", None),
)


@dataclass(frozen=True)
class Viewer:
    """Who looks at the page, as templates see him."""

    actor: Actor

    @classmethod
    def of(cls, actor: Actor) -> Viewer:
        return cls(actor)

    @property
    def name(self) -> str:
        return self.actor.name

    @property
    def login(self) -> str:
        return self.actor.name

    @property
    def roles(self) -> list[str]:
        return [words(ROLE_NAMES[role]) for role in sorted(self.actor.roles)]

    def may(self, permission: str) -> bool:
        return may(self.actor, Permission(permission))


def navigation(actor: Actor) -> list[dict[str, object]]:
    """The places that `actor` may go to, with the present one marked."""
    path = request.path
    return [
        {"label": words(label), "href": href, "icon": icon, "current": _is_current(path, href)}
        for label, href, icon, permission in PLACES
        if permission is None or may(actor, permission)
    ]


def _is_current(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(f"{href}/"))
