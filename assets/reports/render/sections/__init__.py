"""The sections of a donor summary, one module each: `ID`, `TITLE` and `blocks(figures, voice)`."""
