"""Carries out the server's commands, each once: the id is kept before the act, and a repeat is answered from memory."""

from firmware_stubs.tracker import sampling, silence, wire
from firmware_stubs.tracker.servers import Servers
from firmware_stubs.tracker.servers import fault as server_fault
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.update import Updater
from firmware_stubs.tracker.uplink import Uplink

PATIENCE = 8  # commands that wait for the clock, because their expiry cannot be judged yet
ANSWERS_MOST = 16


class Commands:
    """`locate` and `reboot` are set for the client to see; the other commands take effect here."""

    def __init__(self, state: State, uplink: Uplink, servers: Servers, updater: Updater) -> None:
        self.locate = False
        self.reboot = False
        self._state = state
        self._uplink = uplink
        self._servers = servers
        self._updater = updater
        self._undated: "list[bytes]" = []
        self._answers: "list[bytes]" = []

    def step(self, t: "int | None") -> None:
        """Takes up what has arrived. `t`: UNIX time, None while it is not known."""
        for order_id, ok, why in self._servers.ended:
            self._answer(order_id, ok, why)
        self._servers.ended = []
        bodies = self._undated + self._uplink.orders
        self._undated = []
        self._uplink.orders = []
        for body in bodies:
            order = wire.read_command(body)
            if order is not None:
                try:
                    self._take(order, body, t)
                except OSError:  # its id could not be kept: it is not carried out, and the server will say it again
                    pass
        while self._answers and self._uplink.answer(self._answers[0]):
            self._answers.pop(0)

    def _answer(self, order_id: str, ok: bool, why: str) -> None:
        self._answers.append(wire.result(order_id, ok, why))
        self._answers = self._answers[-ANSWERS_MOST:]

    def _take(self, order: "dict[str, object]", body: bytes, t: "int | None") -> None:
        order_id = str(order["id"])
        outcome = self._state.outcome(order_id)
        if outcome is not None:
            if outcome[1] is not None:  # else it is under way, and its result is still to come
                self._answer(order_id, bool(outcome[1]), str(outcome[2]))
            return
        expires = order.get("expires")
        if wire.whole(expires):
            if t is None:
                self._undated.append(body)
                self._undated = self._undated[-PATIENCE:]
                return
            if t > expires:  # type: ignore[operator]  # whole() has checked it
                self._answer(order_id, False, "expired")
                return
        args = order.get("args", {})
        name = str(order["cmd"])
        why = self._fault(name, args, t)
        if why == "" and name == "server":
            self._state.remember(order_id, None, "")
            self._servers.begin(order_id, args)  # type: ignore[arg-type]  # _fault() has checked it
            self._uplink.close()
            return
        self._state.remember(order_id, why == "", why)
        if why == "":
            self._act(name, args)
        self._answer(order_id, why == "", why)

    def _fault(self, name: str, args: object, t: "int | None") -> str:
        """Why this firmware does not carry it out; empty if it does."""
        if name == "config":
            return sampling.fault(args) or ""
        if name == "silent":
            return silence.fault(args)
        if name == "server":
            return server_fault(args)
        if name == "update":
            return self._updater.fault(args, t)
        if name == "resend":
            return "" if self._asked(args) else "resend needs boot and ranges"
        if name == "locate":
            return "silent" if silence.covers(self._state.silent, t, t) else ""
        return "" if name == "reboot" else "unknown command"

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
        elif name == "silent":
            self._state.silent = silence.added(self._state.silent, args["from"], args["until"])  # type: ignore[index]
            self._state.save()
        elif name == "update":
            self._updater.begin()
        elif name == "resend":
            for life, boot, a, b in self._asked(args):
                self._uplink.resend(life, boot, a, b)
        elif name == "locate":
            self.locate = True
        else:
            self.reboot = True
