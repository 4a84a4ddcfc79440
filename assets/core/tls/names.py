"""The names and addresses that the server's certificate is for."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from assets.settings import Settings, SettingsError, is_loopback, listen_address

LOOPBACK = ("localhost", "127.0.0.1", "::1")
OFFICE_NAMES = ("local", "localhost", "internal", "home.arpa", "lan")
"""They exist on office networks only, with all that ends in them."""
MOST_NAMES = 50
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LOCAL_IPV4 = re.compile(r"\|-- (\S+)\n\s*/32 host LOCAL")
_TEMPORARY, _TENTATIVE, _GLOBAL_SCOPE = 0x01, 0x40, 0x00

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(name: str) -> IpAddress | None:
    """The numeric address that `name` is, None for a name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def is_one_word(name: str) -> bool:
    """Whether an authority for `name` would be one for all that ends in it: a bare `uz` is every site there."""
    return "." not in name and address_of(name) is None and name not in OFFICE_NAMES


def checked_name(text: str) -> str:
    """The name in ASCII and lower case, or the address in its usual form; `SettingsError` for anything else."""
    name = written_name(text)
    if is_one_word(name):
        raise SettingsError(
            f"ASSETS_TLS_NAMES: {text!r} is one word, and an authority for it could vouch for every site that ends in "
            f"it: give {name}.local or the whole name, as assets.example.uz"
        )
    return name


def written_name(text: str) -> str:
    """As `checked_name`, one word alone included: links may lead there, but no authority is made for it."""
    name = text.strip().strip("[]").rstrip(".").lower()
    number = address_of(name)
    if number is not None:
        return str(number)
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        name = ""
    labels = name.split(".")
    if len(name) > 253 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        raise SettingsError(
            f"ASSETS_TLS_NAMES: {text!r} is neither a machine's name nor an address: assets.example.uz or 192.168.1.10 "
            "is how it should look, without https:// and port"
        )
    return name


def wanted_names(settings: Settings) -> tuple[str, ...]:
    """Those chosen, without a choice those of this machine; those that our links
    lead to and trackers are told; and this machine itself."""
    chosen = [checked_name(name) for name in settings.tls_names] or machine_names()
    linked = [urlsplit(url).hostname or "" for url in (settings.base_url, settings.label_base_url)]
    if settings.mqtt_tls_listen and settings.mqtt_public:
        linked.append(listen_address("ASSETS_MQTT_PUBLIC", settings.mqtt_public)[0])
    linked = [written_name(name) for name in linked if not is_loopback(name)]
    return tuple(dict.fromkeys([*chosen, *linked, *LOOPBACK]))[:MOST_NAMES]


def first_name(settings: Settings) -> str:
    """The one to tell people: where links lead, if a phone can follow them, else the first in the certificate."""
    linked = urlsplit(settings.base_url).hostname or ""
    return wanted_names(settings)[0] if is_loopback(linked) else written_name(linked)


def https_address(settings: Settings, name: str) -> str:
    """Where the pages are over HTTPS, under this name."""
    port = listen_address("ASSETS_LISTEN", settings.listen)[1]
    return f"https://{_host(name)}" if port == 443 else f"https://{_host(name)}:{port}"


def trust_address(settings: Settings) -> str:
    """Where a phone that does not trust the authority yet reads how to: in plain HTTP, so that nothing warns."""
    port = listen_address("ASSETS_LISTEN", settings.trust_listen or settings.listen)[1]
    host = _host(first_name(settings))
    return f"http://{host}/trust" if port == 80 else f"http://{host}:{port}/trust"


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def machine_names() -> list[str]:
    """This machine's name as it is and under .local, where it answers on most office networks, and its addresses."""
    host = socket.gethostname().lower().rstrip(".")
    short = host.split(".")[0]
    names = []
    for name in (f"{short}.local", host, short):
        try:
            names.append(checked_name(name))
        except SettingsError:  # an underscore, which no certificate may hold, or one word alone
            continue
    names = [name for name in names if name not in {"localhost", "localhost.local"}]
    return list(dict.fromkeys([*names, *_ipv4(), *_ipv6()]))


def _ipv4() -> list[str]:
    """The kernel's own list (Linux): each address that is this machine's stands as `|-- 10.0.0.5`, `/32 host LOCAL`."""
    try:
        table = Path("/proc/self/net/fib_trie").read_text()
    except OSError:
        return []
    found = map(ipaddress.IPv4Address, _LOCAL_IPV4.findall(table))
    return [str(number) for number in found if not (number.is_loopback or number.is_link_local)]


def _ipv6() -> list[str]:
    """Those that last: not the temporary ones that change every day, nor those of one cable only."""
    try:
        lines = Path("/proc/self/net/if_inet6").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        number, _, _, scope, flags, _ = line.split()
        if int(scope, 16) == _GLOBAL_SCOPE and not int(flags, 16) & (_TEMPORARY | _TENTATIVE):
            found.append(str(ipaddress.IPv6Address(bytes.fromhex(number))))
    return found
