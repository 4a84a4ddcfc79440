"""Rules of the NMEA parser: what counts as a fix, what counts for nothing, and that nothing breaks it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.fleet.nmea_out import sentences, void_sentences
from firmware_stubs.tracker.nmea import Fix, Parser, checksum, unix_time

places = st.builds(
    Fix,
    st.integers(1_000_000_000, 3_000_000_000),
    st.integers(-900_000_000, 900_000_000),
    st.integers(-1_800_000_000, 1_800_000_000),
)


def line(body: str) -> bytes:
    return f"${body}*{checksum(body):02X}\r\n".encode()


RMC = "GPRMC,123519.00,A,4807.038247,N,01131.324523,E,022.4,084.4,230394,003.1,W,A"
GGA = "GPGGA,123519.00,4807.038247,N,01131.324523,E,1,08,0.9,545.4,M,46.9,M,,"


@pytest.mark.parametrize("order", [(RMC, GGA), (GGA, RMC)])
def test_rmc_and_gga_of_one_second_are_one_fix(order: tuple[str, str]) -> None:
    (fix,) = Parser().feed(b"".join(line(body) for body in order))
    assert (fix.lat_e7, fix.lon_e7) == (481173041, 115220754)
    assert fix.t == datetime(1994, 3, 23, 12, 35, 19, tzinfo=UTC).timestamp()
    assert (fix.sat, fix.hdop, fix.alt_m, fix.mode, fix.hdg) == (8, 0.9, 545.4, 3, 84.4)
    assert fix.spd_kmh == pytest.approx(22.4 * 1.852)


def test_rmc_without_gga_goes_out_with_the_next_second() -> None:
    parser = Parser()
    assert parser.feed(line(RMC)) == []
    (fix,) = parser.feed(line(RMC.replace("123519", "123520")))
    assert (fix.mode, fix.sat, fix.alt_m) == (2, None, None)


@pytest.mark.parametrize(
    "body",
    [
        RMC.replace(",A,4807", ",V,4807"),
        RMC[:-1] + "N",
        RMC[:-1] + "S",
        RMC.replace("4807.", "9107."),
        RMC.replace("4807.", "4861."),
        RMC.replace(",N,", ",E,", 1),
        RMC.replace("230394", "330394"),
        RMC.replace("123519", "243519"),
        RMC.replace("4807.038247", "4807.03²247"),
        RMC.replace("022.4", "nan"),
        RMC.replace("022.4", "1e3"),
        "GPRMC,,V,,,,,,,,,,N",
        "GPRMC",
    ],
)
def test_void_or_impossible_sentences_give_no_fix(body: str) -> None:
    parser = Parser()
    gga = GGA.replace("123519", body.split(",")[1][:6] if "," in body else "123519")
    assert parser.feed(line(body) + line(gga) + line(RMC.replace("123519", "235959"))) == []
    assert parser.void + parser.damaged == 1


@pytest.mark.parametrize("quality", ["0", "7", "8", ""])
def test_a_second_that_gga_calls_void_gives_no_fix(quality: str) -> None:
    parser = Parser()
    assert (
        parser.feed(line(RMC) + line(GGA.replace(",E,1,", f",E,{quality},")) + line(RMC.replace("19.00", "20.00")))
        == []
    )


def test_a_year_of_80_and_above_is_not_in_the_future() -> None:
    assert unix_time("060180", "000000") == datetime(1980, 1, 6, tzinfo=UTC).timestamp()


@given(st.datetimes(datetime(2000, 1, 1), datetime(2079, 12, 31)))  # noqa: DTZ001  UTC is put on below
def test_time_is_that_of_the_calendar(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert unix_time(moment.strftime("%d%m%y"), moment.strftime("%H%M%S.%f")) == moment.timestamp()


@given(places, st.integers(0, 300), st.data())
def test_what_the_fleet_writes_is_read_back_exactly(fix: Fix, size: int, data: st.DataObject) -> None:
    fix.sat, fix.hdop, fix.alt_m, fix.spd_kmh, fix.hdg = 7, 1.2, 411.5, 36.0, 90.0
    raw = sentences(fix)
    cut = data.draw(st.integers(0, len(raw)))
    parser = Parser()
    (read,) = parser.feed(raw[:cut]) + parser.feed(raw[cut:])
    assert (read.t, read.lat_e7, read.lon_e7) == (fix.t, fix.lat_e7, fix.lon_e7)
    assert (read.sat, read.hdop, read.alt_m, read.hdg) == (7, 1.2, 411.5, 90.0)
    assert read.spd_kmh == pytest.approx(36.0, abs=0.002)


@given(places, st.data())
def test_one_damaged_character_never_gives_a_wrong_place(fix: Fix, data: st.DataObject) -> None:
    raw = bytearray(sentences(fix))
    at = data.draw(st.integers(0, len(raw) - 1))
    values = st.sampled_from(b"0123456789") | st.integers(0, 255)
    raw[at] = data.draw(values.filter(lambda value: value != raw[at]))
    for read in Parser().feed(bytes(raw) + sentences(Fix(100, 0, 0))):
        assert (read.lat_e7, read.lon_e7) in {(fix.lat_e7, fix.lon_e7), (0, 0)}


@given(st.lists(st.binary(max_size=200) | st.sampled_from([line(RMC), line(GGA), b"$GPRMC,", b"\n"]), max_size=30))
def test_garbage_breaks_nothing_and_a_good_sentence_after_it_counts(chunks: list[bytes]) -> None:
    parser = Parser()
    for chunk in chunks:
        for fix in parser.feed(chunk):
            assert abs(fix.lat_e7) <= 900_000_000
    later = parser.feed(b"\r\n" + sentences(Fix(1_800_000_000, 1, 2)))
    assert [(fix.t, fix.lat_e7, fix.lon_e7) for fix in later][-1] == (1_800_000_000, 1, 2)


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    parser = Parser()
    for _ in range(1000):
        parser.feed(b"x" * 100)
    assert len(parser._rest) <= 120


def test_a_receiver_without_reception_gives_no_fix() -> None:
    parser = Parser()
    assert parser.feed(void_sentences(1_798_112_345)) == []
    assert (parser.void, parser.damaged) == (2, 0)
