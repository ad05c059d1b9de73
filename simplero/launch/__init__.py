"""Starting and stopping: real Postgres and Redis as child processes, and the processes of `make run` in order.

Lives here: everything that happens before Django does. Does not live here: anything that knows a table or a page.
Standard library and psycopg only, nothing of Django and nothing else of this project, so that the servers stand
before settings are read. Called by `python -m simplero.launch`, tests/conftest.py and bench/.
"""
