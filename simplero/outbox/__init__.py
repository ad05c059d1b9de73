"""What happened, and what is due: events as rows of an account, jobs as addresses that name no data.

A change calls `outbox.record` in its own transaction; readers (the timeline today) and the relay come later.
"""
