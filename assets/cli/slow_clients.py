"""The web server's worker: a client that sends or takes at a crawl costs a few seconds of a thread, not all of it.

gunicorn's threads wait without end for the rest of a request, and for a client to take its answer: as many phones in a
dead spot as there are threads, or one machine that means harm, would stop the site for everybody.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from os import SEEK_END
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import ThreadWorker

PATIENCE_S = 15.0
"""How long a thread waits for one client, while nothing comes of it."""
WAITED_FOR_BYTES = 64 * 1024
"""A request up to this size is waited for in the loop: only larger ones, uploads, are read by a thread as they come."""
_BODY_SIZE = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
TLS_BEGINS = b"\x16"
"""The first byte of every TLS connection, and of no HTTP request (RFC 8446, 5.1: a handshake record)."""
GOODBYE_S = 0.1
"""How long a body that nobody wants is read on, and a client waited for that was told goodbye."""
LEAST_BYTES_PER_S = 2_000
"""A client that keeps this pace is waited for as long as it takes: less than the slowest mobile network gives."""


class _Patience(socket.socket):
    """A client's connection that is given up once it has used up the patience; what it moves earns some back."""

    # Of the class, since a TLS connection is made without its constructor.
    _left_s = PATIENCE_S
    _earns = True
    _given_up = False

    def setblocking(self, flag: bool) -> None:
        """The server says so before each request: its patience is new then."""
        if flag:
            self._left_s = PATIENCE_S
        self.settimeout(PATIENCE_S if flag else 0.0)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As of a socket; `ConnectionResetError` when it took too long."""
        come: bytes = self._within(partial(super().recv, buflen, flags), len)
        return come

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As of a socket, each piece for itself; `ConnectionResetError` when it took too long."""
        with memoryview(data).cast("B") as view:
            sent = 0
            while sent < len(view):
                piece = view[sent : sent + 65_536]
                sent += self._within(partial(super().send, piece, flags), int)

    def shutdown(self, how: int) -> None:
        """The loop itself waits for the client's goodbye then: not long, and not at all for one that was given up."""
        if self._given_up:
            raise OSError(errno.ENOTCONN, "given up")
        self._left_s, self._earns = min(self._left_s, GOODBYE_S), False
        super().shutdown(how)

    def _within(self, act: Callable[[], Any], moved: Callable[[Any], int]) -> Any:
        asked_s = self.gettimeout()
        if asked_s == 0.0:
            return act()
        if self._left_s <= 0:
            raise self._give_up()
        began = time.monotonic()
        try:
            self.settimeout(self._left_s if asked_s is None else min(asked_s, self._left_s))
            done = act()
        except TimeoutError as error:
            raise self._give_up() from error
        finally:
            if self.fileno() != -1:
                self.settimeout(asked_s)
        earned_s = moved(done) / LEAST_BYTES_PER_S if self._earns else 0.0
        self._left_s = min(PATIENCE_S, self._left_s + earned_s - (time.monotonic() - began))
        return done

    def _give_up(self) -> ConnectionResetError:
        self._given_up = True
        return ConnectionResetError(errno.ECONNRESET, "the client is too slow")


class PatientSocket(_Patience):
    """A connection in plain text."""

    def __init__(self, taken_over: socket.socket) -> None:
        super().__init__(taken_over.family, taken_over.type, taken_over.proto, fileno=taken_over.detach())


class PatientTlsSocket(_Patience, ssl.SSLSocket):
    """A connection over TLS, with what was read of its first request while that was waited for."""

    come = b""
    is_open = False

    def go_on(self) -> int:
        """Go on with the handshake, then with the beginning of the first request, as far as is possible at once.

        0: the request is to be taken; else what to wait for, `EVENT_READ` or `EVENT_WRITE`. OSError when nothing comes
        of it any more.
        """
        try:
            if not self.is_open:
                self.do_handshake()
                self.is_open = True
            while not self.come or still_to_come(self.come):
                piece = self.recv(WAITED_FOR_BYTES)
                if not piece:
                    raise ConnectionResetError(errno.ECONNRESET, "the client left")
                self.come += piece
        except ssl.SSLWantReadError:
            return EVENT_READ
        except ssl.SSLWantWriteError:
            return EVENT_WRITE
        return 0

    def shutdown(self, how: int) -> None:
        """With TLS's own goodbye first: the client knows then that nothing was cut off. Its answer is not awaited."""
        if not self._given_up:
            with suppress(OSError, ValueError):
                self.settimeout(0.0)
                self.unwrap()
            self.setblocking(True)
        super().shutdown(how)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads that take a connection once a request has come, whole where it is small, and have patience with it."""

    def enqueue_req(self, conn: Any) -> None:
        """A connection on which nothing has come yet waits in the loop and not in a thread."""
        if conn.initialized or conn.data_ready:
            # gunicorn would begin TLS in a thread, also with those that speak plain HTTP.
            if conn.parser is None:
                conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
                conn.parser.unreader.unread(getattr(conn.sock, "come", b""))
            super().enqueue_req(conn)
            return
        conn.sock = PatientSocket(conn.sock)
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Half a request goes on waiting, until the time for it is over; the loop hears of it when more has come."""
        try:
            come = conn.sock.recv(WAITED_FOR_BYTES, socket.MSG_PEEK)
        except OSError:
            come = b""
        if self.cfg.is_ssl and come.startswith(TLS_BEGINS):
            self._begin_tls(conn)
            return
        if self.cfg.is_ssl and come and not come[:1].isalpha():  # neither TLS nor HTTP
            self.poller.unregister(client)
            self._drop(conn)
            return
        wanted = still_to_come(come)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(come) + wanted if wanted else 1)
        if not wanted:
            super().on_pending_socket_readable(conn, client)

    def _begin_tls(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        try:
            context: ssl.SSLContext = self.cfg.ssl_context(self.cfg, None)
            conn.sock = context.wrap_socket(conn.sock, server_side=True, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:  # the client has left; or the certificate cannot be read any more
            self.log.debug("TLS did not begin: %s", error)
            self._drop(conn)
            return
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_tls, conn))
        self._on_tls(conn, conn.sock)

    def _on_tls(self, conn: Any, client: Any) -> None:
        """A handshake, and half a request after it, wait in the loop as well."""
        try:
            awaited = client.go_on()
        except OSError as error:
            self.log.debug("TLS came to nothing: %s", error)
            self.poller.unregister(client)
            self._drop(conn)
            return
        if awaited:
            self.poller.modify(client, awaited, partial(self._on_tls, conn))
        else:
            super().on_pending_socket_readable(conn, client)

    def _drop(self, conn: Any) -> None:
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.close()

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Whether another request may follow: not where a thread would have to read a body that was refused."""
        if not keepalive or not conn.parser.finish_body(deadline=time.monotonic() + GOODBYE_S):
            return False
        # What TLS has decrypted and nobody has read makes no socket readable: the loop must see it in the buffer.
        if isinstance(conn.sock, ssl.SSLSocket) and (waiting := conn.sock.pending()):
            read_ahead = conn.parser.unreader.buf
            read_ahead.seek(0, SEEK_END)
            read_ahead.write(conn.sock.recv(waiting))
        return True


def still_to_come(come: bytes) -> int:
    """How many bytes to wait for before a thread takes this beginning of a request; 0: it is to be taken.

    Of a body that is larger than is waited for, or of unknown size, no more is waited for than its head.
    """
    if not come or len(come) >= WAITED_FOR_BYTES:
        return 0
    head, ended, body = come.partition(b"\r\n\r\n")
    if not ended:
        return 1
    if b"\r\nexpect:" in head.lower():  # its client waits for our word before it sends the rest
        return 0
    said = _BODY_SIZE.findall(head)
    size = int(said[0]) if len(said) == 1 and len(said[0]) < 10 else 0
    whole = len(head) + len(ended) + size
    return max(0, size - len(body)) if whole <= WAITED_FOR_BYTES else 0
