"""Commands for donor summaries."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from assets.cli.output import command_line_actor, opened_app, password_from_stdin, print_json, print_listed


def add(commands: Any) -> None:
    """`summary draft|approve|export|verify|list`."""
    summary = commands.add_parser("summary", help="donor summaries").add_subparsers(dest="action", required=True)
    draft = summary.add_parser("draft", help="freeze the figures of a period; the login's password on standard input")
    draft.add_argument("--donor", required=True, metavar="CODE")
    draft.add_argument("--from", dest="first", required=True, metavar="DATE")
    draft.add_argument("--to", dest="until", required=True, metavar="DATE", help="the day after the last one")
    draft.add_argument("--login", required=True)
    draft.add_argument("--json", action="store_true")
    draft.set_defaults(run=_draft)
    approve = summary.add_parser("approve", help="release a draft as its second person; password on standard input")
    approve.add_argument("id", type=int)
    approve.add_argument("--login", required=True)
    approve.add_argument("--sha256", default="", metavar="HASH", help="the hash of the draft that was looked at")
    approve.add_argument("--early-reason", default="", metavar="TEXT", help="why before 90 days after the period")
    approve.set_defaults(run=_approve)
    export = summary.add_parser("export", help="write a summary to a file")
    export.add_argument("id", type=int)
    export.add_argument("--format", required=True, choices=["pdf", "xlsx", "iati", "json"])
    export.add_argument("--lang", default="en", choices=["en", "ja", "ru", "uz"])
    export.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    export.set_defaults(run=_export)
    verify = summary.add_parser("verify", help="say which released summary a file is, to the byte")
    verify.add_argument("file", type=Path)
    verify.set_defaults(run=_verify)
    listed = summary.add_parser("list", help="summaries and their state")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list)


def _signed_in(app: Any, login: str) -> Any:
    """The actor whose login and password (standard input) fit: drafting and approving is done by persons."""
    from assets.core.errors import NotAllowed
    from assets.core.i18n import msg
    from assets.people import service
    from assets.people.models import Account
    from assets.people.queries import actor_of

    password = password_from_stdin()
    with app.reading() as session:
        account_id = service.matching_account(session, login, password)
        if account_id is None:
            raise NotAllowed(msg("The login or the password is not right."))
        return actor_of(session.get_one(Account, account_id), app.clock(), "command line")


def _draft(chosen: argparse.Namespace) -> int:
    from assets.reports import release
    from assets.web.parsing import parse_date

    with opened_app() as app:
        actor, now = _signed_in(app, chosen.login), app.clock()
        with app.transaction(actor, now) as session:
            made = release.draft_summary(
                session,
                actor,
                donor_code=chosen.donor,
                first=parse_date(chosen.first, "from"),
                until=parse_date(chosen.until, "to"),
                now=now,
            )
            answer = {"id": made.id, "state": made.state, "sha256": made.sha256}
    if chosen.json:
        print_json(answer)
    else:
        print(answer["id"])
    return 0


def _approve(chosen: argparse.Namespace) -> int:
    from assets.reports import release

    with opened_app() as app:
        actor, now = _signed_in(app, chosen.login), app.clock()
        with app.transaction(actor, now) as session:
            # Without a hash the draft is released as it is now; which one that was is said below.
            shown = chosen.sha256 or release.summary_by_id(session, actor, chosen.id).sha256
            release.approve_summary(
                session, actor, chosen.id, now, shown_sha256=shown, early_reason=chosen.early_reason
            )
    print(f"summary {chosen.id} is released, figures {shown}")
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from assets.reports import release

    with opened_app() as app, app.transaction(command_line_actor()) as session:
        exported = release.export_summary(
            session, command_line_actor(), chosen.id, format_=chosen.format, lang=chosen.lang
        )
        release.note_export(session, chosen.id, exported)
    chosen.output.write_bytes(exported.content)
    print(f"{chosen.output}  sha256 {exported.sha256}")
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from assets.reports import release

    content = chosen.file.read_bytes()
    with opened_app() as app, app.reading() as session:
        found = release.verify_file(session, content)
    if found is None:
        print("assets: this file is no summary of ours, or it was changed", file=sys.stderr)
        return 1
    print(f"summary {found.summary_id}, {found.donor}, {found.first} to {found.until}, {found.state}: unchanged")
    return 0


def _list(chosen: argparse.Namespace) -> int:
    from sqlalchemy import select

    from assets.reports.models import DonorSummary

    with opened_app() as app, app.reading() as session:
        rows = [
            {"id": s.id, "donor": s.donor.code, "from": s.first, "to": s.until, "state": s.state, "sha256": s.sha256}
            for s in session.scalars(select(DonorSummary).order_by(DonorSummary.id))
        ]
    print_listed(rows, ("id", "donor", "from", "to", "state", "sha256"), as_json=chosen.json)
    return 0
