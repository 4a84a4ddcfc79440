"""Words for a donor: what must not be in them is found, and ordinary sentences are left alone."""

from __future__ import annotations

import pytest

from assets.core.errors import InvalidInput
from assets.registry.rules.folding import fold_identifier
from assets.reports.disclosure.texts import NUMBER, PERSON, PHONE, PLACE, PLATE, UNIT, VIN, Known, findings
from assets.reports.narrative import BY_CODE, plain, tidied

KNOWN = Known(
    identifiers=frozenset(map(fold_identifier, ("SN-VEH-0004", "trk-00017", "AB12CD", "OP-TK-0003", "P-001"))),
    names=("Karimov Sardor Baxtiyor oʻgʻli", "Юлдашева Гульчехра Абдурахмановна"),
    units=("Fargʻona viloyati guruhi",),
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The car 01 A 123 BC stood still.", PLATE),
        ("Plate 01777ABC, as agreed", PLATE),
        ("Автомобиль 01 А 777 ВС стоял", PLATE),
        ("VIN JTEBU3FJ05K700012 was checked", VIN),
        ("stopped at 41.31151, 69.27975", PLACE),
        ("about 41°18' north", PLACE),
        ("широта 39,65417", PLACE),
        ("at 41,311 69,279 they", PLACE),
        ("call +998 90 123 45 67", PHONE),
        ("тел. 90 123-45-67", PHONE),
        ("analyser sn veh 0004 broke", NUMBER),
        ("SN-VЕН-0004 with Cyrillic letters", NUMBER),
        ("label AB-12-CD fell off", NUMBER),
        ("tracker TRK 00017 was silent", NUMBER),
        ("IMEI 356938035643809", NUMBER),
        ("during OP-TK-0003 the van", NUMBER),
        ("Mr Karimov reported it", PERSON),
        ("by Sardor Baxtiyor", PERSON),
        ("Каримов сообщил", PERSON),
        ("отчёт Юлдашевой", PERSON),
        ("the team Fargʻona viloyati guruhi has none", UNIT),
        ("фарғона вилояти гуруҳи", UNIT),
    ],
)
def test_what_must_not_leave_the_house_is_found(text: str, kind: object) -> None:
    assert kind in [finding.kind for finding in findings(text, KNOWN)]


@pytest.mark.parametrize(
    "text",
    [
        "In 2026 we held 14 joint operations with 3 agencies; 41.5 % of the items were used.",
        "The fleet covered 41,300 km, then 72,300 km; 61,000 in spring.",
        "20.032 kg of heroin in one case; 39.654 kg in all.",
        "Fergana and Surkhandarya asked for 12 batteries each by 15.03.2027, at USD 1,250.50.",
        "Handover R2 of grant JPN-2018 (E/N 2018-114) brought 33 borescopes.",
        "The ten vehicles of 2018 are 8 years old; 150,000 km is the trigger.",
        "Контрольных поставок: 2. Все аппараты исправны на 98,5 %.",
        "",
    ],
)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    assert findings(text, KNOWN) == ()


def test_boxes_hold_plain_text_of_a_length() -> None:
    assert plain("a\r\n\r\n\r\nb \x00\u200b\u202ec\tz ") == "a\n\nb c z"
    with pytest.raises(InvalidInput) as refused:
        tidied({"problems": "x" * (BY_CODE["problems"].limit + 1), "nonsense": "a"})
    assert {error.field: error.code for error in refused.value.fields} == {
        "problems": "too_long", "nonsense": "unknown_box",
    }  # fmt: skip


def test_empty_boxes_are_left_out_and_the_others_stand_in_their_order() -> None:
    assert tidied({"lessons": "b", "problems": "a", "requests": "  \n "}) == (("problems", "a"), ("lessons", "b"))
