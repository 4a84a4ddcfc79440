"""Board of a tracker: an ESP32 and a SIM7600-class modem with its GNSS receiver. Never run on hardware.

Written from the modem's AT command manual (SIM7500_SIM7600 Series, V2.00) and MicroPython's documentation, and tested
against a scripted modem and a simulated flash. `main` wires it up; only `main` touches MicroPython's own modules.
"""
