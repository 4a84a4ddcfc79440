"""The doctor asks a real broker and a mail server, and disturbs neither."""

from __future__ import annotations

import dataclasses
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from assets.safekeeping.doctor import Finding, Site, mail, mqtt_probe, running
from assets.telemetry import broker
from tests.mqtt.conftest import Site as Office
from tests.mqtt.conftest import until


def site_of(office: Office, **settings: object) -> Site:
    chosen = dataclasses.replace(office.app.settings, **settings)  # type: ignore[arg-type]  # of the fields' types
    return Site(chosen, office.app.clock(), office.app)


def only(findings: Iterator[Finding]) -> tuple[str, str]:
    (finding,) = findings
    return finding.level.value, str(finding.text)


def test_running_broker_lets_ingest_in_and_ingest_keeps_its_session(site: Office) -> None:
    for _ in range(3):
        assert only(running.broker_runs(site_of(site))) == ("well", "it lets ingest in")
    site.tracker("t1").report(0)
    until(lambda: site.stored() == 1, "the sample")
    assert only(running.ingest(site_of(site)))[0] == "well"


def test_broker_that_does_not_know_ingests_secret_is_to_be_mended(site: Office) -> None:
    endpoint = broker.ingest_endpoint(site.app.settings)
    assert endpoint is not None
    assert mqtt_probe.refusal(dataclasses.replace(endpoint, secret="wrong")) is not None
    (broker.folder_of(site.app.settings) / "ingest.secret").write_text("x" * 40)
    level, words = only(running.broker_runs(site_of(site)))
    assert level == "mend"
    assert "refuses ingest" in words


def test_broker_that_listens_elsewhere_than_the_settings_say_is_to_be_restarted(site: Office) -> None:
    level, words = only(running.broker_runs(site_of(site, mqtt_listen="127.0.0.1:1")))
    assert level == "mend"
    assert "restart" in words


def test_broker_that_is_down_is_worth_a_look_while_the_server_is_down_too(site: Office) -> None:
    site.stop_ingest()
    site.stop_broker()
    assert only(running.broker_runs(site_of(site))) == ("look", "it is not running")


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as it takes to be greeted; remembers what it was told."""

    said: list[str] = []  # noqa: RUF012  # one server at a time

    def handle(self) -> None:
        self.wfile.write(b"220 mail.example ready\r\n")
        for line in self.rfile:
            word = line.split()[0].decode().upper() if line.split() else ""
            self.said.append(word)
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 yes\r\n")
            if word == "QUIT":
                return


@contextmanager
def mail_server() -> Iterator[int]:
    _Mail.said.clear()
    with socketserver.TCPServer(("127.0.0.1", 0), _Mail) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_mail_server_is_greeted_and_sent_nothing(site: Office) -> None:
    with mail_server() as port:
        level, words = only(mail.server(site_of(site, smtp_url=f"smtp://127.0.0.1:{port}")))
    assert level == "look"
    assert "can be read on the way" in words, "it offers no encryption"
    assert not {"MAIL", "RCPT", "DATA"} & set(_Mail.said)


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:1", "smtps://127.0.0.1:1", "smtp://no-such-host.invalid"])
def test_mail_server_that_is_not_there_is_to_be_mended(url: str, site: Office) -> None:
    level, words = only(mail.server(site_of(site, smtp_url=url)))
    assert level == "mend"
    assert "ASSETS_SMTP_URL" in words
