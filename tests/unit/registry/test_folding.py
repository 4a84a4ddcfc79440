"""Folding: spellings of one name meet, look-alike identifiers are one, and folding twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets.registry.rules.folding import fold_identifier, fold_text

UZBEK = {
    "Фарғона вилояти": "Fargʻona viloyati",
    "Қорақалпоғистон Республикаси": "Qoraqalpogʻiston Respublikasi",
    "Қашқадарё": "Qashqadaryo",
    "Тошкент шаҳри": "Toshkent shahri",
    "Жиззах": "Jizzax",
    "Ўқув маркази": "Oʻquv markazi",
    "Чирчиқ, Юнусобод": "Chirchiq, Yunusobod",
}
LATIN_OF = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ғ": "gʻ", "д": "d", "ё": "yo", "ж": "j", "з": "z", "и": "i", "й": "y",
    "к": "k", "қ": "q", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ў": "oʻ", "ф": "f", "х": "x", "ҳ": "h", "ч": "ch", "ш": "sh", "ю": "yu", "я": "ya", " ": " ",
}  # fmt: skip
LOOK_ALIKES = dict(zip("ABEKMHOPCTYX", "АВЕКМНОРСТУХ", strict=True))


@pytest.mark.parametrize(("cyrillic", "latin"), UZBEK.items())
def test_both_scripts_of_an_uzbek_name_meet(cyrillic: str, latin: str) -> None:
    assert fold_text(cyrillic) == fold_text(latin)


@pytest.mark.parametrize("mark", ["'", "‘", "’", "`", "ʻ", "ʼ", "´", ""])
def test_every_apostrophe_and_none_at_all_meet(mark: str) -> None:
    assert fold_text(f"Farg{mark}ona") == "fargona"


@given(st.text(st.sampled_from(sorted(LATIN_OF)), max_size=30))
def test_each_uzbek_cyrillic_letter_meets_its_latin_spelling(word: str) -> None:
    latin = "".join(LATIN_OF[letter] for letter in word)
    assert fold_text(word) == fold_text(latin) == fold_text(latin.upper())


@given(st.text(max_size=40))
@example("A\u200b\u0301")
def test_folding_a_folded_text_changes_nothing(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
    assert fold_identifier(fold_identifier(text)) == fold_identifier(text)


@given(st.text(st.sampled_from("ABEKMHOPCTYX0123456789"), min_size=1, max_size=17), st.data())
def test_look_alike_letters_spaces_and_hyphens_do_not_make_another_serial(serial: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(
            st.sampled_from([letter, LOOK_ALIKES.get(letter, letter), letter.lower(), f" {letter}", f"-{letter}"])
        )
        for letter in serial
    )
    assert fold_identifier(typed) == fold_identifier(serial)


@given(st.text(st.sampled_from("0123456789ACDEFGHJKLMNPQRSTUVWXYZ"), max_size=17))
def test_a_vin_keeps_every_character_that_tells_it_apart(vin: str) -> None:
    assert fold_identifier(vin) == vin


def test_letter_o_is_zero_and_i_is_one() -> None:
    assert fold_identifier("o1І-ОI") == "01101"


def test_different_names_stay_different() -> None:
    assert len({fold_text(name) for name in (*UZBEK.values(), "Navoiy", "Namangan", "Xorazm")}) == len(UZBEK) + 3
