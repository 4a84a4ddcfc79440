"""Where trackers and ingest find the broker, our own or another, and by what they know that it is the right one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from assets.core.app import App
from assets.core.tls import authority, certificate
from assets.settings import Settings, listen_address
from assets.telemetry.broker.files import INGEST_USER, folder_of, ingest_secret
from assets.telemetry.broker.ports import listening
from assets.telemetry.messages import Endpoint


@dataclass(frozen=True, slots=True)
class Contact:
    """What a tracker is told: where, whether over TLS, and the authority that it has to trust for that.

    `authority` is a certificate in PEM form, empty where the tracker trusts a public one or TLS is not spoken;
    `fingerprint` its SHA-256, to be compared.
    """

    host: str
    port: int
    tls: bool = False
    authority: str = ""
    fingerprint: str = ""

    def shown(self) -> dict[str, object]:
        """As programs are told."""
        return {
            "host": self.host, "port": self.port, "tls": self.tls, "authority": self.authority or None,
            "authority_fingerprint": self.fingerprint or None,
        }  # fmt: skip


def public_address(settings: Settings) -> tuple[str, int]:
    """What trackers are told: the public address if one is set, else where the broker listens, over TLS if it can."""
    if settings.mqtt_public:
        return listen_address("ASSETS_MQTT_PUBLIC", settings.mqtt_public)
    if settings.mqtt_url:
        parts = urlsplit(settings.mqtt_url)
        return parts.hostname or "", parts.port or 8883
    own = listening(settings)
    if own is not None:
        return (own.tls_host, own.tls_port) if own.tls_port else (own.host, own.port)
    if settings.mqtt_tls_listen:
        return listen_address("ASSETS_MQTT_TLS_LISTEN", settings.mqtt_tls_listen)
    return listen_address("ASSETS_MQTT_LISTEN", settings.mqtt_listen)


def contact(app: App) -> Contact:
    """What a tracker needs besides its secret; an authority that is not there yet is made."""
    settings = app.settings
    host, port = public_address(settings)
    if settings.mqtt_url:
        return Contact(host, port, urlsplit(settings.mqtt_url).scheme == "mqtts")
    if not settings.mqtt_tls_listen:
        return Contact(host, port)
    if settings.mqtt_tls_cert:
        return Contact(host, port, tls=True)
    certificate.ready(settings, app.clock())
    own = authority.load(settings.data_dir)
    if own is None:
        return Contact(host, port, tls=True)
    return Contact(host, port, True, own.pem.decode(), own.fingerprint)


def ingest_endpoint(settings: Settings) -> Endpoint | None:
    """Where ingest connects, None while our own broker has never been started."""
    if settings.mqtt_url:
        parts = urlsplit(settings.mqtt_url)
        tls = parts.scheme == "mqtts"
        port = parts.port or (8883 if tls else 1883)
        user, secret = unquote(parts.username or ""), unquote(parts.password or "")
        return Endpoint(parts.hostname or "", port, user, secret, settings.mqtt_ca or None, tls)
    own = listening(settings)
    if own is None:
        return None
    return Endpoint("127.0.0.1", own.ingest_port, INGEST_USER, ingest_secret(folder_of(settings)))
