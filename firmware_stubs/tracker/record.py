"""One sample packed into about forty bytes for the flash, and written out as the JSON of the wire when it is sent.

Everything is kept in whole numbers, so that what is read back says digit for digit what was measured.
"""

import json
import struct

from firmware_stubs.tracker import varint, wire

EVENTS = (
    "ignition_on",
    "ignition_off",
    "moving",
    "stopped",
    "power_cut",
    "power_back",
    "tamper",
    "sos",
    "tow",
    "crash",
    "low_battery",
)
_PACKED, _TIME, _WIRED, _ON, _RECEIVER, _PLACE, _EVENTS, _HEALTH = 128, 1, 2, 4, 8, 16, 32, 64
EVENTFUL = _EVENTS  # the bit of a packed sample's first byte
_MORE = 128  # in the byte that says which values follow: JSON text of what has no place of its own
_SPACE = 64  # a fix in three dimensions
_PLACE_KEYS = (("alt", 1), ("spd", 1), ("hdg", 0), ("sat", 0), ("hdop", 1))  # with decimal places kept
_HEALTH_KEYS = (("vext", 2), ("vbat", 2), ("gsm", 0), ("tmp", 1))
_OTHERS = 1 << len(EVENTS)
_TENS = (1, 10, 100)


class Sample:
    """What is known at one moment; None and empty mean that it is not."""

    def __init__(self, up_ms: int, t: "int | None" = None) -> None:
        self.up_ms = up_ms
        self.t = t
        self.ignition: "bool | None" = None
        self.receiver = False  # the receiver works, whether it has a fix or not
        self.lat_e7: "int | None" = None
        self.lon_e7 = 0
        self.facts: "dict[str, int | float | None]" = {}  # alt, spd, hdg, sat, hdop
        self.mode = 0
        self.odo_mm = 0
        self.eng_ms = 0
        self.health: "dict[str, object]" = {}
        self.events: "list[str]" = []


def pack(sample: Sample) -> bytes:
    """The sample for the flash."""
    out = bytearray(1)
    out[0] = _head(sample)
    varint.put(out, sample.up_ms // 100)
    if sample.t is not None:
        varint.put_signed(out, sample.t)
    if sample.lat_e7 is not None:
        out.extend(struct.pack(">ii", sample.lat_e7, sample.lon_e7))
        _put_some(out, sample.facts, _PLACE_KEYS, _SPACE if sample.mode == 3 else 0)
    varint.put(out, sample.odo_mm // 100)
    varint.put(out, sample.eng_ms // 1000)
    if sample.health:
        _put_some(out, sample.health, _HEALTH_KEYS, 0)
        more = {key: value for key, value in sample.health.items() if key not in ("vext", "vbat", "gsm", "tmp")}
        if more:
            _put_text(out, json.dumps(more)[1:-1])
    if sample.events:
        _put_events(out, sample.events)
    return bytes(out)


def _head(sample: Sample) -> int:
    bits = _PACKED if sample.t is None else _PACKED | _TIME
    if sample.ignition is not None:
        bits |= _WIRED | _ON if sample.ignition else _WIRED
    if sample.receiver:
        bits |= _RECEIVER
    if sample.lat_e7 is not None:
        bits |= _PLACE
    if sample.events:
        bits |= _EVENTS
    if sample.health:
        bits |= _HEALTH
    return bits


def _put_some(
    out: bytearray,
    values: "dict[str, int | float | None] | dict[str, object]",
    keys: "tuple[tuple[str, int], ...]",
    bits: int,
) -> None:
    at = len(out)
    out.append(0)
    known = 0
    for number in range(len(keys)):
        key, places = keys[number]
        value = values.get(key)
        known += key in values
        if value is None or (key == "hdg" and not 0 <= value < 360):  # type: ignore[operator]  # a number, by its key
            continue
        bits |= 1 << number
        scaled: "int | float" = value * _TENS[places]  # type: ignore[operator]
        if places:
            scaled += 0.5 if scaled >= 0 else -0.5
        varint.put_signed(out, int(scaled))
    out[at] = bits if known == len(values) else bits | _MORE


def _put_text(out: bytearray, text: str) -> None:
    data = text.encode()
    varint.put(out, len(data))
    out.extend(data)


def _put_events(out: bytearray, words: "list[str]") -> None:
    mask = 0
    others = []
    for word in words:
        if word in EVENTS:
            mask |= 1 << EVENTS.index(word)
        else:
            others.append(word)
    varint.put(out, mask | _OTHERS if others else mask)
    if others:
        _put_text(out, ",".join(others))


# -- reading ----------------------------------------------------------------------------------------------------------


class _Reader:
    """Goes through a packed sample once."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def number(self) -> int:
        value, self.at = varint.take(self.data, self.at)
        return value

    def signed(self) -> int:
        value, self.at = varint.take_signed(self.data, self.at)
        return value

    def text(self) -> str:
        end = self.number()
        end += self.at
        text = self.data[self.at : end].decode()
        self.at = end
        return text

    def some(self, keys: "tuple[tuple[str, int], ...]") -> "tuple[str, int]":
        """The JSON of the values that follow, and the byte that said which."""
        bits = self.data[self.at]
        self.at += 1
        text = ""
        for number in range(len(keys)):
            if bits >> number & 1:
                key, places = keys[number]
                value = self.signed()
                text += ',"%s":%s' % (key, wire.fixed(value, places) if places else str(value))
        return text, bits

    def words(self) -> "list[str]":
        mask = self.number()
        found = [EVENTS[number] for number in range(len(EVENTS)) if mask >> number & 1]
        return found + self.text().split(",") if mask & _OTHERS else found


def _start(data: bytes) -> "tuple[int, int | None, _Reader]":
    up_ds, at = varint.take(data, 1)
    reader = _Reader(data, at)
    return up_ds, reader.signed() if data[0] & _TIME else None, reader


def _place(reader: _Reader, head: int) -> str:
    if not head & _PLACE:
        return ',"fix":0' if head & _RECEIVER else ""
    lat_e7, lon_e7 = struct.unpack_from(">ii", reader.data, reader.at)
    reader.at += 8
    text, bits = reader.some(_PLACE_KEYS)
    text = ',"lat":' + wire.fixed(lat_e7, 7) + ',"lon":' + wire.fixed(lon_e7, 7) + text
    return text + (',"fix":3' if bits & _SPACE else ',"fix":2')


def text(data: bytes, hidden: bool = False) -> bytes:
    """The sample as the wire says it; `hidden`: without where it was and what would help to find that."""
    head = data[0]
    up_ds, t, reader = _start(data)
    said = '{"up":' + wire.fixed(up_ds, 1)
    if t is not None:
        said += ',"t":%d' % t
    place = _place(reader, head)
    if not hidden:
        said += place
    if head & _WIRED:
        said += ',"ign":true' if head & _ON else ',"ign":false'
    said += ',"odo":' + wire.fixed(reader.number(), 1)
    said += ',"eng":%d' % reader.number()
    if head & _HEALTH:
        health, bits = reader.some(_HEALTH_KEYS)
        said += health
        if bits & _MORE:
            said += "," + reader.text()
    if head & _EVENTS:
        said += ',"ev":["' + '","'.join(reader.words()) + '"]'
    return (said + "}").encode()


def time_of(data: bytes) -> "int | None":
    """The UNIX time that the sample claims."""
    return _start(data)[1]


def placed(data: bytes) -> bool:
    return data[0] & _PLACE != 0


def eventful(data: bytes) -> bool:
    """Something happened: such a sample is never thinned out."""
    return data[0] & _EVENTS != 0


def alarming(data: bytes) -> bool:
    """One of its events is an alarm."""
    if not eventful(data):
        return False
    _, _, reader = _start(data)
    _place(reader, data[0])
    reader.number()
    reader.number()
    if data[0] & _HEALTH and reader.some(_HEALTH_KEYS)[1] & _MORE:
        reader.text()
    return any(word in wire.ALARMS for word in reader.words())
