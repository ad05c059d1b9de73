"""What changed, before and after, written by the database beside the events that say who did it and why.

Append-only. No room but pages, which shows it, imports it: it listens below them, by triggers that migrations put on tables.
"""
