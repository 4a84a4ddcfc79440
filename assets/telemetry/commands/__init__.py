"""Commands to trackers: `order` gives one, `run_once` sends what is due and files the answers (wire.md, command)."""

from __future__ import annotations

from assets.telemetry.commands.desk import run_once
from assets.telemetry.commands.orders import cancel, commands_of, order

__all__ = ["cancel", "commands_of", "order", "run_once"]
