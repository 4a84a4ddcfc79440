"""Rules of the charts: honest scales, missing data shown as missing, text that cannot break the picture."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assets.reports.render.charts import (
    NARROW,
    REGION_TILES,
    WIDE,
    Bar,
    Estimate,
    Look,
    Point,
    Region,
    StackedBar,
    bars,
    interval_dots,
    line,
    region_tiles,
    stacked_bars,
)
from assets.reports.render.charts.canvas import PRINT, ticks, wrapped
from assets.reports.render.charts.examples import DRAWINGS, draw
from assets.reports.render.charts.tiles import band

SVG = "{http://www.w3.org/2000/svg}"
LOOK = Look("Finding", "Measure")


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - the text is our own


def rects(svg: str, name: str) -> list[dict[str, float]]:
    found = [each for each in parsed(svg).iter(f"{SVG}rect") if each.get("class") == name]
    return [{key: float(each.get(key, "0")) for key in ("x", "y", "width", "height")} for each in found]


def words(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in parsed(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_chart_carries_inline_style_or_script(kind: str, width: int) -> None:
    for palette in ("page", "print"):
        root = parsed(draw(kind, palette, width))
        assert not [
            each for each in root.iter() if "style" in each.attrib or each.tag in {f"{SVG}style", f"{SVG}script"}
        ]


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
def test_a_printed_chart_has_fixed_colours_and_a_page_chart_has_none(kind: str) -> None:
    page, printed = draw(kind, "page", WIDE), draw(kind, "print", WIDE)
    shapes = [each for each in parsed(printed).iter() if each.tag in {f"{SVG}rect", f"{SVG}text", f"{SVG}circle"}]
    assert shapes
    assert all(re.fullmatch("#[0-9a-f]{6}", each.get("fill", "")) for each in shapes)
    assert "#" not in page


def grey(colour: str) -> float:
    """How light a colour is in a grey copy: relative luminance (WCAG 2), 0 black to 1 white."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def apart(one: str, other: str) -> float:
    """The contrast of two colours when they are printed grey, 1 to 21."""
    dark, light = sorted((grey(PRINT[one]["fill"]), grey(PRINT[other]["fill"])))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("steps", [("s1", "s2", "s3", "s4"), ("band4", "band3", "band2", "band1", "band0")])
def test_steps_of_a_printed_chart_go_from_dark_to_light_in_grey(steps: tuple[str, ...]) -> None:
    lights = [grey(PRINT[step]["fill"]) for step in steps]
    assert lights == sorted(lights)
    assert all(apart(one, other) >= 1.25 for one, other in itertools.pairwise(steps))
    # The palest step has an edge of its own or its figure beside it; all others differ from paper by themselves.
    assert all(apart(step, "on1") >= 1.25 for step in steps if step != "band0")
    assert "stroke-dasharray" in PRINT["band0"]


def test_figures_on_printed_parts_can_be_read_in_grey() -> None:
    for n in range(1, 5):
        assert apart(f"s{n}", f"on{n}") >= 4.5
    for n in range(5):
        ink = {0: "", 4: "ink-light"}.get(n, "ink-dark")
        assert apart(f"band{n}", ink) >= 4.5


@pytest.mark.parametrize("kind", ["bars", "stacked", "tiles"])
def test_every_part_of_a_printed_chart_has_its_word(kind: str) -> None:
    # States as bars: ready and blocked are the same grey, so that only the word beside tells them apart.
    shown = words(draw(kind, "print", WIDE))
    if kind == "tiles":
        assert len([text for text in shown if re.fullmatch(r"\d+ %|\?", text)]) == len(REGION_TILES)
    elif kind == "stacked":
        assert {"ready", "due", "blocked", "unknown"} <= set(shown)
    else:
        assert sum("days" in text or text == LOOK.missing for text in shown) == 5
    states = [Bar(state, 3, f"3 {state}", kind=state) for state in ("ready", "due", "blocked", "unknown", "away")]
    shown = words(bars(states, Look("t", palette="print")))
    assert all(f"3 {bar.label}" in shown for bar in states)


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_is_drawn_outside_the_picture(kind: str, width: int) -> None:
    root = parsed(draw(kind, "page", width))
    height = float(root.get("height", "0"))
    for each in root.iter(f"{SVG}rect"):
        assert float(each.get("x", "0")) >= 0
        assert float(each.get("x", "0")) + float(each.get("width", "0")) <= width + 0.5
        assert float(each.get("y", "0")) + float(each.get("height", "0")) <= height + 0.5
    assert all(0 <= float(each.get("y", "0")) <= height for each in root.iter(f"{SVG}text"))


def test_title_and_description_are_there_for_those_who_hear_the_page() -> None:
    root = parsed(bars([Bar("A", 1)], Look('Use "grew" <fast>', "Days & nights")))
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Use "grew" <fast>. Days & nights'
    assert root.findtext(f"{SVG}title") == 'Use "grew" <fast>'
    assert root.findtext(f"{SVG}desc") == "Days & nights"


@given(st.text(), st.text())
def test_no_text_can_break_the_picture(label: str, figure: str) -> None:
    for palette in ("page", "print"):
        parsed(bars([Bar(label, 1.0, figure)], Look(label, figure, palette=palette)))


@given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=12))
@example([1.0, 2.0, 4.0])
def test_bars_start_at_zero_and_keep_their_proportions(values: list[float]) -> None:
    drawn = rects(bars([Bar(str(index), value) for index, value in enumerate(values)], LOOK), "s1")
    assert len({each["x"] for each in drawn}) == 1
    longest = max(drawn, key=lambda each: each["width"])["width"]
    for value, each in zip(values, drawn, strict=True):
        # One px is the least that shows; below it a bar would look like a nought.
        expected = longest * value / (max(values) or 1)
        assert each["width"] == pytest.approx(max(expected, 1 if value else 0), abs=0.02)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_missing_value_is_a_word_and_not_a_bar(value: float | None) -> None:
    svg = bars([Bar("Sirdaryo", value), Bar("Buxoro", 3)], Look("t", missing="нет данных"))
    assert "нет данных" in words(svg)
    assert len(rects(svg, "s1")) == 1


def test_nought_is_shown_as_nought_and_not_as_missing() -> None:
    svg = bars([Bar("A", 0), Bar("B", 2)], LOOK)
    assert "0" in words(svg)
    assert LOOK.missing not in words(svg)


def test_negative_values_are_refused() -> None:
    with pytest.raises(ValueError, match="zero"):
        bars([Bar("A", -1)], LOOK)
    with pytest.raises(ValueError, match="zero"):
        stacked_bars([StackedBar("A", (1, -1))], ("a", "b"), LOOK)


def test_parts_of_a_stacked_bar_follow_each_other_and_add_up() -> None:
    svg = stacked_bars([StackedBar("A", (30, 10)), StackedBar("B", (10, 10))], ("ready", "due"), LOOK)
    ready, due = rects(svg, "s1"), rects(svg, "s2")
    for left, right in zip(ready[:2], due[:2], strict=True):
        if left["height"] > 12:
            assert right["x"] == pytest.approx(left["x"] + left["width"] + 1, abs=0.02)
    bar = [each for each in ready + due if each["height"] > 12]
    assert bar[0]["width"] + 1 == pytest.approx(3 * (bar[1]["width"] + 1), abs=0.05)


def test_a_stacked_bar_with_other_parts_than_series_is_refused() -> None:
    with pytest.raises(ValueError, match="3 parts for 2 series"):
        stacked_bars([StackedBar("A", (1, 2, 3))], ("a", "b"), LOOK)


def test_a_line_breaks_where_data_is_missing_and_says_so() -> None:
    points = [Point(str(month), value) for month, value in enumerate([1, 2, None, None, 4, 5, 6, 7, 8, 9])]
    svg = line(points, LOOK)
    assert len(list(parsed(svg).iter(f"{SVG}polyline"))) == 2
    assert len(rects(svg, "gap")) == 1
    assert LOOK.missing in words(svg)


def test_a_lone_value_between_gaps_is_a_dot() -> None:
    svg = line([Point("1", None), Point("2", 3), Point("3", None), Point("4", 2), Point("5", 2)], LOOK)
    assert len(list(parsed(svg).iter(f"{SVG}circle"))) == 2  # the lone value, and the newest one


def test_a_line_without_any_value_is_still_a_picture() -> None:
    assert LOOK.missing in words(line([Point(str(n), None) for n in range(6)], LOOK))
    parsed(line([], LOOK))
    parsed(line([Point("1", 5)], LOOK))


def test_the_scale_of_a_line_holds_zero() -> None:
    assert "0" in words(line([Point("a", 990), Point("b", 1000)], LOOK))


def test_period_labels_do_not_touch() -> None:
    svg = line([Point(f"{day:02}.11.2026", day) for day in range(1, 31)], Look("t", width=NARROW))
    places = sorted(
        float(each.get("x", "0")) for each in parsed(svg).iter(f"{SVG}text") if (each.text or "").endswith(".2026")
    )
    assert len(places) >= 2
    assert all(after - before > 60 for before, after in itertools.pairwise(places))


def test_an_interval_spans_its_low_and_high_on_the_same_scale_as_its_dot() -> None:
    svg = interval_dots([Estimate("A", 2, 1, 3), Estimate("B", 4, 4, 4)], LOOK)
    spans = [
        (float(each.get("x1", "0")), float(each.get("x2", "0")))
        for each in parsed(svg).iter(f"{SVG}line")
        if each.get("class") == "interval" and each.get("y1") == each.get("y2")
    ]
    dots = [float(each.get("cx", "0")) for each in parsed(svg).iter(f"{SVG}circle")]
    assert dots[0] == pytest.approx(sum(spans[0]) / 2, abs=0.02)
    assert spans[1][0] == spans[1][1] == dots[1]


def test_an_estimate_without_an_interval_draws_none() -> None:
    svg = interval_dots([Estimate("A", 2, None, None)], LOOK, reference=1)
    assert not [each for each in parsed(svg).iter(f"{SVG}line") if each.get("class") == "interval"]


@pytest.mark.parametrize(("value", "place"), [(0, 1), (60, 1), (60.1, 2), (75, 2), (90, 3), (90.5, 4), (1e9, 4)])
def test_a_value_on_a_limit_belongs_to_the_band_below(value: float, place: int) -> None:
    assert band(value, (60, 75, 90)) == place


def test_all_fourteen_regions_are_drawn_and_none_covers_another() -> None:
    assert len(REGION_TILES) == len(set(REGION_TILES.values())) == 14
    svg = region_tiles([Region("UZ-TK", "Toshkent shahri", 80)], (60, 75, 90), LOOK)
    tiles = [each for each in parsed(svg).iter(f"{SVG}rect") if float(each.get("width", "0")) > 20]
    assert len(tiles) == 14


def test_a_region_not_reported_is_missing_and_not_the_lowest_band() -> None:
    svg = region_tiles([Region("UZ-QR", "QR", 0), Region("UZ-XO", "XO", None)], (60, 75, 90), LOOK)
    big = [each for each in parsed(svg).iter(f"{SVG}rect") if float(each.get("width", "0")) > 20]
    assert [each.get("class") for each in big].count("band1") == 1
    assert [each.get("class") for each in big].count("band0") == 13


@pytest.mark.parametrize("code", ["UZ-KH", "QR", ""])
def test_a_code_that_is_not_iso_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 3166-2"):
        region_tiles([Region(code, "x", 1)], (1,), LOOK)


@pytest.mark.parametrize("limits", [(3, 2), (1, 1), (1, 2, 3, 4)])
def test_limits_that_do_not_ascend_or_are_too_many_are_refused(limits: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        region_tiles([], limits, LOOK)


@given(
    st.floats(min_value=-1e9, max_value=1e9, allow_subnormal=False),
    st.floats(min_value=1e-3, max_value=1e9, allow_subnormal=False),
)
def test_ticks_hold_the_range_and_are_few(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert found[0] <= low + span * 1e-6
    assert found[-1] >= low + span * (1 - 1e-6)
    assert 2 <= len(found) <= 8
    assert found == sorted(set(found))


@given(st.text(alphabet="abcdefgh оʻғш", max_size=200), st.floats(min_value=20, max_value=400))
def test_wrapping_loses_no_letter_before_its_ellipsis(text: str, width: float) -> None:
    lines = wrapped(text, width, most=3)
    assert len(lines) <= 3
    shown = "".join("".join(lines).split())
    whole = "".join(text.split())
    assert shown == whole if not shown.endswith("…") else whole.startswith(shown[:-1])
