"""Commands for the full export and labels."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assets.cli.output import command_line_actor, opened_app, print_json, print_listed


def add(commands: Any) -> None:
    """`export whole`, `labels print|layouts|zpl`."""
    exports = commands.add_parser("export", help="take data out").add_subparsers(dest="action", required=True)
    whole = exports.add_parser("whole", help="everything as one ZIP: tables, papers and pictures, hashes")
    whole.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.zip")
    whole.add_argument("--json", action="store_true")
    whole.set_defaults(run=_export_whole)

    labels = commands.add_parser("labels", help="QR labels").add_subparsers(dest="action", required=True)
    sheet = labels.add_parser("print", help="label sheets as PDF")
    _add_choice(sheet)
    sheet.add_argument("--layout", required=True, metavar="NAME", help="`assets labels layouts` lists them")
    sheet.add_argument("--start-cell", type=int, default=1, metavar="N", help="first free label of the first sheet")
    sheet.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.pdf")
    sheet.set_defaults(run=_print)
    layouts = labels.add_parser("layouts", help="the label sheets that are known")
    layouts.add_argument("--json", action="store_true")
    layouts.set_defaults(run=_layouts)
    zebra = labels.add_parser("zpl", help="labels for a Zebra printer")
    _add_choice(zebra)
    zebra.add_argument("--label-mm", nargs=2, type=float, default=[50.0, 25.0], metavar=("WIDTH", "HEIGHT"))
    zebra.add_argument("--dpi", type=int, default=203, choices=[203, 300, 600])
    zebra.add_argument("-o", "--output", type=Path, metavar="FILE", help="standard output without it")
    zebra.set_defaults(run=_zpl)


def _add_choice(command: argparse.ArgumentParser) -> None:
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--unit", metavar="CODE", help="all items of a unit")
    which.add_argument("--codes", type=Path, metavar="FILE", help="label codes, one a line")
    which.add_argument("--blank", type=int, metavar="N", help="new codes, to be claimed by scanning")


def _export_whole(chosen: argparse.Namespace) -> int:
    from assets.exchange.whole import export_whole

    # Beside its place first: what stands there under its name is always whole.
    unfinished = chosen.output.with_name(f".{chosen.output.name}.part")
    try:
        with opened_app() as app, unfinished.open("wb") as target:
            whole = export_whole(app, command_line_actor(), target, app.clock())
        unfinished.replace(chosen.output)
    finally:
        unfinished.unlink(missing_ok=True)
    wrong = [*whole.missing, *whole.damaged]
    if chosen.json:
        print_json(asdict(whole))
    else:
        print(f"{chosen.output}: {len(whole.tables)} tables, {sum(whole.tables.values())} rows, {whole.files} files")
    for path in wrong:
        print(f"{path}: missing or not what was stored", file=sys.stderr)
    return 1 if wrong else 0


def _codes(chosen: argparse.Namespace) -> dict[str, Any]:
    codes = None
    if chosen.codes is not None:
        codes = [line.strip() for line in chosen.codes.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    return {"unit": chosen.unit, "codes": codes, "blank": chosen.blank}


def _print(chosen: argparse.Namespace) -> int:
    from assets.exchange.label_sheets import BARE_REASONS, print_sheet

    with opened_app() as app:
        sheet = print_sheet(
            app,
            command_line_actor(),
            **_codes(chosen),
            layout=chosen.layout,
            start_cell=chosen.start_cell,
            now=app.clock(),
        )
    chosen.output.write_bytes(sheet.pdf)
    print(f"{chosen.output}: {sheet.report.labels} labels on {sheet.report.pages} sheets")
    if sheet.report.bare_because:
        print(BARE_REASONS[sheet.report.bare_because])
    return 0


def _layouts(chosen: argparse.Namespace) -> int:
    from assets.labels.layouts import LAYOUTS

    rows = [layout.described() for layout in LAYOUTS.values()]
    print_listed(rows, ("name", "columns", "rows", "label_mm"), as_json=chosen.json)
    return 0


def _zpl(chosen: argparse.Namespace) -> int:
    from assets.exchange.label_sheets import print_zpl

    with opened_app() as app:
        text = print_zpl(
            app,
            command_line_actor(),
            **_codes(chosen),
            label_mm=tuple(chosen.label_mm),
            dpi=chosen.dpi,
            now=app.clock(),
        )
    if chosen.output is not None:
        chosen.output.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0
