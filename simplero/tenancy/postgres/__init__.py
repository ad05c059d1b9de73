"""The database backend named in settings: PostgreSQL with tenant keys, row-level security and two roles."""
