"""Carries out the server's commands, each once: the id is kept before the act, and a repeat is answered from memory."""

from firmware_stubs.tracker import sampling, wire
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.uplink import VERSION, Uplink

PATIENCE = 8  # commands that wait for the clock, because their expiry cannot be judged yet


class Commands:
    """`locate` and `reboot` are set for the client to see; the other commands take effect here."""

    def __init__(self, state: State, uplink: Uplink) -> None:
        self.locate = False
        self.reboot = False
        self._state = state
        self._uplink = uplink
        self._undated: "list[bytes]" = []

    def step(self, t: "int | None") -> None:
        """Takes up what has arrived. `t`: UNIX time, None while it is not known."""
        bodies = self._undated + self._uplink.orders
        self._undated = []
        self._uplink.orders = []
        for body in bodies:
            order = wire.read_command(body)
            if order is not None:
                self._take(order, body, t)

    def _take(self, order: "dict[str, object]", body: bytes, t: "int | None") -> None:
        order_id = str(order["id"])
        outcome = self._state.outcome(order_id)
        if outcome is not None:
            self._uplink.answer(wire.result(order_id, bool(outcome[1]), str(outcome[2])))
            return
        expires = order.get("expires")
        if wire.whole(expires):
            if t is None:
                self._undated.append(body)
                self._undated = self._undated[-PATIENCE:]
                return
            if t > expires:  # type: ignore[operator]  # whole() has checked it
                self._uplink.answer(wire.result(order_id, False, "expired"))
                return
        args = order.get("args", {})
        name = str(order["cmd"])
        why = self._fault(name, args)
        self._state.remember(order_id, why == "", why)
        if why == "":
            self._act(name, args)
        self._uplink.answer(wire.result(order_id, why == "", why))

    def _fault(self, name: str, args: object) -> str:
        """Why this firmware does not carry it out; empty if it does."""
        if name == "config":
            return sampling.fault(args) or ""
        if name == "resend":
            return "" if self._asked(args) else "resend needs boot and ranges"
        if name in ("locate", "reboot"):
            return ""
        if name in ("silent", "server"):
            return name + " is not supported by firmware " + VERSION
        return "unknown command"

    def _asked(self, args: object) -> "list[tuple[str, int, int, int]]":
        """The (life, boot, a, b) of a resend; `life` is this one's unless named."""
        if not isinstance(args, dict) or not wire.whole(args.get("boot")):
            return []
        life = str(args.get("life", self._state.life))
        return [(life, args["boot"], a, b) for a, b in wire.ranges(args.get("ranges"))]

    def _act(self, name: str, args: object) -> None:
        if name == "config":
            self._state.config.update(args)  # type: ignore[call-overload]  # _fault() has checked it
            self._state.save()
        elif name == "resend":
            for life, boot, a, b in self._asked(args):
                self._uplink.resend(life, boot, a, b)
        elif name == "locate":
            self.locate = True
        else:
            self.reboot = True
