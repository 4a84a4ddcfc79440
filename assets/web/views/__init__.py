"""The doors for people and programs, one module per subject; each names its blueprint `pages` or `api`."""

from __future__ import annotations

import importlib
from typing import Any

# Keep alphabetical; `api_*` modules hold an APIBlueprint called `api`, the others a Blueprint called `pages`.
MODULES: tuple[str, ...] = (
    "health",
    "home",
    "sessions",
)


def blueprints() -> list[Any]:
    """Every module's blueprint."""
    found: list[Any] = []
    for name in MODULES:
        module = importlib.import_module(f"assets.web.views.{name}")
        found.extend(getattr(module, kind) for kind in ("pages", "api") if hasattr(module, kind))
    return found
