"""Wire format, version 1: makes hello, report, bye and result, reads receipt and command."""

import json

VERSION = 1
MAX_BYTES = 4096
TAIL_BYTES = 512  # kept free of samples in a report: its head and `gone`
MAX_RANGES = 24

ALARMS = ("power_cut", "tamper", "sos", "tow", "crash", "low_battery")


def topic(tracker: str, kind: str) -> str:
    return "imt/v1/" + tracker + "/" + kind


def fixed(value: int, places: int) -> str:
    """A whole number of 10**-places as a decimal number: `fixed(-5, 2)` is `-0.05`. Exact, unlike a float."""
    sign = "-" if value < 0 else ""
    digits = str(abs(value))
    if len(digits) <= places:
        digits = "0" * (places + 1 - len(digits)) + digits
    return sign + digits[:-places] + "." + digits[-places:]


def head(life: str, boot: int) -> str:
    return '{"v":1,"life":"%s","boot":%d' % (life, boot)


def hello(
    life: str,
    boot: int,
    conn: int,
    about: "dict[str, object]",
    up_ms: int,
    oldest: "tuple[int, int] | None",
    newest: "tuple[int, int] | None",
) -> bytes:
    """`about` holds `fw`, `hw`, `reset` and, once known, `t`; `oldest`, `newest` are (boot, seq) still held."""
    facts: "dict[str, object]" = {"v": VERSION, "life": life, "boot": boot, "conn": conn}
    facts.update(about)
    facts["oldest"] = None if oldest is None else [oldest[0], oldest[1]]
    facts["newest"] = None if newest is None else [newest[0], newest[1]]
    # `up` by hand: a float of a small board would lose its seconds after some days
    return (json.dumps(facts)[:-1] + ', "up": ' + fixed(up_ms // 100, 1) + "}").encode()


def bye(life: str, boot: int, conn: int) -> bytes:
    return (head(life, boot) + ',"conn":%d}' % conn).encode()


def report(life: str, boot: int, seq: int, samples: "list[bytes]", live: bool, gone: "list[list[int]]") -> bytes:
    """Sample i of `samples` (JSON texts) has number seq + i. At most `MAX_RANGES` of `gone` are said at a time."""
    text = head(life, boot) + ',"seq":%d' % seq
    if live:
        text += ',"live":true'
    if gone:
        text += ',"gone":' + json.dumps(gone[:MAX_RANGES]).replace(" ", "")
    return text.encode() + b',"samples":[' + b",".join(samples) + b"]}"


def result(order_id: str, ok: bool, why: str) -> bytes:
    facts: "dict[str, object]" = {"v": VERSION, "id": order_id, "ok": ok}
    if not ok:
        facts["why"] = why
    return json.dumps(facts).encode()


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def ranges(value: object) -> "list[tuple[int, int]]":
    """The readable pairs [a, b] with 0 <= a <= b of a list; anything else in it counts for nothing."""
    good: "list[tuple[int, int]]" = []
    if isinstance(value, list):
        for pair in value:
            if not isinstance(pair, list) or len(pair) != 2 or not whole(pair[0]) or not whole(pair[1]):
                continue
            if 0 <= pair[0] <= pair[1]:
                good.append((pair[0], pair[1]))
    return good


def _message(body: bytes) -> "dict[str, object] | None":
    if len(body) > MAX_BYTES:
        return None
    try:
        facts = json.loads(body)
    except ValueError:  # a damaged UTF-8 too
        return None
    if not isinstance(facts, dict) or facts.get("v") != VERSION:
        return None
    return facts


class Receipt:
    """What the server says it has stored of one boot."""

    def __init__(self, life: str, boot: int, upto: int) -> None:
        self.life = life
        self.boot = boot
        self.upto = upto
        self.got: "list[tuple[int, int]]" = []
        self.want: "list[tuple[int, int]]" = []


def read_receipt(body: bytes) -> "Receipt | None":
    """None for anything that is not a receipt: it must not permit erasing."""
    facts = _message(body)
    if facts is None:
        return None
    life, boot, upto = facts.get("life"), facts.get("boot"), facts.get("upto")
    if not isinstance(life, str) or not whole(boot) or not whole(upto):
        return None
    receipt = Receipt(life, boot, upto)  # type: ignore[arg-type]  # whole() has checked both
    receipt.got = ranges(facts.get("got"))
    receipt.want = ranges(facts.get("want"))
    return receipt


def read_command(body: bytes) -> "dict[str, object] | None":
    """The command with at least a string `id` and `cmd`, or None."""
    facts = _message(body)
    if facts is None:
        return None
    order_id, name = facts.get("id"), facts.get("cmd")
    if not isinstance(order_id, str) or not isinstance(name, str) or not 0 < len(order_id) <= 64:
        return None
    return facts
