"""Commands for labels: sheets and rolls as PDF, layouts, printers' test pages, and labels for Zebra printers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.cli.output import command_line_actor, opened_app, print_listed

if TYPE_CHECKING:
    from assets.exchange.label_sheets import Wording


def add(commands: Any) -> None:
    """`labels print|layouts|printers|test-page|zpl`."""
    labels = commands.add_parser("labels", help="QR labels").add_subparsers(dest="action", required=True)
    sheet = labels.add_parser("print", help="label sheets and rolls as PDF")
    _add_choice(sheet)
    sheet.add_argument("--layout", required=True, metavar="NAME", help="`assets labels layouts` lists them")
    sheet.add_argument("--start-cell", type=int, default=1, metavar="N", help="first free label of the first sheet")
    sheet.add_argument("--printer", default="", metavar="NAME", help="make up for this printer; see `labels printers`")
    sheet.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.pdf")
    sheet.set_defaults(run=_print)
    layouts = labels.add_parser("layouts", help="the label sheets and rolls that are known, own ones among them")
    layouts.add_argument("--json", action="store_true")
    layouts.set_defaults(run=_layouts)
    printers = labels.add_parser("printers", help="printers and what makes up for each")
    printers.add_argument("--json", action="store_true")
    printers.set_defaults(run=_printers)
    trial = labels.add_parser("test-page", help="rulers, crosses and outlines of a layout, to measure a printer by")
    trial.add_argument("--layout", required=True, metavar="NAME")
    trial.add_argument("--printer", default="", metavar="NAME", help="adjusted for this printer, to check")
    trial.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.pdf")
    trial.set_defaults(run=_test_page)
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
    command.add_argument("--line", default="", metavar="TEXT", help="a line of text on each label")
    command.add_argument("--class-name", default="", metavar="LANGUAGE", help="the class on each label: en, ru or uz")
    command.add_argument("--donor-mark", action="store_true", help="the donor's line, where the item is not exempt")


def _codes(chosen: argparse.Namespace) -> dict[str, Any]:
    codes = None
    if chosen.codes is not None:
        codes = [line.strip() for line in chosen.codes.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    return {"unit": chosen.unit, "codes": codes, "blank": chosen.blank}


def _wording(chosen: argparse.Namespace) -> Wording:
    from assets.exchange.label_sheets import Wording

    return Wording(chosen.line, chosen.class_name, chosen.donor_mark)


def _print(chosen: argparse.Namespace) -> int:
    from assets.exchange.label_sheets import BARE_REASONS, print_sheet

    with opened_app() as app:
        sheet = print_sheet(
            app, command_line_actor(), **_codes(chosen), layout=chosen.layout, start_cell=chosen.start_cell,
            wording=_wording(chosen), printer=chosen.printer, now=app.clock(),
        )  # fmt: skip
    chosen.output.write_bytes(sheet.pdf)
    print(f"{chosen.output}: {sheet.report.labels} labels on {sheet.report.pages} sheets")
    if sheet.report.bare_because:
        print(BARE_REASONS[sheet.report.bare_because])
    return 0


def _layouts(chosen: argparse.Namespace) -> int:
    from assets.labels.layouts import LAYOUTS
    from assets.registry.queries.labels import every_layout
    from assets.settings import SettingsError

    try:
        with opened_app() as app, app.reading() as session:
            rows = [layout.described() for layout in every_layout(session)]
    except SettingsError:
        print("assets: nothing is set up here: own layouts are not listed", file=sys.stderr)
        rows = [layout.described() for layout in LAYOUTS.values()]
    print_listed(rows, ("name", "columns", "rows", "label_mm"), as_json=chosen.json)
    return 0


def _printers(chosen: argparse.Namespace) -> int:
    from assets.registry.queries.labels import printers_page

    columns = ("name", "dx_mm", "dy_mm", "scale_x", "scale_y")
    with opened_app() as app, app.reading() as session:
        rows = [
            {"name": row.name} | {column: float(getattr(row, column)) for column in columns[1:]}
            for row in printers_page(session, limit=500)
        ]
    print_listed(rows, columns, as_json=chosen.json)
    return 0


def _test_page(chosen: argparse.Namespace) -> int:
    from assets.labels.trial import crosses_mm, render_trial
    from assets.registry.queries.labels import adjustment_named, layout_named

    with opened_app() as app, app.reading() as session:
        layout, adjustment = layout_named(session, chosen.layout), adjustment_named(session, chosen.printer)
    crosses = crosses_mm(layout)
    steps = [
        "Print this page in its actual size, without fitting it to the page.",
        f"Measure cross A from the left and upper edge; exact: {crosses.first_x_mm:g} and {crosses.first_y_mm:g} mm.",
        f"Measure cross B from the same edges; exact: {crosses.second_x_mm:g} and {crosses.second_y_mm:g} mm.",
    ]
    chosen.output.write_bytes(render_trial(layout, f"Test page: {layout.name}", steps, adjustment=adjustment))
    print(f"{chosen.output}: cross A at {crosses.first_x_mm:g}, {crosses.first_y_mm:g} mm, "
          f"B at {crosses.second_x_mm:g}, {crosses.second_y_mm:g} mm")  # fmt: skip
    return 0


def _zpl(chosen: argparse.Namespace) -> int:
    from assets.exchange.label_sheets import print_zpl

    with opened_app() as app:
        text = print_zpl(
            app, command_line_actor(), **_codes(chosen), label_mm=tuple(chosen.label_mm), dpi=chosen.dpi,
            wording=_wording(chosen), now=app.clock(),
        )  # fmt: skip
    if chosen.output is not None:
        chosen.output.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0
