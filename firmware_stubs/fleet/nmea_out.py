"""Writes fixes as the NMEA sentences that a receiver would send, fine enough to lose no distance (2 mm)."""

import time

from firmware_stubs.tracker.nmea import Fix, checksum


def _angle(value_e7: int, degree_digits: int, sides: str) -> str:
    side = sides[1] if value_e7 < 0 else sides[0]
    degrees, part_e7 = divmod(abs(value_e7), 10_000_000)
    minutes_e6 = part_e7 * 6  # a 1e-7 degree is exactly 6e-6 minutes
    return f"{degrees:0{degree_digits}d}{minutes_e6 // 1_000_000:02d}.{minutes_e6 % 1_000_000:06d},{side}"


def _sentence(body: str) -> str:
    return f"${body}*{checksum(body):02X}\r\n"


def _decimal(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"


def sentences(fix: Fix) -> bytes:
    """RMC and GGA of one fix. The fix must carry a time."""
    if fix.t is None:
        raise ValueError("a fix without time cannot be written as NMEA")
    clock, date = _clock(fix.t)
    place = f"{_angle(fix.lat_e7, 2, 'NS')},{_angle(fix.lon_e7, 3, 'EW')}"
    knots = None if fix.spd_kmh is None else fix.spd_kmh / 1.852
    rmc = f"GNRMC,{clock},A,{place},{_decimal(knots, 3)},{_decimal(fix.hdg, 2)},{date},,,A"
    sat = "" if fix.sat is None else f"{fix.sat:02d}"
    gga = f"GNGGA,{clock},{place},1,{sat},{_decimal(fix.hdop, 1)},{_decimal(fix.alt_m, 1)},M,,M,,"
    return (_sentence(rmc) + _sentence(gga)).encode()


def void_sentences(unix_s: float) -> bytes:
    """What a receiver sends that sees no satellites."""
    clock, date = _clock(int(unix_s))
    return (_sentence(f"GNRMC,{clock},V,,,,,,,{date},,,N") + _sentence(f"GNGGA,{clock},,,,,0,00,,,M,,M,,")).encode()


def _clock(unix_s: int) -> tuple[str, str]:
    parts = time.gmtime(unix_s)
    return time.strftime("%H%M%S.00", parts), time.strftime("%d%m%y", parts)
