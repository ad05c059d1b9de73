"""Mail as rows: every message is kept with the change that caused it, sent by a worker, and shown on the outbox page in development.

Anybody may send through Django's own mail functions, or with `backend.write` where they want to find the row again; a message
with a link that lets somebody in says so with `backend.confidential`. Nothing here knows an account, a member or a contact.
"""
