"""Commands on HTTPS: what the certificate is for, the authority's fingerprint to compare, and a new authority."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from assets.cli.output import print_json

if TYPE_CHECKING:
    from assets.settings import Settings


def add(commands: Any) -> None:
    """`tls`."""
    actions = commands.add_parser("tls", help="HTTPS: certificate and authority").add_subparsers(
        dest="action", metavar="ACTION", required=True
    )
    show = actions.add_parser("show", help="names, dates, and the fingerprint that phones are to show; changes nothing")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=_show)
    new = actions.add_parser("new-authority", help="a new authority, which every phone has to trust again")
    new.add_argument("--yes", action="store_true", help="without it: only say what that means")
    new.set_defaults(run=_new_authority)


def _show(chosen: argparse.Namespace) -> int:
    """1 when there is nothing to show."""
    from assets.cli.present import refuse_missing
    from assets.settings import Settings

    settings = Settings.from_environment()
    refuse_missing(settings)
    found = _given(settings) if settings.tls_cert else _own(settings)
    if not found:
        print(
            "assets: there is no authority yet; it is made by `assets setup --tls yes` and by `assets serve --tls`",
            file=sys.stderr,
        )
        return 1
    if chosen.json:
        print_json(found)
        return 0
    for name, value in found.items():
        print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    return 0


def _given(settings: Settings) -> dict[str, object]:
    from assets.core.clock import system_clock
    from assets.core.tls import certificate, given

    found = given.checked(settings.tls_cert, settings.tls_key, system_clock())
    return {
        "certificate": settings.tls_cert, "names": sorted(certificate.names_of(found)),
        "until": found.not_valid_after_utc.isoformat(),
    }  # fmt: skip


def _own(settings: Settings) -> dict[str, object]:
    from assets.core.tls import authority, certificate
    from assets.core.tls.names import trust_address

    own = authority.load(settings.data_dir)
    if own is None:
        return {}
    server = certificate.load(settings.data_dir)
    _, outside = certificate.vouched_names(own, settings)
    return {
        "authority": str(authority.path_of(settings.data_dir)), "fingerprint": own.fingerprint,
        "authority_until": own.certificate.not_valid_after_utc.isoformat(),
        "names": sorted(certificate.names_of(server)) if server is not None else [],
        "until": server.not_valid_after_utc.isoformat() if server is not None else None,
        "not_vouched_for": list(outside), "trust": trust_address(settings),
    }  # fmt: skip


def _new_authority(chosen: argparse.Namespace) -> int:
    from assets.cli.present import refuse_missing
    from assets.core.clock import system_clock
    from assets.core.tls import certificate
    from assets.core.tls.names import trust_address
    from assets.settings import Settings, SettingsError

    settings = Settings.from_environment()
    refuse_missing(settings)
    if not chosen.yes:
        raise SettingsError(
            "every phone and computer would have to trust the new authority before it reaches the pages again, which "
            "is right when the old key may be in other hands or when names lie outside it (assets tls show). Say so "
            "with --yes"
        )
    made = certificate.replace_authority(settings, system_clock())
    print(f"a new authority; the old one's certificate is kept beside it, its key is not. A server that runs "
          f"takes the new one within a minute.\n"
          f"fingerprint: {made.fingerprint}\ntrust: {trust_address(settings)}")  # fmt: skip
    return 0
