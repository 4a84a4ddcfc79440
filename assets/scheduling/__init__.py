"""Jobs that run by the clock: what they are, and the timer that starts them."""
