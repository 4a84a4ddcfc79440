"""The made-up programme: everything it shows goes in through the front doors."""
