"""Starts the tracker on an ESP32: pins of a LilyGO T-SIM7600, a partition `samples`, settings in `/tracker.json`.

    {"tracker": "TRK-17", "user": "TRK-17", "secret": "...", "host": "...", "port": 8883, "authority": "-----BEGIN...",
     "apn": "internet", "update_key": "64 hexadecimal digits"}

Never run on hardware.
"""

import json
import os
import time
from binascii import unhexlify

import esp32  # type: ignore[import-not-found]
import machine  # type: ignore[import-not-found]

from firmware_stubs.board_esp32_sim7600.board import Esp32Board, PowerKey
from firmware_stubs.board_esp32_sim7600.loop import Loop
from firmware_stubs.board_esp32_sim7600.modem import Modem
from firmware_stubs.board_esp32_sim7600.partition import PartitionFlash
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.mqtt import Mqtt

WATCHDOG_MS = 60000  # the longest step is taking up a full flash at the start
TX, RX, PWRKEY, IGNITION, SUPPLY, BATTERY, TAMPER, SOS = 27, 26, 4, 34, 36, 35, 39, 33


def reset_word() -> str:
    words = {machine.WDT_RESET: "watchdog", machine.SOFT_RESET: "command"}
    if hasattr(machine, "BROWNOUT_RESET"):
        words[machine.BROWNOUT_RESET] = "brownout"
    return words.get(machine.reset_cause(), "power_on")


def main() -> None:
    with open("/tracker.json") as file:
        settings = json.load(file)
    watchdog = machine.WDT(timeout=WATCHDOG_MS)
    pins = {
        "ignition": machine.Pin(IGNITION, machine.Pin.IN),
        "supply": machine.ADC(machine.Pin(SUPPLY), atten=machine.ADC.ATTN_11DB),
        "battery": machine.ADC(machine.Pin(BATTERY), atten=machine.ADC.ATTN_11DB),
        "tamper": machine.Pin(TAMPER, machine.Pin.IN),
        "sos": machine.Pin(SOS, machine.Pin.IN, machine.Pin.PULL_DOWN),
    }
    board = Esp32Board(pins, time.ticks_ms, os.urandom, machine.reset, watchdog.feed, reset_word())  # type: ignore[attr-defined]
    key = PowerKey(machine.Pin(PWRKEY, machine.Pin.OUT, value=0), board.up_ms)
    uart = machine.UART(1, baudrate=115200, tx=TX, rx=RX, rxbuf=4096, txbuf=2048, timeout=0)
    modem = Modem(uart, board.up_ms, key, settings["apn"])
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="samples", block_size=4096)
    client = Client(
        settings["tracker"],
        board,
        PartitionFlash(found[0]),
        Mqtt(board, modem, settings),
        update_key=unhexlify(settings.get("update_key", "")),
    )
    loop = Loop(board, modem, client)
    while True:
        loop.step()
        time.sleep_ms(50)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
