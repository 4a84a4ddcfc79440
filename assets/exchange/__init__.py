"""Files in and out: tables read and written, imports with a report per row, label sheets."""
