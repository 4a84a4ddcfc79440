"""Rules of label codes: what is caught, what is forgiven, whose addresses are read."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.labels.token import (
    ALPHABET,
    CodeError,
    ForeignAddress,
    check_character,
    code_from_scan,
    format_code,
    from_keyboard_layout,
    new_code,
    parse_code,
)

bodies = st.text(alphabet=ALPHABET, min_size=9, max_size=9)
codes = bodies.map(lambda body: body + check_character(body))
CODE = "84G7ZWYRDA"
OWN = ("https://assets.example.uz", "http://10.0.0.5:8000", "https://old.example.org/team/assets/")


def reason(text: str, own: tuple[str, ...] = OWN) -> str:
    with pytest.raises(CodeError) as caught:
        code_from_scan(text, own)
    return caught.value.reason


def test_the_example_code_is_valid() -> None:
    assert parse_code(CODE) == CODE


@given(codes)
def test_every_single_substitution_is_caught(code: str) -> None:
    for at, right in enumerate(code):
        for wrong in set(ALPHABET) - {right}:
            with pytest.raises(CodeError) as caught:
                parse_code(code[:at] + wrong + code[at + 1 :])
            assert caught.value.reason == "mistyped"


@given(codes)
def test_every_swap_of_two_different_characters_is_caught(code: str) -> None:
    for first in range(10):
        for second in range(first + 1, 10):
            if code[first] != code[second]:
                swapped = list(code)
                swapped[first], swapped[second] = swapped[second], swapped[first]
                with pytest.raises(CodeError) as caught:
                    parse_code("".join(swapped))
                assert caught.value.reason == "mistyped"


def test_substitution_and_neighbour_swap_are_caught_for_every_pair_of_symbols_at_every_place() -> None:
    rng = random.Random(0)
    for at in range(9):
        for left in ALPHABET:
            for right in ALPHABET.replace(left, ""):
                # The neighbours stand at `at` and `at + 1`; at 8 the second is the check character itself.
                body = [rng.choice(ALPHABET) for _ in range(9)]
                body[at] = left
                if at < 8:
                    body[at + 1] = right
                code = list("".join(body) + check_character("".join(body)))
                for broken in ([*code[:at], right, *code[at + 1 :]], swapped_at(code, at)):
                    if broken != code:
                        with pytest.raises(CodeError):
                            parse_code("".join(broken))


def swapped_at(code: list[str], at: int) -> list[str]:
    return [*code[:at], code[at + 1], code[at], *code[at + 2 :]]


def test_new_codes_are_valid_and_use_every_symbol_at_every_place() -> None:
    rng = random.Random(7)
    made = [new_code(rng) for _ in range(2000)]
    assert all(parse_code(code) == code for code in made)
    assert len(set(made)) == 2000
    assert all({code[at] for code in made} == set(ALPHABET) for at in range(10))
    assert parse_code(new_code())


@given(codes, st.data())
def test_typing_is_forgiven_in_case_lookalikes_and_hyphens(code: str, data: st.DataObject) -> None:
    looks_like = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(
        data.draw(st.sampled_from(looks_like.get(letter, letter + letter.lower())))
        + data.draw(st.sampled_from(["", "-", " ", "–", "\u200b"]))
        for letter in code
    )
    assert parse_code(typed) == code
    assert code_from_scan(f"  {typed}\r\n", OWN) == code


@given(codes)
def test_a_code_is_printed_in_two_groups_and_read_back(code: str) -> None:
    assert format_code(code) == f"{code[:5]}-{code[5:]}"
    assert parse_code(format_code(code)) == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("84G7Z-WYRD", "length"),
        ("84G7Z-WYRDAA", "length"),
        ("84G7Z-WYRDU", "alphabet"),
        ("84G7Z-WYRDı", "alphabet"),
        ("84G7Z-WYRD٣", "alphabet"),
        ("84G7Z_WYRDA", "alphabet"),
        ("84G7Z-WYRDB", "mistyped"),
    ],
)
def test_malformed_and_mistyped_are_told_apart(text: str, expected: str) -> None:
    with pytest.raises(CodeError) as caught:
        parse_code(text)
    assert caught.value.reason == expected


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA",
        "https://assets.example.uz/a/84g7z-wyrda",
        "http://assets.example.uz:80/a/84G7ZWYRDA/",
        "https://assets.example.uz.:443/a/84G7ZWYRDA?from=paper#x",
        "assets.example.uz/a/84G7ZWYRDA",
        "http://10.0.0.5:8000/A/84G7ZWYRDA",
        "https://old.example.org/team/assets/a/84G7ZWYRDA",
    ],
)
def test_a_label_of_any_address_of_ours_leads_to_its_code(text: str) -> None:
    assert code_from_scan(text, OWN) == CODE


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/a/84G7ZWYRDA",
        "https://assets.example.uz.evil.example/a/84G7ZWYRDA",
        "https://assets.example.uz@evil.example/a/84G7ZWYRDA",
        "https://evil.example@assets.example.uz/a/84G7ZWYRDA",
        "https://evil.example\\@assets.example.uz/a/84G7ZWYRDA",
        "https://evil.example\\.assets.example.uz/a/84G7ZWYRDA",
        "https://assets.example.uz:8443/a/84G7ZWYRDA",
        "https://аssets.example.uz/a/84G7ZWYRDA",
        "https://assets.example.uz%2eevil.example/a/84G7ZWYRDA",
        "https://assets.example.uz\n.evil.example/a/84G7ZWYRDA",
        "javascript://assets.example.uz/a/84G7ZWYRDA",
        "//evil.example/a/84G7ZWYRDA",
        "evil.example/a/84G7ZWYRDA",
        "http://10.0.0.5/a/84G7ZWYRDA",
    ],
)
def test_a_foreign_address_is_refused_even_around_a_valid_code(text: str) -> None:
    with pytest.raises(ForeignAddress):
        code_from_scan(text, OWN)


def test_an_address_of_ours_that_is_no_label_is_told_apart() -> None:
    assert reason("https://assets.example.uz/login") == "not_a_label"
    assert reason("https://old.example.org/a/84G7ZWYRDA") == "not_a_label"
    assert reason("https://assets.example.uz/a/84G7ZWYRDB") == "mistyped"
    assert reason("https://assets.example.uz/a/84G7ZWYRDA/edit") == "alphabet"
    assert reason("https://assets.example.uz/a/" + "0" * 5000) == "length"


def test_without_own_addresses_only_bare_codes_are_read() -> None:
    assert code_from_scan(CODE, ("",)) == CODE
    assert reason("https://assets.example.uz/a/84G7ZWYRDA", ("",)) == "foreign"
    assert reason("/a/84G7ZWYRDA", ("",)) == "foreign"


@given(st.text(max_size=60))
def test_a_scan_gives_a_valid_code_or_a_reason(text: str) -> None:
    def outcome() -> str:
        try:
            return parse_code(code_from_scan(text, OWN))
        except CodeError as refused:
            return refused.reason

    assert len(outcome()) == 10 or outcome() in ("empty", "length", "alphabet", "mistyped", "not_a_label", "foreign")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # The letters as the Russian layout gives them for the keys of the address, capitals by Shift.
        ("РЕЕЗЫЖ..ФЫЫУЕЫюУЧФЬЗДУюГЯ.Ф.84П7ЯЦНКВФ", "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA"),
        # Capitals by Caps Lock: the layout's own marks change places.
        ("РЕЕЗЫж..ФЫЫУЕЫЮУЧФЬЗДУЮГЯ.Ф.84П7ЯЦНКВФ", "HTTPS://ASSETS.EXAMPLE.UZ/A/84G7ZWYRDA"),
        ("рееыж..", "htts://"),
        # Uzbek Cyrillic: own letters on the keys O, S, hyphen and equals.
        ("РЕЕЗҚЖ..ЎДВғ1юГЯ.Ф.", "HTTPS://OLD-1.UZ/A/"),
        ("84П7Я-ЦНКВФ", "84G7Z-WYRDA"),
        ("84П7ЯғЦНКВФ", "84G7Z-WYRDA"),
        ("84G7Z-WYRDA", "84G7Z-WYRDA"),
        ("https://a.uz/a/?x=1", "https://a.uz/a/?x=1"),
    ],
)
def test_a_scanner_under_a_cyrillic_layout_is_understood(typed: str, meant: str) -> None:
    assert from_keyboard_layout(typed) == meant


@pytest.mark.parametrize(
    "typed", ["РЕЕЗЫЖ..ФЫЫУЕЫюУЧФЬЗДУюГЯ.Ф.84П7ЯЦНКВФ", "84П7ЯЦНКВФ", "84п7я-цнквф", "84П7ЯғЦНКВФ\r"]
)
def test_a_scan_under_a_cyrillic_layout_leads_to_the_code(typed: str) -> None:
    assert code_from_scan(typed, OWN) == CODE
