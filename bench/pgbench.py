"""Plain SQL from Postgres' own load generator: nothing of ours between it and the tables."""

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from bench.clients import Outcome
from bench.world import World


def least(world: World, *, hot: bool) -> str:
    """min4: the least SQL for one use of this schema, four statements, for a superuser: no tenant, lots, replay or event."""
    account, wallet = world.account.pk, world.hot_wallet
    last = world.first_wallet + world.last - world.first
    return f"""
\\set wallet {f"{wallet}" if hot else f"random({world.first_wallet}, {last})"}
BEGIN;
UPDATE credits_wallet SET balance = balance - 1, used = used + 1, seq = seq + 1, moved_at = now() WHERE account_id = {account} AND id = :wallet RETURNING seq, balance \\gset
INSERT INTO credits_entry (account_id, key, wallet_id, seq, kind, amount, balance_after, expiry, source, source_id, actor_kind, actor_id, happened_at, recorded_at) VALUES ({account}, gen_random_uuid(), :wallet, :seq, 'consume', -1, :balance, '', 'staff', '', 'user', 1, now(), now());
COMMIT;
"""


def function(world: World, *, tenant: bool) -> str:
    """The posting function. With `tenant`, in a transaction that names it first, as the application's role must."""
    account = world.account.pk
    return f"""
\\set contact random({world.first}, {world.last})
BEGIN;
{f"SET LOCAL app.account_id = '{account}';" if tenant else ""}
SELECT (p.entry).id, (p.entry).balance_after, p.replayed FROM credits_consume({account}, :contact, {world.session.pk}, 1, gen_random_uuid(), NULL::date, ROW('user', 1, 'staff', '', NULL, 0, '', false)::credits_origin) AS p;
COMMIT;
"""


class Pgbench:
    """The `pgbench` that came with this Postgres, else the one on the path; `there` is False when there is neither."""

    def __init__(self, bindir: Path, scripts: Path) -> None:
        self.binary = shutil.which("pgbench", path=bindir) or shutil.which("pgbench") or "pgbench"
        self.there = shutil.which(self.binary) is not None
        self.scripts = scripts

    def run(self, script: str, *, url: str, clients: int, seconds: float) -> tuple[Outcome, float]:
        at = urlsplit(url)
        path = self.scripts / "script.sql"
        path.write_text(script)
        argv = [
            *(self.binary, "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2"),
            *(
                f"--time={seconds:.0f}" if seconds >= 1 else "--transactions=50",
                f"--file={path}",
                f"--host={at.hostname}",
                f"--port={at.port}",
            ),
            *(f"--username={at.username}", at.path[1:]),
        ]
        env = {**os.environ, "PGPASSWORD": at.password or "", "PGOPTIONS": ""}
        process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        time.sleep(0.1)  # its backends end a moment after it
        done = re.search(r"transactions actually processed: (\d+)", said)
        rate = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
        if done is None or rate is None or float(rate[1]) == 0:
            return Outcome(errors=Counter([said.strip().splitlines()[-1]])), 1.0
        outcome = Outcome(uses=int(done[1]), cpu=used.ru_utime + used.ru_stime)
        failed = re.search(r"failed transactions: (\d+)", said)
        if process.returncode or (failed and int(failed[1])):
            wrong = re.search(r"ERROR: .*", said)
            outcome.errors[wrong[0] if wrong else "pgbench: failed transactions"] += 1
        return outcome, outcome.uses / float(rate[1])
