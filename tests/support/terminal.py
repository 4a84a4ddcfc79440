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

CTRL_C = b"\x03"
WITHIN_S = 180.0
PRESSED_AGAIN_S = 5.0


class Terminal:
    """Runs a command; `expect` awaits words of it, `type` answers. Everything that was shown is in `seen`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        self.seen = ""
        self._read_to = 0
        self._closed = False
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
            assert not self._closed, f"it ended before {words!r}:\n{self.seen[-2000:]}"
            self._read(deadline)
        self._read_to = self.seen.index(words, self._read_to) + len(words)

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._handle, f"{line}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code. Fails, and does not wait for ever, when it goes on."""
        deadline = time.monotonic() + WITHIN_S
        while not self._closed:
            assert time.monotonic() < deadline, f"it did not end:\n{self.seen[-2000:]}"
            self._read(deadline)
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def interrupt(self) -> int:
        """Press Ctrl+C until it ends; the exit code.

        Pressed between a prompt and the reading, it is heard at the next key only: Python looks when a reading is
        interrupted. A person presses it once more then, and so does this.
        """
        deadline = time.monotonic() + WITHIN_S
        again_at = 0.0
        while not self._closed and time.monotonic() < deadline:
            if time.monotonic() >= again_at:
                os.write(self._handle, CTRL_C)
                again_at = time.monotonic() + PRESSED_AGAIN_S
            self._read(again_at)
        return self.end()

    def kill(self) -> None:
        """End it at once, wherever it is."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid = 0

    def _read(self, until_s: float) -> None:
        """Wait for something to be shown, at most until then."""
        ready, _, _ = select.select([self._handle], [], [], max(0.0, until_s - time.monotonic()))
        if not ready:
            return
        try:
            text = os.read(self._handle, 65536)
        except OSError:  # the other end is closed
            text = b""
        self._closed = not text
        self.seen += text.decode(errors="replace").replace("\r\n", "\n")
