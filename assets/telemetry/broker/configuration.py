"""What mosquitto is told: its doors, who may come in at each, what it keeps, and what it writes down."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path

from assets.telemetry.broker.files import ACCESS, INGEST_ACCESS, INGEST_PASSWORDS, PASSWORDS
from assets.telemetry.broker.ports import Listening

QUEUE_BYTES = 1024**3
"""For 72 h without ingest: 200 vehicles, 6 messages of 400 bytes a minute for 12 h a day, come to 520 MB."""
LOG = "broker.log"

_ALL = """\
# Written by `assets broker`; changes are lost.
# Each door has its own list of who may come in: no tracker at ingest's, and ingest at no other.
per_listener_settings true
pid_file {folder}/mosquitto.pid
user {user}

# A PUBACK promises nothing: trackers keep each sample until our own receipt. With autosave_on_changes the interval
# counts changes, and each save writes the whole queue: 1 would write 500 MB for each message of a three days' queue.
persistence true
persistence_location {folder}/store/
autosave_on_changes true
autosave_interval 1000
# The default of 1,000 messages silently drops what comes while ingest is away.
max_queued_messages 0
max_queued_bytes {queue_bytes}
max_inflight_messages 1000
max_packet_size 65536
queue_qos0_messages false
retain_available true
set_tcp_nodelay true
sys_interval 0
# Who came, who went and who was refused: the installer's page reads it. `assets` keeps the file short.
connection_messages true
log_dest file {folder}/{log}
log_timestamp_format %Y-%m-%dT%H:%M:%S%z
log_type error
log_type warning
log_type notice
"""
_TRACKERS = """
# Trackers. Their client id is their user name, so that nobody can throw out another by its id.
listener {port} {host}
allow_anonymous false
password_file {folder}/{passwords}
acl_file {folder}/{access}
use_username_as_clientid true
"""
_TLS = """\
certfile {certificate}
keyfile {key}
tls_version tlsv1.2
"""
_INGEST = """
# Ingest, on this machine only. Its client ids are its own to choose: one for each slot, and another for the doctor,
# whose question under ingest's own would end ingest's session with all that waits in it.
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/{passwords}
acl_file {folder}/{access}
"""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate with its chain, and its key; both may stand in one file."""

    certificate: Path
    key: Path


def configuration(folder: Path, doors: Listening, tls: CertificateFiles | None) -> str:
    """The text of mosquitto.conf."""
    text = _ALL.format(folder=folder, user=getpass.getuser(), queue_bytes=QUEUE_BYTES, log=LOG)
    trackers = {"folder": folder, "passwords": PASSWORDS, "access": ACCESS}
    if doors.is_plain:
        text += _TRACKERS.format(port=doors.port, host=doors.host, **trackers)
    if tls is not None:
        text += _TRACKERS.format(port=doors.tls_port, host=doors.tls_host, **trackers)
        # `tlsv1.2` is the lowest version that is taken; 1.3 is, too.
        text += _TLS.format(certificate=tls.certificate, key=tls.key)
    return text + _INGEST.format(
        port=doors.ingest_port, folder=folder, passwords=INGEST_PASSWORDS, access=INGEST_ACCESS
    )
