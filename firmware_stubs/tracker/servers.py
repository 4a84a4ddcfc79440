"""Which server the tracker speaks to: a new one is tried, and the old one kept until a receipt came through the new."""

from firmware_stubs.tracker import wire
from firmware_stubs.tracker.state import State

TRIAL_MS = 180000
STARTS = 3  # of the device within one trial: what makes it restart must not keep it from going back
LONGEST = {"host": 253, "secret": 128, "authority": 3000}


def fault(args: object) -> str:
    """Why this order is refused; empty if it is tried. What is not named stays as it is."""
    if not isinstance(args, dict) or not any(key in args for key in ("host", "port", "secret", "authority")):
        return "server needs host, port, secret or authority"
    for key, longest in LONGEST.items():
        value = args.get(key)
        if value is not None and (not isinstance(value, str) or not 0 < len(value) <= longest):
            return key + " must be text"
    port = args.get("port")
    if port is not None and (not wire.whole(port) or not 0 < port < 65536):
        return "port must be a port number"
    return ""


class Servers:
    """Knows the server in use and the one on trial. `ended` holds the (command, ok, why) of trials that are over."""

    def __init__(self, state: State) -> None:
        self.ended: "list[tuple[str, bool, str]]" = []
        self._state = state
        self._since_ms: "int | None" = None
        trial = state.trial
        if trial is not None:
            trial["starts"] = int(trial["starts"]) + 1  # type: ignore[call-overload]
            state.save()
            if int(trial["starts"]) > STARTS:  # type: ignore[call-overload]
                self._end(False, "the tracker restarted while it tried the new server")

    def begin(self, order_id: str, args: "dict[str, object]") -> None:
        """Starts a trial: from the next connection on the new server is spoken to."""
        if self._state.trial is not None:
            self._end(False, "another server was ordered meanwhile")
        facts = dict(self._state.server or {})
        for key in ("host", "port", "secret", "authority"):
            if args.get(key) is not None:
                facts[key] = args[key]
        self._since_ms = None
        self._state.trial = {"id": order_id, "facts": facts, "starts": 1}
        self._state.save()

    def chosen(self, now_ms: int) -> "dict[str, object] | None":
        """What differs from the server that the device was made with; None: nothing."""
        trial = self._state.trial
        if trial is None:
            return self._state.server
        if self._since_ms is None:
            self._since_ms = now_ms
        return trial["facts"]  # type: ignore[return-value]

    def proved(self) -> None:
        """A receipt came: what is on trial has shown itself."""
        trial = self._state.trial
        if trial is not None and self._since_ms is not None:
            self._state.server = trial["facts"]  # type: ignore[assignment]
            self._end(True, "")

    def failed(self, now_ms: int) -> bool:
        """True once, when the time of a trial is over and the old server is to be taken again."""
        if self._state.trial is None or self._since_ms is None or now_ms - self._since_ms < TRIAL_MS:
            return False
        self._end(False, "no receipt came through the new server")
        return True

    def _end(self, ok: bool, why: str) -> None:
        trial = self._state.trial
        if trial is not None:
            self._state.trial = None
            self._since_ms = None
            order_id = str(trial["id"])
            self._state.remember(order_id, ok, why)
            self.ended.append((order_id, ok, why))
