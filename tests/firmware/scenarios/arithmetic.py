"""Numbers that a small board gets wrong first: wrapping ticks, counters beyond 32 bits, signatures, packed samples."""

from binascii import hexlify, unhexlify

from firmware_stubs.tracker import ed25519, record, wire
from firmware_stubs.tracker.uptime import Uptime, ticks_diff

# RFC 8032, section 7.1: key, message, signature
SIGNED = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


def run(say) -> None:
    for key, message, signature in SIGNED:
        good = unhexlify(signature)
        assert ed25519.verify(unhexlify(key), unhexlify(message), good)
        assert not ed25519.verify(unhexlify(key), unhexlify(message) + b"x", good)
        for at in (0, 31, 32, 63):
            bad = good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :]
            assert not ed25519.verify(unhexlify(key), unhexlify(message), bad)
    say(hexlify(ed25519.sha512(b"abc" * 60)).decode())
    assert ticks_diff(5, (1 << 30) - 5) == 10
    assert ticks_diff((1 << 30) - 5, 5) == -10
    start = (1 << 30) - 2500
    up = Uptime(start)
    for second in range(1, 6):
        assert up.at((start + second * 1000) & ((1 << 30) - 1)) == second * 1000
    assert up.at(start) == 5000
    sample = record.Sample((1 << 40) + 700, 1798112345)
    sample.odo_mm = (1 << 45) + 123
    sample.eng_ms = 1 << 44
    sample.lat_e7, sample.lon_e7, sample.mode = -899999999, -1799999999, 3
    sample.facts = {"alt": -12.34, "spd": 0.05, "hdg": 359.9, "sat": 0, "hdop": 0.95}
    sample.health = {"vext": 12.34, "tmp": -40, "can": {"odo": 123456.5}, "gsm": -113}
    sample.events = ["sos", "left_depot", "moving"]
    say(record.text(record.pack(sample)).decode())
    say(record.text(record.pack(sample), True).decode())
    say(wire.fixed(-(1 << 60), 7))
    say(wire.hello("0badcafe", 7, 9, {"fw": "1"}, (1 << 41) + 99, (6, 1), None).decode())
