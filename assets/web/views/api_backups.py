"""Backups for programs: the list with its proofs, and asking for one. Backups themselves are not given out here."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict

from assets.people.rules import Permission
from assets.safekeeping import nightly
from assets.safekeeping.log import Made
from assets.web.auth import needs
from assets.web.care import moment_json
from assets.web.context import actor, the_app, writing
from assets.web.parsing import page
from assets.web.views.backups import shown

api = APIBlueprint("api_backups", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class BackupsQuery(BaseModel):
    """Paging."""

    model_config = ConfigDict(extra="forbid")
    limit: str = ""
    cursor: str = ""


@api.get("/backups")
@needs(Permission.BACKUP_MANAGE)
def list_backups(query: BackupsQuery) -> Any:
    """Every backup that was made here, newest first, and whether it was proven by restoring it."""
    made, following = shown(page(query.model_dump()))
    return jsonify({"items": [_json(one) for one in made], "next": following})


@api.post("/backups")
@needs(Permission.BACKUP_MANAGE)
def ask_for_backup() -> Any:
    """Ask for a backup; it begins within a minute. `asked` is false when one was asked for already."""
    with writing() as session:
        new = nightly.ask(session, actor(), the_app().settings)
    return jsonify({"asked": new}), 202


def _json(made: Made) -> dict[str, Any]:
    return {
        "name": made.path.name, "kind": made.kind, "made_at": moment_json(made.made_at), "size": made.size,
        "sha256": made.sha256, "took_s": made.took_s, "proven_at": made.proven_at and moment_json(made.proven_at),
        "reason": made.reason, "journal_seq": made.journal_seq, "is_there": made.is_there,
        "missing_files": made.missing_files,
    }  # fmt: skip
