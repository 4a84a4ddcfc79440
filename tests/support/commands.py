"""Commands in tests: as a phone writes them, and sent as a batch by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

from werkzeug.test import TestResponse


class Caller(Protocol):
    """Who calls the API."""

    def post(self, path: str, body: Any) -> TestResponse: ...


def command(kind: str, code: str, at: datetime, data: dict[str, Any] | None = None, n: int = 0) -> dict[str, Any]:
    return {"id": str(uuid4()), "n": n, "kind": kind, "code": code, "occurred_at": at.isoformat(), "data": data or {}}


def commanded(caller: Caller, sent_at: datetime, *commands: dict[str, Any]) -> list[dict[str, Any]]:
    """Sends a batch that is taken as a whole; answers the result of each command."""
    answer = caller.post("/commands", {"sent_at": sent_at.isoformat(), "commands": list(commands)})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    results: list[dict[str, Any]] = answer.get_json()["results"]
    return results
