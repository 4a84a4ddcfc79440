"""Bytes over a socket that never waits: what a modem gives to a device, for simulated trackers; TLS where asked."""

import contextlib
import errno
import socket
import ssl

from firmware_stubs.tracker.ports import Stream

PORTION = 16_384
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EISCONN, errno.EALREADY)


class SocketStream(Stream):
    """One connection at a time; `error` says in words why it ended."""

    def __init__(self) -> None:
        self.ready = False
        self.failed = False
        self.error = ""
        self.socket: socket.socket | None = None
        self._host = ""
        self._address: tuple[object, ...] = ()
        self._context: ssl.SSLContext | None = None
        self._connected = False

    def open(self, host: str, port: int, authority: str) -> None:
        """As the port says; a name that is no address is looked up, which may take the resolver's time."""
        self.close()
        self.failed = self.ready = self._connected = False
        self.error = ""
        try:
            self._context = ssl.create_default_context(cadata=authority) if authority else None
            family, kind, number, _, self._address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            self.socket = socket.socket(family, kind, number)
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host = host
        except (OSError, ValueError) as error:
            self._fail(str(error))

    def send(self, data: bytes) -> int:
        if not self._established() or self.socket is None:
            return 0
        try:
            return self.socket.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            self._fail(str(error))
            return 0

    def receive(self) -> bytes:
        if not self._established() or self.socket is None:
            return b""
        try:
            data = self.socket.recv(PORTION)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError as error:
            self._fail(str(error))
            return b""
        if not data:
            self._fail("the other side closed the connection")
        return data

    def close(self) -> None:
        self.ready = False
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.close()
            self.socket = None

    def _established(self) -> bool:
        """Goes on with connecting and shaking hands, without waiting for either."""
        if self.ready or self.socket is None:
            return self.ready
        try:
            if not self._connected:
                code = self.socket.connect_ex(self._address)
                if code not in _UNDER_WAY:
                    raise OSError(code, errno.errorcode.get(code, ""))
                if code not in (0, errno.EISCONN):
                    return False
                self._connected = True
                if self._context is not None:
                    self.socket = self._context.wrap_socket(
                        self.socket, server_hostname=self._host, do_handshake_on_connect=False
                    )
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.do_handshake()
            self.ready = True
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            self._fail(str(error))
        return self.ready

    def _fail(self, why: str) -> None:
        self.error = why
        self.close()
        self.failed = True
