"""The full export: one ZIP with a table for each thing that people know, all stored files, and a hash of each.

For who wants to leave, to check, or to keep a copy that can be read without this product. It is written to the disk in
pieces, so that its size does not matter to memory.
"""

from assets.exchange.whole.archive import Whole, export_whole, may_export_whole

__all__ = ["Whole", "export_whole", "may_export_whole"]
