"""The settings: one frozen value read from the environment and, below it, from settings.env of the data directory."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FILE_NAME = "settings.env"
DEFAULT = "default"
ENVIRONMENT = "environment"
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?passw(?:or)?d=)[^&#]*", re.IGNORECASE)
LANGUAGES = ("en", "ru", "uz")
"""Those that the product has words in."""
MAILED_ALARMS = ("sos", "crash", "tamper", "tow", "power_cut", "silent", "low_battery", "none")


class SettingsError(ValueError):
    """A setting that cannot be used; the text names the key and says what would do."""


def _key(name: str, text: str, *, secret: bool = False) -> dict[str, object]:
    return {"key": name, "text": text, "secret": secret}


@dataclass(frozen=True)
class Settings:
    """All settings of one process. Build with `from_environment`; tests build it directly."""

    data_dir: Path = field(
        default=Path("var"),
        metadata=_key("ASSETS_DATA_DIR", "databases, uploads, broker files and secrets; made with mode 0700"),
    )
    database_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_DATABASE_URL",
            "empty: SQLite files in the data directory; or postgresql+psycopg://…",
            secret=True,
        ),
    )
    base_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=_key("ASSETS_BASE_URL", "address that links in mail and labels are made from"),
    )
    label_base_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_LABEL_BASE_URL",
            "address in QR labels; empty or a loopback address: labels hold the bare code",
        ),
    )
    former_label_base_urls: tuple[str, ...] = field(
        default=(),
        metadata=_key(
            "ASSETS_FORMER_LABEL_BASE_URLS",
            "addresses on labels printed earlier, separated by spaces; the scanner takes them too",
        ),
    )
    mqtt_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_MQTT_URL", "empty: a mosquitto of our own; or mqtts://user:secret@host:8883", secret=True
        ),
    )
    mqtt_ca: str = field(default="", metadata=_key("ASSETS_MQTT_CA", "authority file for a mqtts:// broker"))
    mqtt_listen: str = field(
        default="127.0.0.1:1883",
        metadata=_key("ASSETS_MQTT_LISTEN", "where our own mosquitto takes trackers; port 0: a free one"),
    )
    mqtt_tls_listen: str = field(
        default="",
        metadata=_key(
            "ASSETS_MQTT_TLS_LISTEN", "empty: none; or where our own mosquitto takes trackers over TLS, as 0.0.0.0:8883"
        ),
    )
    mqtt_tls_cert: str = field(
        default="",
        metadata=_key(
            "ASSETS_MQTT_TLS_CERT", "the broker's certificate (PEM, with its chain), instead of the office authority's"
        ),
    )
    mqtt_tls_key: str = field(
        default="", metadata=_key("ASSETS_MQTT_TLS_KEY", "its private key (PEM, without a password)")
    )
    mqtt_plain: str = field(
        default="yes",
        metadata=_key("ASSETS_MQTT_PLAIN", "yes: ASSETS_MQTT_LISTEN takes trackers without TLS; no: TLS alone does"),
    )
    mqtt_public: str = field(
        default="",
        metadata=_key("ASSETS_MQTT_PUBLIC", "host:port that trackers are told; empty: the listen address"),
    )
    metrics_listen: str = field(
        default="", metadata=_key("ASSETS_METRICS_LISTEN", "empty: none; or host:port for Prometheus text")
    )
    timezone: str = field(
        default="Asia/Tashkent", metadata=_key("ASSETS_TIMEZONE", "zone in which days and months are counted")
    )
    smtp_url: str = field(
        default="",
        metadata=_key(
            "ASSETS_SMTP_URL",
            "smtp://user:secret@host:25 or smtps://…; empty: mail becomes .eml files",
            secret=True,
        ),
    )
    mail_from: str = field(
        default="assets@localhost", metadata=_key("ASSETS_MAIL_FROM", "sender of the product's mail")
    )
    listen: str = field(
        default="127.0.0.1:8000",
        metadata=_key("ASSETS_LISTEN", "where the pages are served; `--listen` of `assets serve` wins"),
    )
    tls: str = field(
        default="no",
        metadata=_key(
            "ASSETS_TLS", "yes: ASSETS_LISTEN speaks HTTPS, with a certificate of the office's own authority; or no"
        ),
    )
    tls_names: tuple[str, ...] = field(
        default=(),
        metadata=_key(
            "ASSETS_TLS_NAMES",
            "names and addresses that the certificate is for, separated by spaces; empty: those of this machine",
        ),
    )
    tls_cert: str = field(
        default="",
        metadata=_key("ASSETS_TLS_CERT", "a certificate of your own (PEM, with its chain), instead of the authority's"),
    )
    tls_key: str = field(default="", metadata=_key("ASSETS_TLS_KEY", "its private key (PEM, without a password)"))
    trust_listen: str = field(
        default="",
        metadata=_key(
            "ASSETS_TRUST_LISTEN",
            "empty: none; or host:port that shows /trust in plain HTTP and leads all else to HTTPS, as 0.0.0.0:80",
        ),
    )
    languages: tuple[str, ...] = field(
        default=LANGUAGES,
        metadata=_key(
            "ASSETS_LANGUAGES",
            "languages offered, separated by spaces; the first is for new accounts and for who has not signed in",
        ),
    )
    trusted_proxies: int = field(
        default=0,
        metadata=_key(
            "ASSETS_TRUSTED_PROXIES", "how many reverse proxies stand in front; 0: X-Forwarded-For is ignored"
        ),
    )

    # Where each value came from, by key: the environment, the settings file, or nothing for a default.
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    backup_dir: str = field(
        default="",
        metadata=_key(
            "ASSETS_BACKUP_DIR", "where backups are kept, best on another disk; empty: backups/ in the data directory"
        ),
    )
    backup_keep: str = field(
        default="14d 8w",
        metadata=_key("ASSETS_BACKUP_KEEP", "backups kept: the newest of so many days and of so many weeks"),
    )
    anchor_file: str = field(
        default="",
        metadata=_key("ASSETS_ANCHOR_FILE", "a second file of the journal's anchors, on another disk; empty: none"),
    )
    anchor_mail: str = field(
        default="",
        metadata=_key("ASSETS_ANCHOR_MAIL", "address that each new anchor of the journal is mailed to; empty: none"),
    )
    alarm_mail: tuple[str, ...] = field(
        default=("sos", "crash", "tamper", "tow"),
        metadata=_key(
            "ASSETS_ALARM_MAIL",
            "alarms of trackers that go out as mail: sos crash tamper tow power_cut silent low_battery; or none",
        ),
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def speaks_tls(self) -> bool:
        """Whether the pages are served over HTTPS by ourselves."""
        return self.tls == "yes" or bool(self.tls_cert)

    @property
    def own_authority(self) -> bool:
        """Whether phones have to trust the office's own authority first."""
        return self.speaks_tls and not self.tls_cert

    @property
    def main_url(self) -> str:
        """SQLAlchemy address of the main database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'assets.db'}"

    @property
    def telemetry_url(self) -> str:
        """SQLAlchemy address of the telemetry database: its own SQLite file, or the same PostgreSQL."""
        if self.database_url.startswith("postgresql"):
            return self.database_url
        main = Path(self.main_url.removeprefix("sqlite:///"))
        return f"sqlite:///{main.with_name('telemetry.db')}"

    @property
    def backup_folder(self) -> Path:
        """Where backups are kept."""
        return Path(self.backup_dir).absolute() if self.backup_dir else self.data_dir / "backups"

    @property
    def effective_label_base(self) -> str | None:
        """The address that labels carry, or None where they hold the bare code."""
        base = (self.label_base_url or self.base_url).rstrip("/")
        return None if is_loopback(urlsplit(base).hostname or "") else base

    @property
    def own_label_bases(self) -> tuple[str, ...]:
        """Every address whose labels the scanner takes as ours."""
        bases = [self.label_base_url, self.base_url, *self.former_label_base_urls]
        return tuple(dict.fromkeys(b.rstrip("/") for b in bases if b))

    def described(self) -> list[tuple[str, str, str]]:
        """(key, effective value with secrets hidden, meaning) for each setting."""
        rows = []
        for item in keyed_fields():
            value = getattr(self, item.name)
            shown = " ".join(value) if isinstance(value, tuple) else str(value)
            if item.metadata["secret"] and shown:
                shown = hidden(shown)
            rows.append((str(item.metadata["key"]), shown, str(item.metadata["text"])))
        return rows

    def text_of(self, key: str) -> str:
        """The value of `key` as the settings file would hold it."""
        value = next(getattr(self, item.name) for item in keyed_fields() if item.metadata["key"] == key)
        return " ".join(value) if isinstance(value, tuple) else str(value)

    def source(self, key: str) -> str:
        """Where the value of `key` comes from: `environment`, the path of the settings file, or `default`."""
        return self.sources.get(key, DEFAULT)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read every key, the environment before the settings file; `SettingsError` for a value that cannot be used.

        A key that is set in the environment wins even when it is empty, which means its default.
        """
        environment = os.environ if environment is None else environment
        data_dir = environment.get("ASSETS_DATA_DIR", "").strip()
        path = (Path(data_dir).absolute() if data_dir else cls.data_dir) / FILE_NAME
        below = read_settings_file(path)
        given = {**below, **{k: environment[k] for k in _known_keys() if k in environment}}
        sources = {k: ENVIRONMENT if k in environment else str(path) for k, text in given.items() if text.strip()}
        return dataclasses.replace(cls.of(given), sources=sources)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Settings:
        """The settings of these values by key, of nothing else; `SettingsError` for one that cannot be used."""
        values: dict[str, object] = {}
        for item in keyed_fields():
            key = str(item.metadata["key"])
            if text := given.get(key, "").strip():
                values[item.name] = _converted(item.name, key, text)
        settings = cls(**values)  # type: ignore[arg-type]  # each value was converted for its field just above
        try:
            settings.check()
        except SettingsError:
            raise
        except ValueError as error:  # of urlsplit, for an address with half a bracket
            raise SettingsError(f"an address cannot be read: {error}") from error
        return settings

    def check(self) -> None:
        """Raise `SettingsError` when a value cannot be used."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingsError(f"ASSETS_TIMEZONE: no time zone is called {self.timezone!r}") from error
        if self.database_url and not self.database_url.startswith(("sqlite:///", "postgresql")):
            raise SettingsError("ASSETS_DATABASE_URL: use sqlite:///… or postgresql+psycopg://…")
        for key, url in (("ASSETS_BASE_URL", self.base_url), ("ASSETS_LABEL_BASE_URL", self.label_base_url)):
            if url and urlsplit(url).scheme not in {"http", "https"}:
                raise SettingsError(f"{key}: {url!r} is not an http:// or https:// address")
        if not self.languages or set(self.languages) - set(LANGUAGES) or len(set(self.languages)) < len(self.languages):
            raise SettingsError(f"ASSETS_LANGUAGES: name some of {' '.join(LANGUAGES)}, each once, the first one first")
        if unknown := set(self.alarm_mail) - set(MAILED_ALARMS):
            raise SettingsError(f"ASSETS_ALARM_MAIL: {sorted(unknown)[0]!r} is none of {' '.join(MAILED_ALARMS)}")
        listen_address("ASSETS_LISTEN", self.listen)
        self._check_mqtt()
        if self.metrics_listen:
            listen_address("ASSETS_METRICS_LISTEN", self.metrics_listen)
        self._check_tls()

    def _check_mqtt(self) -> None:
        listen_address("ASSETS_MQTT_LISTEN", self.mqtt_listen)
        if self.mqtt_public:
            listen_address("ASSETS_MQTT_PUBLIC", self.mqtt_public)
        if self.mqtt_plain not in {"yes", "no"}:
            raise SettingsError(f"ASSETS_MQTT_PLAIN: yes or no is expected, not {self.mqtt_plain!r}")
        if bool(self.mqtt_tls_cert) != bool(self.mqtt_tls_key):
            raise SettingsError("ASSETS_MQTT_TLS_CERT and ASSETS_MQTT_TLS_KEY belong together: give both, or neither")
        if self.mqtt_tls_listen:
            listen_address("ASSETS_MQTT_TLS_LISTEN", self.mqtt_tls_listen)
        elif self.mqtt_plain == "no":
            raise SettingsError(
                "ASSETS_MQTT_PLAIN is no, and ASSETS_MQTT_TLS_LISTEN is empty: no tracker could come in"
            )

    def _check_tls(self) -> None:
        if self.tls not in {"yes", "no"}:
            raise SettingsError(f"ASSETS_TLS: yes or no is expected, not {self.tls!r}")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise SettingsError("ASSETS_TLS_CERT and ASSETS_TLS_KEY belong together: give both files, or neither")
        if self.trust_listen:
            listen_address("ASSETS_TRUST_LISTEN", self.trust_listen)


def keyed_fields() -> list[dataclasses.Field[object]]:
    """The fields of `Settings` that are settings, each with its key and meaning."""
    return [item for item in dataclasses.fields(Settings) if "key" in item.metadata]


def _known_keys() -> list[str]:
    return [str(item.metadata["key"]) for item in keyed_fields()]


def read_settings_file(path: Path) -> dict[str, str]:
    """The values of a settings file by key: `KEY=value` lines; empty lines and those that begin with # say nothing.

    None there: no values. `SettingsError` names the line of anything else, of a key that is unknown and of one that
    stands there twice, since a mistyped key would silently leave a default in force.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    known = _known_keys()
    values: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, equals, text = (part.strip() for part in line.partition("="))
        if not equals:
            raise SettingsError(f"{path}, line {number}: KEY=value is expected")
        if key == "ASSETS_DATA_DIR":
            raise SettingsError(f"{path}, line {number}: {key} says where this file lies: set it in the environment")
        if key not in known:
            raise SettingsError(f"{path}, line {number}: there is no setting {key}; `assets doctor` lists them")
        if key in values:
            raise SettingsError(f"{path}, line {number}: {key} stands there twice")
        values[key] = text
    return values


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    return host in {"", "localhost", "::1"} or host.startswith("127.")


def listen_address(key: str, text: str) -> tuple[str, int]:
    """`host:port` as a pair; raise `SettingsError` naming `key` otherwise."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{key}: {text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _converted(name: str, key: str, text: str) -> object:
    if name == "data_dir":
        return Path(text).absolute()
    if name == "former_label_base_urls":
        return tuple(text.split())
    if name in {"languages", "tls_names", "alarm_mail"}:
        return tuple(text.replace(",", " ").split())
    if name == "trusted_proxies":
        if not text.isdigit():
            raise SettingsError(f"{key}: {text!r} is not a whole number")
        return int(text)
    return text


def hidden(url: str) -> str:
    """An address without the password in it, whether it stands before the host or among the parameters."""
    parts = urlsplit(url)
    if parts.password is not None:
        url = url.replace(f":{parts.password}@", ":***@", 1)
    return _PASSWORD_PARAMETER.sub(r"\1***", url)
