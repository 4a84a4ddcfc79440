"""The main loop: modem and network some times a second, receiver and inputs once a second; no step of it waits."""

SECOND_MS = 1000


class Loop:
    """`step` is to be called some twenty times a second."""

    def __init__(self, board, modem, client) -> None:
        self._board = board
        self._modem = modem
        self._client = client
        self._due_ms = 0

    def step(self) -> None:
        self._board.alive()
        self._modem.step()
        self._board.signal = self._modem.signal
        now_ms = self._board.up_ms()
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + SECOND_MS
            for word in self._board.alarms():
                self._client.alarm(word)
            self._client.receive(self._modem.take_nmea())
        self._client.step()
