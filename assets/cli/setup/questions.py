"""What setting up asks: each question with its key, its words, and the check that answers it at once."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assets.core.errors import DomainError
from assets.core.tls.names import checked_name
from assets.settings import Settings, SettingsError

Check = Callable[[str], str]


@dataclass(frozen=True)
class Question:
    """A setting that setup asks for."""

    option: str
    key: str
    prompt: str
    hint: str
    alone: bool = True
    """Whether it can be judged without the other answers."""

    def checked(self, text: str) -> str:
        """The answer as it is kept; `SettingsError` says what is wrong with it."""
        text = text.strip()
        if self.key == "ASSETS_DATABASE_URL" and text.lower() == "sqlite":
            text = ""
        if "\n" in text or "\x00" in text:
            raise SettingsError(f"{self.key}: one line is expected")
        if self.alone:
            Settings.of({self.key: text})
        _CHECKS.get(self.key, str)(text)
        return text


def _mail_server(text: str) -> None:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise SettingsError("ASSETS_SMTP_URL: use smtp://HOST:25, smtps://USER:PASSWORD@HOST, or nothing")


def _with_host(text: str) -> None:
    if text and not urlsplit(text).hostname:
        raise SettingsError(f"{text!r} names no host: https://assets.example.org is how it should look")


def _folder(text: str) -> None:
    if text and not Path(text).is_absolute():
        raise SettingsError("ASSETS_BACKUP_DIR: the whole path is expected, beginning with /")
    if text and Path(text).exists() and not Path(text).is_dir():
        raise SettingsError(f"ASSETS_BACKUP_DIR: {text} is no folder")


def _names(text: str) -> None:
    for name in text.replace(",", " ").split():
        checked_name(name)


_CHECKS: dict[str, Callable[[str], object]] = {
    "ASSETS_SMTP_URL": _mail_server,
    "ASSETS_BASE_URL": _with_host,
    "ASSETS_LABEL_BASE_URL": _with_host,
    "ASSETS_BACKUP_DIR": _folder,
    "ASSETS_TLS_NAMES": _names,
}

TLS = Question(
    "tls", "ASSETS_TLS", "HTTPS",
    "yes: we speak it ourselves, by an authority of this office that each phone trusts once (page /trust); no: a web"
    "\n  server of yours in front does, or nobody needs the scanner's camera",
)  # fmt: skip
TLS_NAMES = Question(
    "tls_names", "ASSETS_TLS_NAMES", "Names and addresses in the certificate",
    "separated by spaces, as people type them; nothing: those of this machine",
)  # fmt: skip
QUESTIONS = (
    Question(
        "database_url", "ASSETS_DATABASE_URL", "Database",
        "`sqlite` keeps it in files of the data directory, which does for 14 offices; or "
        "postgresql+psycopg://USER:PASSWORD@HOST/NAME of a database that exists and is empty",
    ),
    Question(
        "base_url", "ASSETS_BASE_URL", "Address that people type",
        "https://assets.example.org; links in mail begin with it. The default works on this machine only",
    ),
    Question(
        "label_base_url", "ASSETS_LABEL_BASE_URL", "Address on labels",
        "nothing: the same. Labels last for years, so it should be a name that stays yours",
    ),
    Question(
        "listen", "ASSETS_LISTEN", "Where the pages are served",
        "HOST:PORT; 127.0.0.1 behind a web server that speaks HTTPS, 0.0.0.0 for everybody on the network",
    ),
    TLS,
    TLS_NAMES,
    Question(
        "mqtt_listen", "ASSETS_MQTT_LISTEN", "Where trackers connect",
        "HOST:PORT; 127.0.0.1:1883 until there are trackers outside",
    ),
    Question("timezone", "ASSETS_TIMEZONE", "Time zone", "days and months are counted in it"),
    Question(
        "languages", "ASSETS_LANGUAGES", "Languages",
        "of en, ru and uz, separated by spaces; the first is for new accounts",
    ),
    Question(
        "smtp_url", "ASSETS_SMTP_URL", "Mail server",
        "smtps://USER:PASSWORD@HOST or smtp://HOST:25; nothing: mail is written to files",
    ),
    Question(
        "backup_dir", "ASSETS_BACKUP_DIR", "Folder of the backups",
        "best on another disk, which is mounted by itself; nothing: backups/ in the data directory",
    ),
)  # fmt: skip
BY_OPTION = {question.option: question for question in QUESTIONS}
OPTIONS_ONLY = (
    Question("tls_cert", "ASSETS_TLS_CERT", "Certificate of your own", "", alone=False),
    Question("tls_key", "ASSETS_TLS_KEY", "Its private key", "", alone=False),
    Question("trust_listen", "ASSETS_TRUST_LISTEN", "Where /trust is shown in plain HTTP", ""),
)
"""Settings that nobody is asked for: few need them."""


class Terminal:
    """Asks at a terminal, one question after the other; a wrong answer is told at once and asked again."""

    def ask(self, prompt: str, default: str = "", *, hint: str = "", check: Check = str, shown: str = "") -> str:
        """The checked answer; Enter alone takes the default, which is shown as `shown` where it holds a secret."""
        if hint:
            print(f"  {hint}")
        inside = shown or default
        while True:
            answer = input(f"{prompt}{f' [{inside}]' if inside else ''}: ").strip()
            try:
                return check(answer or default)
            except (SettingsError, DomainError) as error:
                print(f"  {_words(error)}")

    def choose(self, prompt: str, choices: Iterable[str], default: str) -> str:
        """One of `choices`."""
        allowed = tuple(choices)

        def check(text: str) -> str:
            if text not in allowed:
                raise SettingsError(f"answer one of: {', '.join(allowed)}")
            return text

        return self.ask(prompt, default, check=check)

    def password(self, check: Check) -> str:
        """A password, typed twice and not shown."""
        while True:
            try:
                first = check(getpass.getpass("Password (not shown): "))
            except DomainError as error:
                print(f"  {_words(error)}")
                continue
            if getpass.getpass("The same again: ") == first:
                return first
            print("  The two differ.")


def _words(error: Exception) -> str:
    return str(error.message) if isinstance(error, DomainError) else str(error)
