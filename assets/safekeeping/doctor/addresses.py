"""The doctor on addresses: can phones reach the pages, do labels outlive a move, and who can listen on the way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from assets.core.i18n import Message, msg
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.settings import Settings, is_loopback, listen_address

BASE_URL = Subject("base_url", msg("address"))
LABEL_BASE = Subject("label_base", msg("address on labels"))
LISTENING = Subject("listening", msg("listening"))


def base_url(site: Site) -> Iterator[Finding]:
    """Where links in mail and labels lead."""
    base = site.settings.base_url
    parts = urlsplit(base)
    if is_loopback(parts.hostname or ""):
        yield BASE_URL.look(
            msg("%(url)s leads nowhere from a phone: set ASSETS_BASE_URL to the address that people use", url=base)
        )
    elif parts.scheme != "https":
        yield BASE_URL.look(
            msg(
                "%(url)s is not https: passwords can be read on the way, and phones do not let the scanner use the "
                "camera",
                url=base,
            )
        )
    else:
        yield BASE_URL.well(msg("%(url)s", url=base))


def label_base(site: Site) -> Iterator[Finding]:
    """What is printed on labels stays there for years."""
    base = site.settings.effective_label_base
    if base is None:
        yield LABEL_BASE.look(
            msg("labels hold the bare code, since phones could not reach the address: set ASSETS_LABEL_BASE_URL first")
        )
    elif ip_of(urlsplit(base).hostname or "") is not None:
        yield LABEL_BASE.look(msg("%(url)s is a number that may change; labels last for years: use a name", url=base))
    else:
        yield LABEL_BASE.well(msg("%(url)s", url=base))


def listening(site: Site) -> Iterator[Finding]:
    """Plain text on a network that others share."""
    settings = site.settings
    found = False
    for what, key, text in _in_plain_text(settings):
        host = listen_address(key, text)[0] if text else ""
        if is_loopback(host):
            continue
        found = True
        values = {"key": key, "address": text, "what": what}
        number = ip_of(host)
        if number is not None and number.is_global:
            yield LISTENING.mend(
                msg("%(key)s is %(address)s: %(what)s cross the internet in plain text. Listen inside only", **values)
            )
        else:
            yield LISTENING.look(
                msg("%(key)s is %(address)s: %(what)s can be read by others on that network", **values)
            )
    if settings.trusted_proxies and not is_loopback(listen_address("ASSETS_LISTEN", settings.listen)[0]):
        found = True
        yield LISTENING.look(
            msg("ASSETS_TRUSTED_PROXIES is set while anyone can reach the pages past the proxy and forge an address")
        )
    if not found:
        everywhere = settings.speaks_tls and not is_loopback(listen_address("ASSETS_LISTEN", settings.listen)[0])
        words = (
            msg("the pages over HTTPS, all else on this machine only") if everywhere else msg("on this machine only")
        )
        yield LISTENING.well(words)


def _in_plain_text(settings: Settings) -> Iterator[tuple[Message, str, str]]:
    """(what can be read, the setting, the address); the address is empty where nothing is."""
    yield msg("passwords and pages"), "ASSETS_LISTEN", "" if settings.speaks_tls else settings.listen
    secrets = msg("trackers' secrets and positions")
    if settings.mqtt_url:
        parts = urlsplit(settings.mqtt_url)
        plain = "" if parts.scheme == "mqtts" else f"{parts.hostname or ''}:{parts.port or 1883}"
        yield secrets, "ASSETS_MQTT_URL", "" if plain.startswith(":") else plain
    else:
        yield secrets, "ASSETS_MQTT_LISTEN", settings.mqtt_listen if settings.mqtt_plain == "yes" else ""
    yield msg("figures"), "ASSETS_METRICS_LISTEN", settings.metrics_listen


def ip_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The numeric address that `host` is, None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
