"""The doctor on HTTPS: does the certificate last, is it for the addresses that people use, is the authority well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from assets.core.i18n import msg
from assets.core.tls import authority, certificate, given
from assets.safekeeping.doctor.findings import Finding, Site, Subject
from assets.safekeeping.doctor.running import is_serving
from assets.settings import Settings, SettingsError, is_loopback, listen_address

CERTIFICATE = Subject("certificate", msg("certificate"))
BROKER_CERTIFICATE = Subject("broker_certificate", msg("certificate of the broker"))
AUTHORITY = Subject("authority", msg("authority"))
AUTHORITY_ENDS = timedelta(days=730)
ENDS, ENDS_NOW = timedelta(days=30), timedelta(days=7)


def https(site: Site) -> Iterator[Finding]:
    """Nothing to say where a web server in front speaks HTTPS, or nobody does."""
    settings = site.settings
    if not settings.speaks_tls:
        return
    try:
        if settings.tls_cert:
            found = given.checked(settings.tls_cert, settings.tls_key, site.now)
            yield from _judged(settings, found, site.now)
        else:
            yield from _own(site)
    except SettingsError as error:
        yield CERTIFICATE.mend(msg("%(error)s", error=error))


def broker_tls(site: Site) -> Iterator[Finding]:
    """The certificate that trackers see, where our own broker speaks TLS."""
    settings = site.settings
    if settings.mqtt_url or not settings.mqtt_tls_listen:
        return
    told = listen_address("ASSETS_MQTT_PUBLIC", settings.mqtt_public)[0] if settings.mqtt_public else ""
    try:
        if settings.mqtt_tls_cert:
            keys = ("ASSETS_MQTT_TLS_CERT", "ASSETS_MQTT_TLS_KEY")
            found: x509.Certificate | None = given.checked(
                settings.mqtt_tls_cert, settings.mqtt_tls_key, site.now, keys
            )
        else:
            found = certificate.load(settings.data_dir)
    except SettingsError as error:
        yield BROKER_CERTIFICATE.mend(msg("%(error)s", error=error))
        return
    if found is None:
        yield BROKER_CERTIFICATE.look(msg("there is none yet; it is made when the broker starts"))
        return
    ends = found.not_valid_after_utc
    if told and not certificate.covers(certificate.names_of(found), told):
        yield BROKER_CERTIFICATE.mend(
            msg("it is not for %(name)s, which trackers are told: they will refuse the broker", name=told)
        )
    elif ends - site.now < ENDS:
        words = msg("it ends on %(ends)s; without another one trackers will refuse the broker", ends=f"{ends:%Y-%m-%d}")
        yield BROKER_CERTIFICATE.mend(words) if ends - site.now < ENDS_NOW else BROKER_CERTIFICATE.look(words)
    else:
        yield BROKER_CERTIFICATE.well(msg("until %(ends)s", ends=f"{ends:%Y-%m-%d}"))


def _judged(settings: Settings, found: x509.Certificate, now: datetime) -> Iterator[Finding]:
    """One that was given: somebody has to renew it."""
    ends = found.not_valid_after_utc
    values = {"path": settings.tls_cert, "ends": f"{ends:%Y-%m-%d}"}
    if ends - now < ENDS:
        words = msg("%(path)s ends on %(ends)s: put a new one there; it counts within a minute", **values)
        yield CERTIFICATE.mend(words) if ends - now < ENDS_NOW else CERTIFICATE.look(words)
    elif missing := _uncovered(settings, found):
        yield CERTIFICATE.mend(msg("%(path)s is not for %(names)s, where links lead", names=missing, **values))
    else:
        yield CERTIFICATE.well(msg("%(path)s, until %(ends)s", **values))


def _own(site: Site) -> Iterator[Finding]:
    settings, now = site.settings, site.now
    own = authority.load(settings.data_dir)
    if own is None:
        yield AUTHORITY.look(msg("there is none yet; it is made at the next start"))
        return
    ends = own.certificate.not_valid_after_utc
    if ends - now < AUTHORITY_ENDS:
        words = msg(
            "it ends on %(ends)s: `assets tls new-authority`, while there is time to go to every phone",
            ends=f"{ends:%Y-%m-%d}",
        )
        yield AUTHORITY.mend(words) if ends <= now else AUTHORITY.look(words)
    else:
        yield AUTHORITY.well(
            msg("until %(ends)s, fingerprint %(print)s", ends=f"{ends:%Y-%m-%d}", print=own.fingerprint)
        )
    yield _issued(site, own)


def _issued(site: Site, own: authority.Authority) -> Finding:
    names, outside = certificate.vouched_names(own, site.settings)
    found = certificate.load(site.settings.data_dir)
    why = certificate.why_due(found, own, names, site.now)
    if outside:
        return CERTIFICATE.mend(
            msg(
                "the authority was made for other names and cannot vouch for %(names)s: take them out of "
                "ASSETS_TLS_NAMES and ASSETS_BASE_URL, or `assets tls new-authority`",
                names=", ".join(outside),
            )
        )
    if why:
        # A server that runs looks every minute; what is due for longer was not renewed.
        words = msg("due to be made anew (%(why)s); the server does so when it starts, and while it runs", why=why)
        late = is_serving(site.settings) and found is not None and found.not_valid_after_utc - site.now < ENDS
        return CERTIFICATE.mend(words) if late else CERTIFICATE.look(words)
    until = f"{found.not_valid_after_utc:%Y-%m-%d}" if found is not None else ""
    return CERTIFICATE.well(msg("for %(names)s, until %(ends)s", names=", ".join(names), ends=until))


def _uncovered(settings: Settings, found: x509.Certificate) -> str:
    """The hosts of our links that the certificate is not for."""
    hosts = (urlsplit(url).hostname or "" for url in (settings.base_url, settings.label_base_url))
    names = certificate.names_of(found)
    return ", ".join(
        host for host in dict.fromkeys(hosts) if not is_loopback(host) and not certificate.covers(names, host)
    )
