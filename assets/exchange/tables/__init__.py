"""Tables as files: CSV and XLSX, written so that no cell runs as a formula, read with limits and row numbers."""

from assets.exchange.tables.model import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, SheetRow, Table, column_key
from assets.exchange.tables.read import read_table
from assets.exchange.tables.write import CSV_TYPE, XLSX_TYPE, write_csv, write_xlsx

__all__ = [
    "CSV_TYPE",
    "MAX_BYTES",
    "MAX_COLUMNS",
    "MAX_ROWS",
    "XLSX_TYPE",
    "SheetRow",
    "Table",
    "column_key",
    "read_table",
    "write_csv",
    "write_xlsx",
]
