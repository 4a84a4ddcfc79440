"""Commands for jobs and the journal."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from assets.cli.output import opened_app, print_json, print_listed


def add(commands: Any) -> None:
    """`job list`, `job run`, `journal verify`, `journal anchor`, `journal accept-older`."""
    job = commands.add_parser("job", help="scheduled jobs").add_subparsers(dest="action", required=True)
    listed = job.add_parser("list", help="the jobs, when they run, and how the last run went")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=_list)
    run = job.add_parser("run", help="run a job now")
    run.add_argument("name")
    run.set_defaults(run=_run)
    journal = commands.add_parser("journal", help="the journal").add_subparsers(dest="action", required=True)
    verify = journal.add_parser("verify", help="check the whole chain, and every anchor against it")
    verify.add_argument(
        "--anchor", action="append", default=[], metavar="SEQ:HASH", help="an anchor from a mail; again"
    )
    verify.add_argument("--chain-only", action="store_true", help="leave out holding each row against its entries")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(run=_verify)
    anchor = journal.add_parser("anchor", help="keep the chain's head outside the database")
    anchor.set_defaults(run=_anchor)
    accept = journal.add_parser("accept-older", help="take a database that is older than its anchors; recorded")
    accept.add_argument("reason", metavar="REASON")
    accept.set_defaults(run=_accept_older)


def _list(chosen: argparse.Namespace) -> int:
    from assets.core.leases import last_runs
    from assets.scheduling.jobs import JOBS

    with opened_app() as app, app.reading() as session:
        runs = last_runs(session)
        rows = [
            {
                "name": job.name,
                "every": str(job.every),
                "does": str(job.text),
                "last_slot": runs[job.name].slot if job.name in runs else None,
                "failed": runs[job.name].failed if job.name in runs else None,
                "outcome": runs[job.name].outcome if job.name in runs else None,
            }
            for job in JOBS
        ]
    print_listed(rows, ("name", "every", "last_slot", "failed", "does"), as_json=chosen.json)
    return 0


def _run(chosen: argparse.Namespace) -> int:
    from assets.core.errors import invalid
    from assets.core.i18n import msg
    from assets.scheduling.jobs import JOBS
    from assets.scheduling.runner import current_slot, run_once

    job = next((job for job in JOBS if job.name == chosen.name), None)
    if job is None:
        raise invalid("name", msg("There is no job %(name)s; `assets job list` names them.", name=chosen.name))
    with opened_app() as app:
        done = run_once(app, job, current_slot(job, app.clock()), again=True)
    if done is None:
        print(f"assets: {job.name} is being run by somebody else", file=sys.stderr)
        return 1
    print(done.outcome, file=sys.stderr if done.failed else sys.stdout)
    return 1 if done.failed else 0


def _verify(chosen: argparse.Namespace) -> int:
    from assets.core.anchor import parse_anchor, verify
    from assets.migrations.tables import metadata

    metadata()  # every table that the journal speaks of must be known
    also = [parse_anchor(text) for text in chosen.anchor]
    with opened_app() as app:
        result = verify(app, also=also, rows=not chosen.chain_only)
    if chosen.json:
        print_json({"ok": result.ok, "entries": result.entries, "head": result.head, "text": result.text})
    else:
        print(result.text, file=sys.stdout if result.ok else sys.stderr)
    return 0 if result.ok else 1


def _anchor(_chosen: argparse.Namespace) -> int:
    from assets.core.anchor import anchor

    with opened_app() as app:
        print(anchor(app))
    return 0


def _accept_older(chosen: argparse.Namespace) -> int:
    from assets.cli.output import command_line_actor
    from assets.core.anchor import accept_older

    with opened_app() as app:
        print(accept_older(app, command_line_actor(), chosen.reason))
    return 0
