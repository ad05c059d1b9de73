"""Mail as rows: every message is kept, sent by a worker, and shown in the outbox page during development."""
