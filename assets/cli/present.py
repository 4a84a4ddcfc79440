"""Whether there is an office in the data directory of a command: a wrong one is refused, not filled with a new one."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import inspect

from assets.core.app import App
from assets.safekeeping import swap
from assets.settings import Settings, SettingsError


def refuse_missing(settings: Settings) -> None:
    """`SettingsError` when the SQLite file of the main database is not there; nothing is made. PostgreSQL is asked
    later, by `holds_tables`."""
    if settings.database_url.startswith("postgresql") or (settings.data_dir / swap.NAME).exists():
        return  # an interrupted restore is finished when the application is opened
    path = Path(settings.main_url.removeprefix("sqlite:///"))
    if not path.exists() or path.stat().st_size == 0:
        raise never_set_up(settings)


def holds_tables(app: App) -> bool:
    """Whether the main database has our tables."""
    return bool(inspect(app.main.engine).has_table("journal_entry"))


def never_set_up(settings: Settings) -> SettingsError:
    """Which directory it is, what names another, and what makes a new office."""
    data_dir = settings.data_dir.absolute()
    where = "set to it" if os.environ.get("ASSETS_DATA_DIR", "").strip() else f"not set, so it is {data_dir}"
    holds = "its database is empty" if settings.database_url else "it holds no database"
    return SettingsError(
        f"the data directory {data_dir} was never set up: {holds}. If yours is another one, name it in ASSETS_DATA_DIR"
        f" (now {where}); to begin in this one: assets setup"
    )
