"""What the firmware needs from the hardware: a board, a flash and a transport, to be filled in for each device.

`Stream` is for those who fill in a transport with `mqtt.Mqtt`: one connection that carries bytes.
"""


class Board:
    """Clock, inputs and chance of one device. `up_ms` is monotonic since this boot and runs through sleep."""

    hw = "unknown"
    reset = "power_on"  # power_on, watchdog, brownout, update, command

    def up_ms(self) -> int:
        raise NotImplementedError

    def link_ms(self) -> int:
        """The clock of the network's timers: another one only where a replay runs the vehicle faster."""
        return self.up_ms()

    def ignition(self) -> "bool | None":
        """True, False, or None where no ignition wire is connected."""
        return None

    def health(self) -> "dict[str, int | float]":
        """Whatever is known of `vext`, `vbat` (V), `gsm` (dBm) and `tmp` (degrees C)."""
        return {}

    def entropy(self, count: int) -> bytes:
        """`count` random bytes; must differ between boards and between wipes of the flash."""
        raise NotImplementedError

    def reboot(self) -> None:
        raise NotImplementedError

    def alive(self) -> None:
        """Called while long work goes on: feeds the watchdog where there is one."""

    # -- updates: `tracker.update` judges them; a board that can write an image fills these in ------------------

    def can_install(self, size: int) -> str:
        """Why a verified image of this size cannot be written; empty if it can."""
        return "this board checks updates but cannot write them"

    def install(self, version: str, size: int, sha256: str) -> None:
        """Fetches the image, compares size and sha256, writes it beside the running one and restarts from it."""
        raise NotImplementedError

    def confirm(self) -> None:
        """The running image stays."""

    def roll_back(self) -> None:
        """Restarts from the image before this one."""


class Flash:
    """A few small files. An append or a write may be cut short by a power cut at any byte; earlier bytes stay."""

    def names(self) -> "list[str]":
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        """The file's bytes; empty if there is none."""
        raise NotImplementedError

    def append(self, name: str, data: bytes) -> None:
        """Adds bytes at the end; raises OSError when there is no room."""
        raise NotImplementedError

    def write(self, name: str, data: bytes) -> None:
        """Replaces the whole file; raises OSError when there is no room."""
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Removes the file; a missing one is not an error."""
        raise NotImplementedError


class Transport:
    """One MQTT connection with a clean session, made anew by each `connect`.

    None of the calls may raise for a network fault or take longer than a second: `connect` starts, `connected` turns
    true once the broker accepted us *and* the subscriptions stand (a receipt is QoS 0: it would be lost before),
    and turns false when the connection is gone.
    """

    connected = False
    server: "dict[str, object] | None" = (
        None  # host, port, secret, authority that differ from its own; set before `connect`
    )
    failed = False  # an attempt came to nothing: no use in waiting for it any longer

    def connect(self, will_topic: str, will_payload: bytes, subscriptions: "list[tuple[str, int]]") -> None:
        """Starts to connect with this last will (QoS 1, not retained) and these (topic, QoS) subscriptions."""
        raise NotImplementedError

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hands a message over at QoS 1, not retained. False: it was not taken. True promises no storage."""
        raise NotImplementedError

    def poll(self) -> "list[tuple[str, bytes]]":
        """Does the network's pending work and returns the messages that arrived since the last call."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """Ends the connection without letting the broker publish the last will."""
        raise NotImplementedError


class Stream:
    """One TCP connection (with TLS if an authority is given). No call may raise, or take longer than a second."""

    ready = False  # connected: bytes may be sent
    failed = False  # it came to nothing, or has ended

    def open(self, host: str, port: int, authority: str) -> None:
        """Starts to connect. `authority`: certificate (PEM) that must have signed the server's; empty: no TLS."""
        raise NotImplementedError

    def send(self, data: bytes) -> int:
        """Takes as many bytes as go at once and says how many."""
        raise NotImplementedError

    def receive(self) -> bytes:
        """What has arrived, at most some KB; empty if nothing has."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Witness:
    """Hears what becomes of each sample. The devices need none; the simulated fleet keeps a record to judge by."""

    def took(self, life: str, boot: int, seq: int) -> None:
        """It stands on the flash."""

    def erased(self, life: str, boot: int, seq: int) -> None:
        """A receipt named it."""

    def gave_up(self, life: str, boot: int, seq: int) -> None:
        """It gave way for lack of room, and is reported as gone."""
