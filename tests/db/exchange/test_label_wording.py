"""What stands on labels beside the code: only what was asked for, and nothing on covert items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from assets.core.app import App
from assets.core.errors import InvalidInput
from assets.exchange.label_sheets import NO_WORDS, Wording, print_zpl
from assets.labels.zpl import field_data
from assets.registry.rules.asset_fields import parse_asset
from assets.registry.service.assets import register_asset
from assets.registry.service.catalogue import BatchDraft, GrantDraft, add_batch, add_grant
from assets.registry.service.label_layouts import set_donor_line
from tests.support.world import SETUP, Clock, World

LINE = "From the People of Japan"


@pytest.fixture
def printed(app: App, world: World, clock: Clock) -> Callable[..., str]:
    """Registers a vehicle of a Japanese grant and gives the words on its label."""
    with app.transaction(SETUP, clock.now) as session:
        donor = session.merge(world.organisations["JPN"])
        grant = add_grant(session, SETUP, GrantDraft("G", "Grant", donor))
        add_batch(session, SETUP, BatchDraft("B", grant, date(2018, 6, 25)))
        set_donor_line(session, SETUP, donor, LINE)

    def do(wording: Wording, **fields: str) -> str:
        with app.transaction(SETUP, clock.now) as session:
            draft = parse_asset({"class": "vehicle.patrol", "unit": "IMT-TK", "batch": "B", **fields})
            code = register_asset(session, SETUP, draft, clock.now).code
        who = world.actors["logistics_officer"]
        return print_zpl(app, who, codes=[code], label_mm=(80.0, 40.0), wording=wording, now=clock.now)

    return do


ALL = Wording("Tashkent", "uz", donor_mark=True)


def test_a_label_says_nothing_but_its_code_unless_asked(printed: Callable[..., str]) -> None:
    assert printed(NO_WORDS).count("^A0N") == 1


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "Patrol vehicle"), ("ru", "Патрульный автомобиль"), ("uz", "Patrul avtomobili")],
)
def test_the_class_is_named_in_the_language_asked_for(printed: Callable[..., str], language: str, name: str) -> None:
    assert f"^FD{field_data(name)}^FS" in printed(Wording(class_language=language))


def test_the_donors_line_stands_on_what_he_gave(printed: Callable[..., str]) -> None:
    assert f"^FD{field_data(LINE)}^FS" in printed(Wording(donor_mark=True))
    assert field_data(LINE) not in printed(Wording(class_language="en"))
    assert field_data(LINE) not in printed(Wording(donor_mark=True), batch="")


@pytest.mark.parametrize("reason", ["too_small", "fragile", "impairs_function", "consumable"])
def test_an_exempt_item_carries_no_mark(printed: Callable[..., str], reason: str) -> None:
    written = printed(ALL, visibility_mark="exempt", exemption_reason=reason)
    assert field_data(LINE) not in written
    assert "^FDTashkent^FS" in written


@pytest.mark.parametrize(
    "wording",
    [ALL, Wording("Tashkent"), Wording(class_language="en"), Wording(donor_mark=True)],
    ids=["all", "owner", "class", "donor"],
)
def test_a_covert_item_carries_no_words_at_all(printed: Callable[..., str], wording: Wording) -> None:
    written = printed(wording, visibility_mark="exempt", exemption_reason="covert_use")
    assert written.count("^A0N") == 1, "the code alone"


def test_the_owners_line_alone_stands_on_every_other_item(printed: Callable[..., str]) -> None:
    assert "^FDTashkent^FS" in printed(Wording("Tashkent"))


def test_an_unknown_language_is_refused(printed: Callable[..., str]) -> None:
    with pytest.raises(InvalidInput, match="one of: en, uz, ru"):
        printed(Wording(class_language="de"))
