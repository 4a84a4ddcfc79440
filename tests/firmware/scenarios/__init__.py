"""Scenarios that run as they are under CPython and under MicroPython: each module has `run(say)`.

`say` takes a line of what came out. Both interpreters must say the same, line for line.
"""
