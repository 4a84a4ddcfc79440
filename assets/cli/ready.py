"""Makes the databases ready for this program: migrations, then the reference data that the code brings along."""

from __future__ import annotations

from sqlalchemy import func, select

from assets.core.actor import system_actor
from assets.core.anchor import refuse_older
from assets.core.app import App
from assets.migrations.run import upgrade
from assets.registry.models import EquipmentClass
from assets.registry.rules.classes import CLASSES
from assets.registry.service.catalogue import ensure_classes
from assets.safekeeping.upgrade import upgrade_safely

SETUP = system_actor("set-up")


def make_ready(app: App) -> list[str]:
    """Upgrade both databases and load the equipment classes; answers a line for each thing that was done."""
    lines = upgrade(app)
    with app.reading() as session:
        known = session.scalar(select(func.count()).select_from(EquipmentClass)) or 0
    if lines or known < len(CLASSES):
        with app.transaction(SETUP) as session:
            ensure_classes(session, SETUP)
    if known < len(CLASSES):
        lines.append(f"{len(CLASSES) - known} equipment classes loaded")
    return lines


def make_ready_safely(app: App, *, without_backup: bool = False) -> list[str]:
    """The same, but a database that is older than this program and holds something is backed up first.

    `SettingsError` when it is older than its anchors, or newer than this program: then nothing was changed.
    """
    refuse_older(app)
    return upgrade_safely(app, make_ready, without_backup=without_backup)
