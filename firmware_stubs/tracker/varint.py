"""Whole numbers of any size in few bytes: seven bits a byte, low ones first, the top bit says that more follow."""


def put(out: bytearray, value: int) -> None:
    """Appends a number of 0 or more."""
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def take(data: bytes, at: int) -> "tuple[int, int]":
    """The number that stands at `at`, and where the next thing stands; IndexError if it is cut short."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def put_signed(out: bytearray, value: int) -> None:
    put(out, value * 2 if value >= 0 else -value * 2 - 1)


def take_signed(data: bytes, at: int) -> "tuple[int, int]":
    value, at = take(data, at)
    return (value >> 1 if value & 1 == 0 else -(value >> 1) - 1), at
