"""Doing one thing with many contacts: bulk jobs that issue, consume and tag, and rosters of who came.

Owns the jobs, their rows and what came of each. Credits move through credits.services, tags through contacts.directory.
"""
