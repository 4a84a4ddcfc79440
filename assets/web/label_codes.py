"""Label codes in addresses and commands: read forgivingly, or refused with what is wrong about them."""

from __future__ import annotations

from assets.core.errors import FieldError, InvalidInput
from assets.core.i18n import msg
from assets.labels.token import CodeError, code_from_scan


def read_code(text: str, own_bases: tuple[str, ...] = (), field: str = "code") -> str:
    """The canonical label code in what was typed, scanned or sent.

    `InvalidInput` with code label_mistyped when its check character does not fit, not_a_label for anything else.
    """
    try:
        return code_from_scan(text, own_bases)
    except CodeError as error:
        if error.reason == "mistyped":
            words, code = msg("The label code is mistyped: its check character does not fit."), "label_mistyped"
        else:
            words, code = msg("This is not a label code; it looks like XXXXX-XXXXX."), "not_a_label"
        raise InvalidInput(words, code=code, fields=[FieldError(field, words, code)]) from error
