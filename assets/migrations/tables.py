"""Every table of both databases, in one import."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData

import assets
from assets.core.db import Base, TelemetryBase

_TABLE_MODULES = ("models", "journal", "outbox", "idempotency", "leases")


def metadata() -> tuple[MetaData, MetaData]:
    """(main, telemetry), complete: each slice's table modules have been imported."""
    for package in pkgutil.iter_modules(assets.__path__):
        if package.ispkg and package.name not in {"web", "cli", "demo", "bench", "migrations"}:
            for module in pkgutil.iter_modules([str(path) for path in _paths(package.name)]):
                if module.name in _TABLE_MODULES:
                    importlib.import_module(f"assets.{package.name}.{module.name}")
    return Base.metadata, TelemetryBase.metadata


def _paths(package: str) -> list[str]:
    return list(importlib.import_module(f"assets.{package}").__path__)
