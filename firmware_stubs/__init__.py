"""Reference firmware of the tracker and simulated vehicles that run it; shares no code with the server."""
