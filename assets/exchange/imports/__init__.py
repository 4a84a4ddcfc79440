"""Imports of tables: a report per row, all or nothing or the valid rows, safe to run again."""

from assets.exchange.imports.kinds import KINDS, Kind, kind_named, template_columns
from assets.exchange.imports.report import ImportReport, RowReport
from assets.exchange.imports.run import Mode, run_import

__all__ = ["KINDS", "ImportReport", "Kind", "Mode", "RowReport", "kind_named", "run_import", "template_columns"]
