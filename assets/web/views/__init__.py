"""The doors for people and programs, one module per subject; each names its blueprint `pages` or `api`."""

from __future__ import annotations

import importlib
from typing import Any

# Keep alphabetical; `api_*` modules hold an APIBlueprint called `api`, the others a Blueprint called `pages`.
MODULES: tuple[str, ...] = (
    "admin",
    "admin_places",
    "api_assets",
    "api_backups",
    "api_calibration",
    "api_disposals",
    "api_documents",
    "api_grants",
    "api_losses",
    "api_lots",
    "api_maintenance",
    "api_operations",
    "api_people",
    "api_readiness",
    "api_rounds",
    "api_summaries",
    "api_trackers",
    "api_utilisation",
    "assets",
    "assets_export",
    "backups",
    "beginning",
    "calibration",
    "commands",
    "custody",
    "disposal_lists",
    "disposals",
    "documents",
    "documents_list",
    "grants",
    "health",
    "help",
    "home",
    "imports",
    "journal",
    "labels",
    "losses",
    "lots",
    "maintenance",
    "operation_forms",
    "operations",
    "parts",
    "people",
    "plans",
    "readiness",
    "reconcile",
    "round_entry",
    "round_items",
    "rounds",
    "scan",
    "sessions",
    "summaries",
    "telemetry",
    "tokens",
    "trackers",
    "utilisation",
    "whole_export",
    "withdrawals",
)


def blueprints() -> list[Any]:
    """Every module's blueprint."""
    found: list[Any] = []
    for name in MODULES:
        module = importlib.import_module(f"assets.web.views.{name}")
        found.extend(getattr(module, kind) for kind in ("pages", "api") if hasattr(module, kind))
    return found
