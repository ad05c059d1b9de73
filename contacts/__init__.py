"""Who: the people an account knows, their tags and notes.

Owns contacts, tags and contact notes; changes to them go through `contacts.services` (or `contacts.directory` inside a
larger story). Knows nothing of credits: those point down at contacts, never the other way.
"""
