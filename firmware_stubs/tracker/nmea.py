"""Turns the byte stream of a GNSS receiver (NMEA 0183: RMC and GGA) into fixes; void and damaged ones give none."""

MAX_LINE = 120  # the standard says 82; some receivers write more digits


class Fix:
    """One position as the receiver gave it. Unknown values are None. `mode` is 2 or 3 dimensions."""

    def __init__(self, t: "int | None", lat_e7: int, lon_e7: int) -> None:
        self.t = t  # s, UNIX, UTC
        self.lat_e7 = lat_e7  # 1e-7 degrees
        self.lon_e7 = lon_e7
        self.spd_kmh: "float | None" = None
        self.hdg: "float | None" = None
        self.alt_m: "float | None" = None
        self.sat: "int | None" = None
        self.hdop: "float | None" = None
        self.mode = 2


def checksum(body: str) -> int:
    """XOR of all characters between `$` and `*`."""
    total = 0
    for char in body:
        total ^= ord(char)
    return total


def unix_time(date: str, clock: str) -> int:
    """Seconds since 1970 from `ddmmyy` and `hhmmss[.sss]`; ValueError if they are no date or time.

    A year of 80 and above is 19xx: a receiver with a flat backup battery starts in 1980 and must look wrong.
    """
    if len(date) != 6 or not date.isdigit() or len(clock) < 6 or not clock[:6].isdigit():
        raise ValueError("time")
    day, month, year = int(date[:2]), int(date[2:4]), int(date[4:])
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:6])
    year += 1900 if year >= 80 else 2000
    if not (1 <= day <= 31 and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 61):
        raise ValueError("time")
    # days since 1970-01-01 in the Gregorian calendar, counting years from March
    shifted = year - (1 if month <= 2 else 0)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719468
    return days * 86400 + hour * 3600 + minute * 60 + second


def degrees_e7(value: str, side: str, limit: int) -> int:
    """`ddmm.mmmm` with N/S/E/W as 1e-7 degrees, in whole numbers; ValueError beyond `limit` degrees."""
    whole, _, part = value.partition(".")
    if len(whole) < 3 or not whole.isdigit() or not (part == "" or part.isdigit()):
        raise ValueError("angle")
    if side not in (("N", "S") if limit == 90 else ("E", "W")):
        raise ValueError("side")
    minutes_e7 = int(whole[-2:]) * 10000000 + int((part + "0000000")[:7])
    if minutes_e7 >= 600000000:
        raise ValueError("minutes")
    angle = int(whole[:-2]) * 10000000 + (minutes_e7 + 30) // 60
    if angle > limit * 10000000:
        raise ValueError("angle")
    return -angle if side in ("S", "W") else angle


def number(value: str) -> "float | None":
    """A decimal number, None for an empty field; ValueError for anything else (so no `nan`, `1e9`, `1_0`)."""
    if value == "":
        return None
    digits = value[1:] if value[0] == "-" else value
    whole, _, part = digits.partition(".")
    if len(digits) > 12 or not (whole + part).isdigit():
        raise ValueError("number")
    return float(value)


class Parser:
    """Feeds on bytes in any portions; joins the RMC and the GGA of one second into one fix, in either order."""

    def __init__(self) -> None:
        self._rest = b""
        self._rmc: "tuple[str, Fix] | None" = None
        self._gga: "tuple[str, list[str]] | None" = None
        self.damaged = 0  # sentences with a wrong checksum or unreadable fields
        self.void = 0  # sentences that say that there is no fix

    def feed(self, data: bytes) -> "list[Fix]":
        """The fixes completed by these bytes, oldest first. Never raises for what a line may hold."""
        fixes: "list[Fix]" = []
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE:  # noise without a line end must not fill the memory
            self._rest = b""
            self.damaged += 1
        for line in lines:
            try:
                self._line(line.strip(), fixes)
            except ValueError:
                self.damaged += 1
        return fixes

    def _line(self, line: bytes, fixes: "list[Fix]") -> None:
        start = line.rfind(b"$")  # the head of a line may be the tail of a lost one
        if start < 0 or len(line) - start > MAX_LINE:
            if line:
                self.damaged += 1
            return
        text = line[start + 1 :].decode("ascii")
        body, star, check = text.partition("*")
        if star == "" or len(check) != 2 or int(check, 16) != checksum(body):
            raise ValueError("checksum")
        fields = body.split(",")
        kind = fields[0][2:]
        if kind == "RMC":
            self._on_rmc(fields, fixes)
        elif kind == "GGA":
            self._on_gga(fields, fixes)

    def _on_rmc(self, f: "list[str]", fixes: "list[Fix]") -> None:
        if len(f) < 10:
            raise ValueError("RMC")
        self._flush(f[1], fixes)
        # mode N: no fix; M and S: typed in or made by a simulator, not measured
        if f[2] != "A" or (len(f) > 12 and f[12] in ("N", "M", "S")):
            self.void += 1
            return
        fix = Fix(unix_time(f[9], f[1]), degrees_e7(f[3], f[4], 90), degrees_e7(f[5], f[6], 180))
        knots = number(f[7])
        fix.spd_kmh = None if knots is None else knots * 1.852
        fix.hdg = number(f[8])
        self._rmc = (f[1], fix)
        self._join(fixes)

    def _on_gga(self, f: "list[str]", fixes: "list[Fix]") -> None:
        if len(f) < 10:
            raise ValueError("GGA")
        self._flush(f[1], fixes)
        if f[6] in ("", "0", "7", "8"):
            self.void += 1
            if self._rmc is not None and self._rmc[0] == f[1]:
                self._rmc = None  # the same second is void by the other sentence
            return
        number(f[8])
        number(f[9])
        if f[7] != "" and not f[7].isdigit():
            raise ValueError("satellites")
        self._gga = (f[1], f)
        self._join(fixes)

    def _join(self, fixes: "list[Fix]") -> None:
        if self._rmc is None or self._gga is None or self._rmc[0] != self._gga[0]:
            return
        fix, f = self._rmc[1], self._gga[1]
        fix.sat = int(f[7]) if f[7] else None
        fix.hdop = number(f[8])
        fix.alt_m = number(f[9])
        fix.mode = 2 if fix.alt_m is None else 3
        self._rmc = self._gga = None
        fixes.append(fix)

    def _flush(self, clock: str, fixes: "list[Fix]") -> None:
        """A sentence of a new second: an RMC still waiting for its GGA goes out alone (some receivers send no GGA)."""
        if self._rmc is not None and self._rmc[0] != clock:
            fixes.append(self._rmc[1])
            self._rmc = None
        if self._gga is not None and self._gga[0] != clock:
            self._gga = None
