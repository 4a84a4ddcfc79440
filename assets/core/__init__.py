"""What every slice stands on: databases, clock, errors, actor, journal, idempotency, outbox, files, words."""
