"""Mail as rows: every message is kept with the change that caused it, sent by a worker, and shown on the outbox page in development.

Anybody may send through Django's own mail functions; a message with a link that lets somebody in says so with
`backend.confidential`, the one thing called from above. Nothing here knows an account, a member or a contact.
"""
