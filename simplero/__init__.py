"""The building: settings, addresses and Celery at the top, foundations every room stands on below.

`lib` is plain Python; `tenancy` says whose data is open; `outbox` keeps what happened; `mail` sends; `web` is HTTP;
`pages` composes what several rooms show together; `launch` starts everything on one machine.
"""
