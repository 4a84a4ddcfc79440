"""Folding: one form for texts that people write in several ways, for search and for finding duplicates.

What was typed is kept as typed; only the folded form is compared.
"""

from __future__ import annotations

import re
import unicodedata

# Uzbek oʻ, gʻ and the tutuq belgisi are typed with any of these; they carry no difference worth losing a match for.
_APOSTROPHES = dict.fromkeys(map(ord, "'‘’‛`´ʻʼʹʽ′"), None)

_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "ё": "yo", "ж": "j", "з": "z", "и": "i",
    "й": "y", "к": "k", "қ": "q", "л": "l", "м": "m", "н": "n", "ң": "n", "о": "o", "ө": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ў": "o", "ү": "u", "ф": "f", "х": "x", "ҳ": "h", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "i", "є": "e", "ә": "a",
    "ı": "i",
}  # fmt: skip
_LETTERS = str.maketrans(_CYRILLIC)

# Letters that look alike, in capitals; zero and one take the letters that are read for them.
_HOMOGLYPHS = str.maketrans(
    "АВЕЁЗКМНОРСТУХІЈЅԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧOI",
    "ABEE3KMH0PCTYX1JSQWABEZH1KMN0PTYX01",
)
_SEPARATORS = re.compile(r"[\s\-\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff_.]+")


def fold_text(text: str) -> str:
    """`text` for search: one case, no apostrophes or diacritics, Cyrillic written in Latin, single spaces.

    Uzbek in either script meets ("Фарғона", "Fargʻona", "fargona"); Russian is written by the same table.
    """
    # Apostrophes go first: the acute accent that stands alone would come apart into a space and a mark.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold())
    # Before marks are dropped, й and ё must have been read as letters of their own; after it, what was under them.
    folded = folded.translate(_LETTERS)
    folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    folded = folded.casefold().translate(_LETTERS).translate(_APOSTROPHES)
    return " ".join(folded.split())


def fold_identifier(text: str) -> str:
    """`text` for comparing serial numbers, VINs, plates and inventory numbers.

    Capitals, Cyrillic and Greek look-alikes as Latin, O read as 0 and I as 1, without spaces, hyphens, dots.
    """
    before, folded = None, text
    # What a separator kept apart may join (a letter and its accent), and capitals may come apart: until it is stable.
    while folded != before:
        before = folded
        folded = unicodedata.normalize("NFKC", _SEPARATORS.sub("", folded)).upper().translate(_HOMOGLYPHS)
    return folded
