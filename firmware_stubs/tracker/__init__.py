"""Reference firmware of a tracker: the subset of Python that MicroPython compiles, and nothing of the server.

`client.Client` is the whole device. It is given a board, a flash, a transport (see `ports`) and NMEA bytes or fixes.
Positions are whole numbers of 1e-7 degrees and distances whole millimetres, because a float on many boards has
only 24 bits: a latitude kept in one would be wrong by half a metre.
"""
