"""The audit of the auditor: every kind of damage is found, and its account and row are named (F32)."""

import io
import logging
import re
from contextlib import suppress
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from credits import proof, tasks
from credits.models import Entry, Lot, Wallet
from simplero.tenancy.scope import scope
from tests import factories
from tests.assertions import proven, sql
from tests.sql_guard import unguarded
from tests.superuser import as_superuser, superuser_connection

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)

# What is done to the ledger, and what is found of it. A word after a colon is the id of a row of the history below.
DAMAGES = [
    (
        "UPDATE credits_wallet SET balance = balance + 1 WHERE id = :wallet",
        ["I1 wallet :wallet holds", "I2 wallet :wallet"],
    ),
    (
        "UPDATE credits_wallet SET used = used + 1, expired = expired - 1 WHERE id = :wallet",
        ["I1 wallet :wallet tells"],
    ),
    ("UPDATE credits_wallet SET balance = -1 WHERE id = :wallet", ["I3 wallet :wallet"]),
    ("UPDATE credits_wallet SET seq = seq + 1 WHERE id = :wallet", ["I6 wallet :wallet"]),
    ("UPDATE credits_wallet SET moved_at = moved_at + interval '1 second' WHERE id = :wallet", ["I6 wallet :wallet"]),
    (
        "UPDATE credits_wallet SET contact_id = :their_contact WHERE id = :wallet",
        ["I8 wallet :wallet refers to contact :their_contact"],
    ),
    (
        "UPDATE credits_wallet SET credit_type_id = :their_type WHERE id = :wallet",
        ["I8 wallet :wallet refers to credit type :their_type"],
    ),
    (
        "DELETE FROM credits_wallet WHERE id = :wallet",
        ["I8 entry :use refers to wallet", "I8 lot :lot refers to wallet"],
    ),
    (
        "UPDATE credits_entry SET amount = amount - 1 WHERE id = :use",
        ["I6 entry :use is number", "I1 wallet :wallet", "I5 entry :use moved", "event entry :use"],
    ),
    ("UPDATE credits_entry SET balance_after = balance_after + 1 WHERE id = :use", ["I6 entry :use"]),
    ("UPDATE credits_entry SET balance_after = -1 WHERE id = :use", ["I3 entry :use", "I6 entry :use"]),
    ("UPDATE credits_entry SET happened_at = happened_at - interval '1 year' WHERE id = :use", ["I6 entry :use"]),
    ("UPDATE credits_entry SET seq = seq + 100 WHERE id = :use", ["I6 entry :use"]),
    (
        "UPDATE credits_entry SET kind = 'withdraw' WHERE id = :use",
        ["event entry :use is told of by event", "I1 wallet :wallet tells"],
    ),
    ("UPDATE credits_entry SET key = (SELECT key FROM credits_entry WHERE id = :issue) WHERE id = :use", ["I4 entry"]),
    (
        "DELETE FROM credits_entry WHERE id = :use",
        ["I6 entry", "I8 allocation", "I1 wallet :wallet", "event", "I8 entry :reversal refers to entry :use"],
    ),
    ("DELETE FROM credits_entry WHERE id = :newest", ["I6 wallet :wallet", "I1 wallet :wallet"]),
    (
        "UPDATE credits_entry SET wallet_id = :their_wallet WHERE id = :newest",
        ["I8 entry :newest refers to wallet :their_wallet"],
    ),
    (
        "UPDATE credits_entry SET wallet_id = :other_wallet, seq = 100 WHERE id = :newest",
        ["I6 entry :newest", "I5 lot :lot"],
    ),
    (
        "UPDATE credits_entry SET linked_id = :their_use WHERE id = :reversal",
        ["I8 entry :reversal refers to entry :their_use"],
    ),
    ("UPDATE credits_entry SET linked_id = :issue WHERE id = :reversal", ["I5 entry :reversal answers entry :issue"]),
    ("UPDATE credits_entry SET linked_id = :small_use WHERE id = :reversal", ["I5 entry :small_use took"]),
    ("UPDATE credits_entry SET amount = -1 WHERE id = :expiry", ["I5 entry :expiry wrote off 1"]),
    (
        "UPDATE credits_entry SET lot_id = :their_lot WHERE id = :restore",
        ["I8 entry :restore refers to lot :their_lot"],
    ),
    (
        "UPDATE credits_entry SET lot_id = :lot WHERE id = :expiry",
        ["I5 lot :dated is drawn on by entry :expiry", "I5 entry :restore answers"],
    ),
    ("UPDATE credits_lot SET remaining = remaining + 1 WHERE id = :lot", ["I2 wallet :wallet", "I5 lot :lot of"]),
    ("UPDATE credits_lot SET remaining = remaining - 1, expired = expired + 1 WHERE id = :lot", ["I5 lot :lot of"]),
    ("UPDATE credits_lot SET remaining = -1 WHERE id = :lot", ["I3 lot :lot"]),
    ("UPDATE credits_lot SET amount = amount + 1 WHERE id = :lot", ["I5 lot :lot of"]),
    ("UPDATE credits_lot SET withdrawn = withdrawn + 1 WHERE id = :lot", ["I5 lot :lot of"]),
    ("UPDATE credits_lot SET times_expired = times_expired + 1 WHERE id = :lot", ["I5 lot :lot of"]),
    ("UPDATE credits_lot SET open = NOT open WHERE id = :lot", ["I5 lot :lot of"]),
    ("UPDATE credits_lot SET withdrawn_at = issued_at WHERE id = :dated", ["I5 lot :dated of"]),
    ("UPDATE credits_lot SET expires_at = expires_at + interval '1 hour' WHERE id = :dated", ["I5 lot :dated ends at"]),
    ("UPDATE credits_lot SET last_good_day = last_good_day + 1 WHERE id = :dated", ["I5 lot :dated ends at"]),
    ("UPDATE credits_lot SET expires_at = now() WHERE id = :lot", ["I5 lot :lot ends at"]),
    (
        "UPDATE credits_lot SET wallet_id = :their_wallet WHERE id = :lot",
        ["I8 lot :lot refers to wallet :their_wallet", "I2 wallet :wallet"],
    ),
    (
        "UPDATE credits_lot SET entry_id = :their_use WHERE id = :lot",
        ["I8 lot :lot refers to entry :their_use", "I5 lot :lot"],
    ),
    ("UPDATE credits_lot SET replaces_id = :their_lot WHERE id = :lot", ["I8 lot :lot refers to lot :their_lot"]),
    ("DELETE FROM credits_lot WHERE id = :lot", ["I8 allocation", "I2 wallet :wallet"]),
    (
        "UPDATE credits_allocation SET amount = amount - 1 WHERE entry_id = :use AND lot_id = :lot",
        ["I5 entry :use moved", "I5 lot :lot of"],
    ),
    ("DELETE FROM credits_allocation WHERE entry_id = :use", ["I5 entry :use moved", "I5 lot :lot of"]),
    (
        "UPDATE credits_allocation SET lot_id = :other_lot WHERE entry_id = :use AND lot_id = :lot",
        ["I5 lot :other_lot is drawn on by entry :use", "I5 lot :lot of"],
    ),
    (
        "UPDATE credits_allocation SET lot_id = :their_lot WHERE entry_id = :use AND lot_id = :lot",
        ["I8 allocation", "I5 lot :lot of"],
    ),
    (
        "UPDATE credits_allocation SET entry_id = :their_use WHERE entry_id = :use AND lot_id = :lot",
        ["I8 allocation", "I5 entry :use"],
    ),
    ("DELETE FROM outbox_event WHERE id = :event", ["event entry :use is told of by no event"]),
    (
        "UPDATE outbox_event SET body = jsonb_set(body, '{{amount}}', '7') WHERE id = :event",
        ["event entry :use is told of by event :event with another"],
    ),
    (
        "UPDATE outbox_event SET kind = 'credits.issued' WHERE id = :event",
        ["event entry :use is told of by event :event with another"],
    ),
    (
        "UPDATE outbox_event SET body = jsonb_set(body, '{{entry}}', to_jsonb(gen_random_uuid())) WHERE id = :event",
        ["event entry :use is told of by no", "is told of by event :event, and is not there"],
    ),
    (
        "INSERT INTO outbox_event (account_id, kind, body, actor_kind, depth, at) SELECT account_id, kind, body, actor_kind, depth, at FROM outbox_event WHERE id = :event",
        ["event entry :use is told of by 2 events"],
    ),
    ("UPDATE credits_entrynote SET entry_id = :their_use WHERE account_id = :account", ["I8 entry note"]),
]


@pytest.fixture
def history(transactional_db, acme, zen, at):
    """Every kind of entry in one wallet, a second wallet beside it, and another account."""
    at(NOON)
    dated = factories.lot_of(acme, factories.issue(acme, 5, expiry="2026-03-10", note="welcome"))
    issue = factories.issue(acme, 9)
    small_use = factories.consume(acme, 1)
    at(datetime(2026, 3, 20, 12, tzinfo=UTC))
    factories.sweep(acme)
    factories.consume(acme, 2, on=date(2026, 3, 9))
    use = factories.consume(acme, 4)
    reversal = factories.reverse(acme, use, 3)
    lot = factories.lot_of(acme, issue)
    factories.withdraw(acme, lot, 1)
    newest = factories.redate(acme, lot, date(2026, 12, 1))
    newest = factories.redate(acme, lot, None)
    newest = factories.consume(acme, 1)
    other = factories.issue(acme, 6, to=factories.contact(acme, "Ben"))
    theirs = factories.issue(zen, 5)
    their_use = factories.consume(zen, 1)
    with scope(acme.account):
        expiry, restore = Entry.objects.get(kind="expire").pk, Entry.objects.get(kind="restore").pk
        [(event,)] = sql(
            "SELECT id FROM outbox_event WHERE account_id = %s AND body ->> 'entry' = %s", acme.account.pk, str(use.key)
        )
    return SimpleNamespace(
        account=acme.account.pk,
        wallet=issue.wallet_id,
        issue=issue.id,
        small_use=small_use.id,
        use=use.id,
        reversal=reversal.id,
        newest=newest.id,
        expiry=expiry,
        restore=restore,
        lot=lot.pk,
        dated=dated.pk,
        event=event,
        other_wallet=other.wallet_id,
        other_lot=factories.lot_of(acme, other).pk,
        their_wallet=theirs.wallet_id,
        their_use=their_use.id,
        their_lot=factories.lot_of(zen, theirs).pk,
        their_contact=zen.contact.pk,
        their_type=zen.session.pk,
    )


class Damaged(Exception):
    """Ends the scope, so that the damage is rolled back."""


UNLOCK = """DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
            WHERE conrelid::regclass::text ~ '^(credits|outbox)_' AND contype IN ('c', 'u')
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.owner, c.conname); END LOOP;
  FOR c IN SELECT indexrelid::regclass AS index FROM pg_index
            WHERE indrelid::regclass::text ~ '^(credits|outbox)_' AND indisunique AND NOT indisprimary
  LOOP EXECUTE format('DROP INDEX %s', c.index); END LOOP;
END $$"""


@pytest.mark.usefixtures("history")
def test_finds_every_kind_of_damage(acme, zen, history, subtests):
    proven()
    with as_superuser(), unguarded():
        for statement, expected in DAMAGES:
            with subtests.test(statement):
                found = damage(acme, named(statement, history))
                for line in expected:
                    wanted = named(line, history)
                    assert any(one.startswith(wanted) or wanted in one for one in found), (
                        f"{wanted!r} is not in {found}"
                    )
    proven()


def named(text, history):
    text = text.replace("{{", "{").replace("}}", "}")
    return re.sub(r"(?<!:):([a-z_]+)", lambda word: str(getattr(history, word[1])), text)


def damage(world, statement):
    """What the proof, as the application's role, finds after `statement` with every constraint off; then all is as before."""
    found = []
    role = settings.APP_ROLE
    with suppress(Damaged), scope(world.account):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers, so no foreign keys either
            cursor.execute(UNLOCK)
            cursor.execute(statement)
            assert cursor.rowcount >= 1, "nothing was damaged"
            cursor.execute(f"SET LOCAL ROLE {role}")
        found += [f"{one.invariant} {one.line} {one.says}" for one in proof.verify(world.account)]
        raise Damaged
    return found


def verify_command(**options):
    said = io.StringIO()
    call_command("ledger_verify", stdout=said, **options)
    return said.getvalue()


def test_says_what_was_checked(acme, zen):
    for world in (acme, zen):
        factories.issue(world, 5)
        factories.consume(world, 1)
    assert verify_command() == "Every ledger adds up: 2 accounts, 2 wallets, 2 lots, 4 entries.\n"
    assert verify_command(account="zen") == "Every ledger adds up: 1 accounts, 1 wallets, 1 lots, 2 entries.\n"
    with pytest.raises(CommandError, match="no account “nobody”"):
        verify_command(account="nobody")


@pytest.fixture
def damaged(transactional_db, acme, zen):
    """Acme's wallet holds 1,000 credits that nobody issued."""
    factories.issue(acme, 5)
    factories.issue(zen, 5)
    with superuser_connection() as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "UPDATE credits_wallet SET balance = 1005, issued = 1005 WHERE account_id = %s", [acme.account.pk]
        )
    return acme


@pytest.mark.corrupts_ledger
def test_names_the_account_and_the_row_and_raises_the_alarm(damaged, zen, settings, caplog, mailoutbox):
    wallet = factories.wallet(damaged)
    said = io.StringIO()
    with pytest.raises(
        CommandError, match="The ledger is damaged in: acme. Checked 2 wallets, 2 lots, 2 entries."
    ) as caught:
        call_command("ledger_verify", stdout=said)
    assert caught.value.returncode == 1
    assert (
        f"acme (account {damaged.account.pk}): wallet {wallet.pk} holds a balance of 1005, its entries add up to 5 [I1]."
        in said.getvalue()
    )
    assert "zen" not in said.getvalue()
    assert "adds up" in verify_command(account="zen")

    with pytest.raises(AssertionError, match="holds a balance of 1005"):  # the proof that ends every test
        proven()

    settings.ADMINS = [("Operator", "operator@example.com")]
    with caplog.at_level(logging.ERROR):
        tasks.verify_account(account_id=zen.account.pk)
        assert not mailoutbox
        tasks.verify_account(account_id=damaged.account.pk)
    assert (
        f"ledger damaged: acme (account {damaged.account.pk}): wallet {wallet.pk} holds a balance of 1005"
        in caplog.text
    )
    [mail] = mailoutbox
    assert mail.to == ["operator@example.com"]
    assert "Ledger damaged: acme, 3 findings" in mail.subject
    assert f"wallet {wallet.pk} holds a balance of 1005" in mail.body


def test_every_account_has_a_task_of_its_own(acme, zen, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.verify_account, "delay", lambda **named: asked.append(named))
    tasks.verify_every_account()
    assert asked == [{"account_id": acme.account.pk}, {"account_id": zen.account.pk}]


def test_is_asked_for_inside_the_scope_and_changes_nothing(acme):
    factories.issue(acme, 5)
    with scope(acme.account, read_only=True):
        assert proof.verify(acme.account) == []
        assert (Wallet.objects.count(), Lot.objects.count()) == (1, 1)
        assert sql("SELECT current_setting('work_mem'), current_setting('enable_seqscan')") == [("4MB", "on")]
