"""Checks Ed25519 signatures (RFC 8032) in whole numbers only: small boards have no such thing, nor SHA-512.

Not constant in time, which does not matter here: everything that goes in is public.
"""

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_I = pow(2, (_P - 1) // 4, _P)
_64 = 0xFFFFFFFFFFFFFFFF


def _root(value: int, power: int) -> int:
    """The whole power-th root, rounded down, if it is below 2**73."""
    low, high = 0, 1 << 73
    while low < high:
        middle = (low + high + 1) // 2
        if middle**power <= value:
            low = middle
        else:
            high = middle - 1
    return low


def _primes(count: int) -> "list[int]":
    found: "list[int]" = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


# FIPS 180-4: the first 64 bits of the fractional parts of the cube and square roots of the first primes
_K = [_root(prime << 192, 3) & _64 for prime in _primes(80)]
_H = [_root(prime << 128, 2) & _64 for prime in _primes(8)]


def _turn(value: int, by: int) -> int:
    return (value >> by | value << (64 - by)) & _64


def sha512(data: bytes) -> bytes:
    """FIPS 180-4."""
    state = list(_H)
    whole = data + b"\x80" + bytes((111 - len(data)) % 128) + (len(data) * 8).to_bytes(16, "big")
    for start in range(0, len(whole), 128):
        w = [int.from_bytes(whole[start + i : start + i + 8], "big") for i in range(0, 128, 8)]
        for i in range(16, 80):
            x, y = w[i - 15], w[i - 2]
            small = _turn(x, 1) ^ _turn(x, 8) ^ x >> 7
            large = _turn(y, 19) ^ _turn(y, 61) ^ y >> 6
            w.append((w[i - 16] + small + w[i - 7] + large) & _64)
        a, b, c, d, e, f, g, h = state
        for i in range(80):
            one = h + (_turn(e, 14) ^ _turn(e, 18) ^ _turn(e, 41)) + (e & f ^ ~e & g) + _K[i] + w[i]
            two = (_turn(a, 28) ^ _turn(a, 34) ^ _turn(a, 39)) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = one + two & _64, a, b, c, d + one & _64, e, f, g
        now = (a, b, c, d, e, f, g, h)
        state = [state[i] + now[i] & _64 for i in range(8)]
    return b"".join([value.to_bytes(8, "big") for value in state])


# A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032, 5.1.4).
def _add(p: "tuple[int, int, int, int]", q: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(number: int, point: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


def _same(p: "tuple[int, int, int, int]", q: "tuple[int, int, int, int]") -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % _P == 0 and (p[1] * q[2] - q[1] * p[2]) % _P == 0


def _x(y: int, odd: int) -> "int | None":
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    if square == 0:
        return None if odd else 0
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _I % _P
    if (x * x - square) % _P:
        return None
    return _P - x if x & 1 != odd else x


def _point(data: bytes) -> "tuple[int, int, int, int] | None":
    y = int.from_bytes(data, "little")
    odd = y >> 255
    y &= (1 << 255) - 1
    x = _x(y, odd) if y < _P else None
    return None if x is None else (x, y, 1, x * y % _P)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the 32 bytes' secret signed the message; False for anything malformed."""
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = _point(key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= _L or _same(_times(8, a), (0, 1, 1, 0)):
        return False
    h = int.from_bytes(sha512(signature[:32] + key + message), "little") % _L
    return _same(_times(s, _BASE), _add(r, _times(h, a)))


_BY = 4 * pow(5, _P - 2, _P) % _P
_BX = _x(_BY, 0) or 0
_BASE = (_BX, _BY, 1, _BX * _BY % _P)
