"""Stored files: taken in by content, cleaned, named by the server, in one folder of the data directory.

`store` decides by what the bytes are, never by what they are called: PDF, PNG, JPEG and WebP, nothing else. Pictures
are decoded and written anew, so that nothing but their pixels is kept; a PDF is kept as it came and must only ever be
sent as a download. A database column that names a stored file is called `file_key`, in whatever table, so that
`inventory` finds them all.
"""

from assets.core.files.inventory import KEPT_LEFT_OVER, SWEPT_EVERY, Inventory, Owner, inventory, owners_of, sweep
from assets.core.files.kinds import EXTENSIONS, MAX_BYTES, PICTURES, content_type_of
from assets.core.files.names import display_name, file_name, title_of
from assets.core.files.shelf import Cleaned, NoSpace, StoredFile, cleaned, folder_in, keep, pieces_of, read, store

__all__ = [
    "EXTENSIONS",
    "KEPT_LEFT_OVER",
    "MAX_BYTES",
    "PICTURES",
    "SWEPT_EVERY",
    "Cleaned",
    "Inventory",
    "NoSpace",
    "Owner",
    "StoredFile",
    "cleaned",
    "content_type_of",
    "display_name",
    "file_name",
    "folder_in",
    "inventory",
    "keep",
    "owners_of",
    "pieces_of",
    "read",
    "store",
    "sweep",
    "title_of",
]
