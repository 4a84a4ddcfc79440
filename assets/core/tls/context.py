"""What the web server speaks TLS with: the present certificate, looked at again while it runs."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from assets.core.clock import Clock
from assets.core.tls import certificate, given
from assets.settings import Settings, SettingsError

LOOKED_AT_EVERY_S = 60.0
log = logging.getLogger("assets.tls")


class ServerContext:
    """Gives the TLS context for each new connection; a certificate that changed counts within a minute, without a
    restart, and one that cannot be used any more leaves the last good one in force."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        socket_class: type[ssl.SSLSocket] = ssl.SSLSocket,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._socket_class = socket_class
        self._elapsed_s = elapsed_s
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._stamp: tuple[object, ...] = ()
        self._look_at_s = 0.0

    def current(self) -> ssl.SSLContext:
        """TLS 1.2 or newer; `SettingsError` when there never was a certificate that can be used."""
        with self._lock:
            if self._context is None or self._elapsed_s() >= self._look_at_s:
                self._look_at_s = self._elapsed_s() + LOOKED_AT_EVERY_S
                self._look_again()
            if self._context is None:
                raise SettingsError("there is no certificate")
            return self._context

    def _look_again(self) -> None:
        try:
            files = usable_files(self._settings, self._clock)
            stamp = tuple((found.st_mtime_ns, found.st_ino, found.st_size) for found in map(Path.stat, files))
            if stamp != self._stamp:
                self._context = self._made(*files)
                self._stamp = stamp
        except (SettingsError, OSError) as error:
            if self._context is None:
                raise
            log.warning("the certificate stays as it was: %s", error)

    def _made(self, certificate_file: Path, key_file: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(certificate_file, key_file)
        context.sslsocket_class = self._socket_class
        return context


def usable_files(settings: Settings, clock: Clock) -> tuple[Path, Path]:
    """(certificate, key): those given, checked, or our own, made where needed. `SettingsError` says what is wrong."""
    if settings.tls_cert:
        given.checked(settings.tls_cert, settings.tls_key, clock())
        return Path(settings.tls_cert), Path(settings.tls_key)
    own = certificate.ready(settings, clock())
    return own, own
