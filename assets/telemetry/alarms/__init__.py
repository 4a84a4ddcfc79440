"""Alarms: what trackers told and what their silence tells, raised once, joined, ended, acknowledged and closed."""
