"""What happened, and what is due: events as rows of an account, jobs as addresses that name no data.

A change calls `outbox.record` in its own transaction; a contact's timeline reads what was recorded. Celery's beat wakes `relay`,
which hands each job that is due to the handler its room has registered.
"""
