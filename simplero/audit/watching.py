"""Watching a table: a migration operation after which every change of its rows is written down, whoever makes it and by which way.

The writing is done by `audit_watch()`, a trigger of the row, as the role and in the transaction that changes it: a change that is
rolled back was none, and one that cannot be written down is refused.
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL

FUNCTION = """CREATE OR REPLACE FUNCTION audit_watch() RETURNS trigger LANGUAGE plpgsql AS $$
-- Of the trigger: what the row is called, columns that are secret, columns that tell nothing, columns that stand after each change though they stay, the one
-- that holds the contact, the one that holds the account. Lists are divided by commas.
DECLARE
  was jsonb := coalesce(to_jsonb(OLD), '{}');
  now_is jsonb := coalesce(to_jsonb(NEW), '{}');
  kept jsonb := CASE TG_OP WHEN 'DELETE' THEN was ELSE now_is END;
  whose bigint := kept ->> TG_ARGV[5];
  about bigint := kept ->> nullif(TG_ARGV[4], '');
  quiet text[] := string_to_array(TG_ARGV[2], ',') || ARRAY['id', 'account_id', 'public_id', 'created_at'];
  changed text[];
  shown text[];
  actor text := nullif(current_setting('app.actor', true), '');
  opened text := current_setting('app.account_id', true);
  change bigint;
BEGIN
  SELECT array_agg(k ORDER BY k) INTO changed FROM jsonb_object_keys(kept) k
   WHERE k <> ALL (quiet) AND was -> k IS DISTINCT FROM now_is -> k AND (TG_OP = 'UPDATE' OR coalesce(kept ->> k, '') NOT IN ('', '[]', '{}'));
  IF changed IS NULL AND TG_OP = 'UPDATE' THEN RETURN NULL; END IF;
  changed := coalesce(changed, '{}');
  SELECT coalesce(array_agg(k), '{}') INTO shown FROM unnest(changed) k WHERE k <> ALL (string_to_array(TG_ARGV[1], ','));
  -- A row of a table that is nobody's own may be changed outside its account's scope; what is written down is that account's.
  IF opened IS DISTINCT FROM whose::text THEN PERFORM set_config('app.account_id', whose::text, true); END IF;
  INSERT INTO audit_change (account_id, at, deed, actor_kind, actor_id, origin, thing, row_id, contact_id, op, fields)
  VALUES (whose, ledger_now(), nullif(current_setting('app.deed', true), '')::uuid, coalesce(split_part(actor, ':', 1), ''),
          nullif(split_part(actor, ':', 2), '')::bigint, nullif(current_setting('app.origin', true), '')::inet,
          TG_ARGV[0], (kept ->> 'id')::bigint, about, lower(TG_OP), changed)
  RETURNING id INTO change;
  shown := shown || string_to_array(TG_ARGV[3], ',');
  IF shown <> '{}' THEN INSERT INTO audit_changedetail (account_id, change_id, contact_id, before, after)
  SELECT whose, change, about, coalesce(jsonb_object_agg(k, was -> k) FILTER (WHERE was ? k AND was -> k IS DISTINCT FROM now_is -> k), '{}'),
         coalesce(jsonb_object_agg(k, now_is -> k) FILTER (WHERE now_is ? k), '{}')
    FROM unnest(shown) k;
  END IF;
  IF opened IS DISTINCT FROM whose::text THEN PERFORM set_config('app.account_id', coalesce(opened, ''), true); END IF;
  RETURN NULL;
END $$"""


FORGETTING = """CREATE FUNCTION audit_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM audit_changedetail WHERE account_id = OLD.account_id AND contact_id = OLD.id;
  RETURN NULL;
END $$"""
"""What stood in a contact's rows goes when the contact is erased or deleted; that they changed stays."""


def audited(
    table: str,
    thing: str,
    *,
    on: str = "INSERT OR UPDATE OR DELETE",
    secret: Sequence[str] = (),
    ignore: Sequence[str] = (),
    always: Sequence[str] = (),
    contact: str = "",
    account: str = "account_id",
    when: str = "",
    name: str = "audited",
) -> RunSQL:
    """From now on rows of `table` are watched under the name `thing`.

    A column that is `secret` is named when it changes and never shown; one to `ignore` (a folded copy, a counter) is not even
    named; one of `always` is kept of how it is afterwards, though it stays. `contact` and `account` are the columns that say whom a row is about and
    whose it is; `when` is an SQL condition over NEW and OLD; `name` is another name for a second watch over the same table.
    """
    arguments = (thing, ",".join(secret), ",".join(ignore), ",".join(always), contact, account)
    words = ", ".join(f"'{argument}'" for argument in arguments)
    condition = f" WHEN ({when})" if when else ""
    return RunSQL(
        f"CREATE TRIGGER {name} AFTER {on} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION audit_watch({words})",
        f"DROP TRIGGER {name} ON {table}",
    )
