"""A person at a terminal: a command on a pseudo-terminal, whose prompts are awaited and answered."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

CTRL_C = "\x03"
WITHIN_S = 180.0


class Terminal:
    """Runs a command; `expect` awaits words of it, `type` answers. Everything that was shown is in `seen`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        self.seen = ""
        self._read_to = 0
        self._pid, self._handle = pty.fork()
        if self._pid == 0:
            # A test run in the background ignores Ctrl+C, and what it starts would inherit that.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(folder)
            os.execvpe(command[0], list(command), dict(environment))  # noqa: S606  # no shell is wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        os.close(self._handle)
        if self._pid:
            self.kill()

    def expect(self, words: str) -> None:
        """Return when the words have been shown since the last time; fail when they do not come."""
        deadline = time.monotonic() + WITHIN_S
        while words not in self.seen[self._read_to :]:
            assert time.monotonic() < deadline, f"{words!r} did not come after:\n{self.seen[-2000:]}"
            assert self._more(deadline), f"it ended before {words!r}:\n{self.seen[-2000:]}"
        self._read_to = self.seen.index(words, self._read_to) + len(words)

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._handle], [], [], max(0.0, deadline - time.monotonic()))
        try:
            text = os.read(self._handle, 65536) if ready else b""
        except OSError:  # the other end is closed
            return False
        self.seen += text.decode(errors="replace").replace("\r\n", "\n")
        return bool(text)

    def type(self, text: str) -> None:
        """Type a line; Ctrl+C is sent as it is."""
        os.write(self._handle, text.encode() if text == CTRL_C else f"{text}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code. Fails, and does not wait for ever, when it goes on."""
        deadline = time.monotonic() + WITHIN_S
        while self._more(deadline):
            pass
        assert time.monotonic() < deadline, f"it did not end:\n{self.seen[-2000:]}"
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid = 0
