"""First on the path of a process whose clock is to be wrong: FAULT_SKEW seconds ahead."""

import datetime
import os
import time

AHEAD = float(os.environ.get("FAULT_SKEW", "0"))

_time, _datetime = time.time, datetime.datetime


class _Kind(type(_datetime)):
    def __instancecheck__(cls, one):
        return isinstance(one, _datetime)


class _Skewed(_datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz=None):
        return _datetime.now(tz) + datetime.timedelta(seconds=AHEAD)

    @classmethod
    def utcnow(cls):
        return _datetime.utcnow() + datetime.timedelta(seconds=AHEAD)


if AHEAD:
    time.time = lambda: _time() + AHEAD
    datetime.datetime = _Skewed
    with open(os.environ["FAULT_TURNS"], "a") as log:  # noqa: PTH123
        log.write("skewed\n")
