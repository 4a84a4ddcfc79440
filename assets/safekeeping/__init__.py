"""Backups that were proven by restoring them, restore, and the way back after an upgrade."""
