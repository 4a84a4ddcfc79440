"""Installing a tracker: which steps it has come through since it was mounted, and what to do where it stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from assets.core.i18n import Message, msg
from assets.telemetry.broker_log import BrokerEvent, is_flapping

RECENT = timedelta(hours=1)
MOST_ATTEMPTS = 20
VOLTAGE = (9.0, 32.0)
"""Below, the battery is empty or the wire is the wrong one; lorries have 24 V, up to 30 while charging."""
WEAK_DBM = -100.0


class Standing(StrEnum):
    """How a step stands."""

    DONE = "done"
    WAITING = "waiting"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Heard:
    """What telemetry knows of the tracker; moments None: never."""

    hello_at: datetime | None = None
    sample_at: datetime | None = None
    position_at: datetime | None = None
    vehicle_v: float | None = None
    signal_dbm: float | None = None
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist: what it is, how it stands, what came, and what to do if it does not go on."""

    name: str
    title: Message
    standing: Standing
    at: datetime | None = None
    value: str = ""
    advice: Message | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at the broker. Not `certain`: the broker does not say whose it was."""

    event: BrokerEvent
    certain: bool
    same_address: bool


def attempts_of(events: Sequence[BrokerEvent], tracker: str, now: datetime) -> list[Attempt]:
    """The tracker's own tries, and of the last hour those of nobody in particular; the newest first."""
    own = [event for event in events if event.client == tracker]
    addresses = {event.address for event in own if event.address}
    found = [
        Attempt(event, event.client == tracker, event.address in addresses)
        for event in events
        if event.client == tracker or (not event.client and now - event.at < RECENT)
    ]
    return found[::-1][:MOST_ATTEMPTS]


def steps(
    heard: Heard, attempts: Sequence[Attempt], since: datetime, *, revoked: bool, broker_is_ours: bool = True
) -> list[Step]:
    """The checklist. What came before `since`, when it was mounted or got its secret, does not count."""

    def new(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment >= since else None

    hello, sample, fix = new(heard.hello_at), new(heard.sample_at), new(heard.position_at)
    came = next((a.event.at for a in attempts if a.event.kind == "connected" and new(a.event.at)), None) or hello
    return [
        _connection(came, attempts, since, revoked=revoked, broker_is_ours=broker_is_ours),
        _awaited("hello", msg("It said who it is"), hello or sample, heard.firmware if hello else "", _HELLO),
        _awaited("sample", msg("First sample stored"), sample, "", _SAMPLE),
        _awaited("fix", msg("First position"), fix, "", _FIX),
        _measured(
            "supply", msg("Supply voltage"), heard.vehicle_v if sample else None, "V", VOLTAGE,
            msg("Not 9 to 32 V: it is on the wrong wire, behind a blown fuse, or the battery is empty."),
        ),
        _measured(
            "signal", msg("Mobile signal"), heard.signal_dbm if sample else None, "dBm", (WEAK_DBM, 0.0),
            msg("Weak: put the antenna elsewhere, away from metal, or take the SIM card of another operator."),
        ),
    ]  # fmt: skip


_HELLO = msg("It comes in and says nothing we understand: are its topics imt/v1/<id>/hello, its form JSON?")
_SAMPLE = msg(
    "Wait a minute. If nothing comes, look under “Set aside”: what cannot be stored is there, with the reason."
)
_FIX = msg("Take the vehicle under open sky; after three minutes look at the GNSS antenna and its plug.")


def _awaited(name: str, title: Message, at: datetime | None, value: str, advice: Message) -> Step:
    if at is not None:
        return Step(name, title, Standing.DONE, at, value)
    return Step(name, title, Standing.WAITING, advice=advice)


def _measured(
    name: str, title: Message, value: float | None, unit: str, good: tuple[float, float], advice: Message
) -> Step:
    if value is None:
        return Step(name, title, Standing.WAITING, advice=msg("It comes with the samples, if the tracker measures it."))
    shown = f"{value:.1f} {unit}" if unit == "V" else f"{value:.0f} {unit}"
    if good[0] <= value <= good[1]:
        return Step(name, title, Standing.DONE, value=shown)
    return Step(name, title, Standing.WRONG, value=shown, advice=advice)


def _connection(
    came: datetime | None, attempts: Sequence[Attempt], since: datetime, *, revoked: bool, broker_is_ours: bool
) -> Step:
    title = msg("It came in at the broker")
    if revoked:
        return Step(
            "connection", title, Standing.WRONG, advice=msg("Its secret was taken away: give it another one first.")
        )
    if came is not None:
        return Step("connection", title, Standing.DONE, came)
    refused = next((a.event for a in attempts if a.event.kind in _REFUSALS and a.event.at >= since), None)
    if refused is not None:
        return Step("connection", title, Standing.WRONG, refused.at, refused.address, _REFUSALS[refused.kind])
    if not broker_is_ours:
        return Step("connection", title, Standing.WAITING, advice=_ELSEWHERE)
    return Step("connection", title, Standing.WAITING, advice=_NOBODY)


_NOBODY = msg("Nobody has tried: look at power, SIM card, APN of the operator, address and port.")
_ELSEWHERE = msg("The broker is not ours, and its log is not read here: only a hello shows that it came in.")
_REFUSALS = {
    "refused": msg(
        "Somebody was refused: look at the user name letter by letter, and the secret. The broker does not say whose "
        "try it was."
    ),
    "not_mqtt": msg(
        "Something came that is no MQTT: is TLS switched on for the port without it, or another protocol chosen?"
    ),
    "tls_failed": msg("The secured connection failed: is TLS 1.2 switched on, and the port the one for TLS?"),
    "no_trust": msg(
        "The device does not believe the broker: load the authority, and use the address exactly as on the sheet."
    ),
}
ATTEMPT_WORDS: dict[str, tuple[str, Message]] = {
    "connected": ("ready", msg("came in")),
    "refused": ("blocked", msg("refused: user name or secret")),
    "not_mqtt": ("blocked", msg("refused: no MQTT")),
    "tls_failed": ("blocked", msg("TLS failed")),
    "no_trust": ("blocked", msg("does not trust our authority")),
    "replaced": ("due", msg("cut off by another of the same name")),
    "thrown_out": ("blocked", msg("thrown out: not its topic, or too large")),
    "left": ("unknown", msg("signed off")),
    "lost": ("unknown", msg("connection lost")),
    "silent": ("unknown", msg("fell silent")),
}


def cuts_itself_off(events: Sequence[BrokerEvent], tracker: str, now: datetime) -> bool:
    """Whether two devices come in under this tracker's name, and each throws the other out."""
    return is_flapping(events, tracker, now - timedelta(minutes=15))
