"""Our own broker: writes mosquitto's configuration, accounts and access lists, runs it, and knows where it is."""

from assets.telemetry.broker.contact import Contact, contact, ingest_endpoint, public_address
from assets.telemetry.broker.files import INGEST_USER, access_list, folder_of, ingest_access_list
from assets.telemetry.broker.heard import broker_words
from assets.telemetry.broker.ports import Listening, listening
from assets.telemetry.broker.running import prepare, refresh, run_broker, save_now, tend, told_at

__all__ = [
    "INGEST_USER",
    "Contact",
    "Listening",
    "access_list",
    "broker_words",
    "contact",
    "folder_of",
    "ingest_access_list",
    "ingest_endpoint",
    "listening",
    "prepare",
    "public_address",
    "refresh",
    "run_broker",
    "save_now",
    "tend",
    "told_at",
]
