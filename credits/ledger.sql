-- The ledger: every way a balance changes, called once each by credits/ledger.py inside the caller's open transaction.
--
-- One shape for every verb: lock the wallet, answer a replay, settle what is overdue, check, write. The lock comes first and is
-- a statement of its own: every later statement then sees what the wallet's last holder committed, which one joined statement
-- would not. Several wallets are locked in id order.
--
-- Refusals: P0402 short of credits, P0404 nothing of that name here, P0409 key reused for another request, P0422 against a rule
-- (DETAIL is json, its "reason" a word that credits/ledger.py knows).
--
-- `manage.py migrate` installs this file whenever its text has changed (credits/apps.py): change it here, and nothing else.

DROP TYPE IF EXISTS credits_origin CASCADE;

CREATE TYPE credits_origin AS (   -- who did it, for what, and what they wrote down
  actor_kind text, actor_id bigint, source text, source_id text, cause_id bigint, depth smallint, note text, note_for_customer boolean
);

-- The first instant after `p_day` in a zone. Where midnight comes twice (clocks set back over it) Postgres takes the later one;
-- the day after begins with the first.
CREATE OR REPLACE FUNCTION credits_day_end(p_day date, p_zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN ((m - interval '1 hour') AT TIME ZONE p_zone)::date > p_day THEN m - interval '1 hour' ELSE m END
    FROM (SELECT (p_day + 1)::timestamp AT TIME ZONE p_zone AS m) AS midnight
$$;

-- The account's zone, for whoever works out by it when credits end: it stays so until they have committed, since credits_rezone waits
-- for them, and they for it.
CREATE OR REPLACE FUNCTION credits_zone(p_account bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7263, (p_account % 2147483647)::integer);
  RETURN (SELECT time_zone FROM tenancy_account WHERE id = p_account);
END $$;

-- A key for an entry that follows from another: a UUID of version 8, the name's SHA-256 (RFC 9562, 5.8). The server has no SHA-1
-- for version 5; keys made in Python are version 5 or 4, so the two never meet.
CREATE OR REPLACE FUNCTION credits_derived_key(p_name text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT encode(set_byte(set_byte(h, 6, get_byte(h, 6) & 15 | 128), 8, get_byte(h, 8) & 63 | 128), 'hex')::uuid
    FROM (SELECT substring(sha256(convert_to(p_name, 'UTF8')) FOR 16) AS h) AS hashed
$$;

-- The last good day of an issue today: '' is the type's default, else 'never', a date, or a span such as '3 months' (which ends
-- on the last day of a shorter month). NULL is never.
CREATE OR REPLACE FUNCTION credits_last_good_day(p_type credits_credittype, p_expiry text, p_today date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN p_expiry = 'never' THEN NULL
    WHEN p_expiry ~ '^\d{4}-\d\d-\d\d$' THEN p_expiry::date
    WHEN p_expiry <> '' THEN (p_today + p_expiry::interval)::date
    WHEN p_type.expires_after IS NULL THEN NULL
    ELSE (p_today + (p_type.expires_after || ' ' || p_type.expires_unit)::interval)::date
  END
$$;

CREATE OR REPLACE FUNCTION credits_refuse(p_reason text, p_detail jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'against a rule: %', p_reason USING ERRCODE = 'P0422', DETAIL = p_detail || jsonb_build_object('reason', p_reason);
END $$;

CREATE OR REPLACE FUNCTION credits_refuse_short(p_free bigint, p_asked bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'short of credits' USING ERRCODE = 'P0402', DETAIL = jsonb_build_object('free', p_free, 'asked', p_asked);
END $$;

CREATE OR REPLACE FUNCTION credits_check_amount(p_amount bigint) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF p_amount IS NULL OR p_amount NOT BETWEEN 1 AND 1000000 THEN PERFORM credits_refuse('amount'); END IF;
END $$;

-- Whether something can still be issued to this contact: a merged one is a signpost, an erased one a number.
CREATE OR REPLACE FUNCTION credits_stands(p_account bigint, p_contact bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM contacts_contact WHERE account_id = p_account AND id = p_contact AND merged_into_id IS NULL AND erased_at IS NULL)
$$;

-- The entry that this key already made, or NULL. The same key with another request is an error. `p_wallet` NULL is any: what names a lot
-- or a use is about that one, wherever a transfer has taken it since.
CREATE OR REPLACE FUNCTION credits_replay(
  p_account bigint, p_key uuid, p_wallet bigint, p_kind text, p_amount bigint,
  p_service_date date DEFAULT NULL, p_linked bigint DEFAULT NULL, p_lot bigint DEFAULT NULL, p_expiry text DEFAULT ''
) RETURNS credits_entry LANGUAGE plpgsql AS $$
DECLARE e credits_entry;
BEGIN
  SELECT * INTO e FROM credits_entry WHERE account_id = p_account AND key = p_key;
  IF FOUND AND (e.wallet_id, e.kind, e.amount, e.service_date, e.linked_id, e.lot_id, e.expiry)
     IS DISTINCT FROM (coalesce(p_wallet, e.wallet_id), p_kind, p_amount, p_service_date, p_linked, p_lot, p_expiry) THEN
    RAISE EXCEPTION 'idempotency key reused for another request' USING ERRCODE = 'P0409';
  END IF;
  RETURN e;
END $$;

-- Write one entry, its fact and its note for a locked wallet, whose new seq, balance and moved_at `w` already holds.
CREATE OR REPLACE FUNCTION credits_write(
  w credits_wallet, p_kind text, p_amount bigint, p_key uuid, p_origin credits_origin,
  p_service_date date DEFAULT NULL, p_linked bigint DEFAULT NULL, p_lot bigint DEFAULT NULL, p_expiry text DEFAULT ''
) RETURNS credits_entry LANGUAGE plpgsql AS $$
DECLARE e credits_entry;
BEGIN
  INSERT INTO credits_entry (account_id, key, wallet_id, seq, kind, amount, balance_after, linked_id, lot_id, service_date, expiry,
                             source, source_id, actor_kind, actor_id, happened_at, recorded_at)
  VALUES (w.account_id, p_key, w.id, w.seq, p_kind, p_amount, w.balance, p_linked, p_lot, p_service_date, p_expiry,
          p_origin.source, p_origin.source_id, p_origin.actor_kind, p_origin.actor_id, w.moved_at, ledger_now())
  RETURNING * INTO e;
  INSERT INTO outbox_event (account_id, kind, contact_id, body, actor_kind, actor_id, cause_id, depth, at)
  VALUES (w.account_id, credits_fact(p_kind), w.contact_id, credits_fact_body(e.key, w.credit_type_id, p_amount, w.balance),
          p_origin.actor_kind, p_origin.actor_id, p_origin.cause_id, p_origin.depth, w.moved_at);
  IF p_origin.note <> '' THEN
    INSERT INTO credits_entrynote (account_id, entry_id, text, for_customer)
    VALUES (w.account_id, e.id, p_origin.note, p_origin.note_for_customer);
  END IF;
  RETURN e;
END $$;

CREATE OR REPLACE FUNCTION credits_fact(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'credits.' || p_kind || CASE WHEN p_kind ~ 'e$' THEN 'd' WHEN p_kind = 'withdraw' THEN 'n' WHEN p_kind = 'transfer' THEN 'red' ELSE 'ed' END
$$;

CREATE OR REPLACE FUNCTION credits_fact_body(p_key uuid, p_type bigint, p_amount bigint, p_balance bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('entry', p_key, 'credit_type_id', p_type, 'amount', p_amount, 'balance', p_balance)
$$;

-- Put the locked wallet's new numbers in its row.
CREATE OR REPLACE FUNCTION credits_keep(w credits_wallet) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE credits_wallet
     SET balance = w.balance, seq = w.seq, issued = w.issued, used = w.used, expired = w.expired, withdrawn = w.withdrawn, moved_at = w.moved_at
   WHERE account_id = w.account_id AND id = w.id;
END $$;

-- A new lot of `p_entry`, its allocation, and the address at which its expiry will be due.
CREATE OR REPLACE FUNCTION credits_open_lot(
  p_entry credits_entry, p_amount bigint, p_last_good_day date, p_zone text, p_replaces bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE lot bigint; ends timestamptz := credits_day_end(p_last_good_day, p_zone);
BEGIN
  INSERT INTO credits_lot (account_id, wallet_id, entry_id, replaces_id, amount, remaining, last_good_day, expires_at, issued_at)
  VALUES (p_entry.account_id, p_entry.wallet_id, p_entry.id, p_replaces, p_amount, p_amount, p_last_good_day, ends, p_entry.happened_at)
  RETURNING id INTO lot;
  INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) VALUES (p_entry.account_id, p_entry.id, lot, p_amount);
  PERFORM credits_expiry_due(p_entry.account_id, ends);
  RETURN lot;
END $$;

-- When to remind of an end: a week before it, or, within that week, at the next full minute, so that what is opened meanwhile shares
-- one job. Hours, since a day of the session's zone may have 23.
CREATE OR REPLACE FUNCTION credits_reminder_due(p_ends timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT greatest(p_ends - interval '168 hours', date_trunc('minute', ledger_now()) + interval '1 minute')
$$;

-- One job for all that expires in this account at one instant, and one for the letters that say so a week before.
CREATE OR REPLACE FUNCTION credits_expiry_due(p_account bigint, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_at IS NULL THEN RETURN; END IF;
  INSERT INTO outbox_job (account_id, kind, subject, due)
  SELECT p_account, d.kind, 0, d.at FROM (VALUES ('credits.expire', p_at), ('credits.expiring', credits_reminder_due(p_at))) AS d(kind, at)
   WHERE NOT EXISTS (SELECT FROM outbox_job j WHERE j.account_id = p_account AND j.kind = d.kind AND j.subject = 0 AND j.due = d.at)
  ON CONFLICT DO NOTHING;
END $$;

-- Write the overdue expiries of these wallets, each dated at its lot's end (or at the newest entry, should a posting that waited for
-- the lock over that instant have opened the lot after it). Its key follows from the lot and how often it has
-- expired, so whoever comes first (a sweep, any posting) writes the one entry there is to write. Returns how many were written.
CREATE OR REPLACE FUNCTION credits_expire(p_account bigint, p_wallets bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE written bigint;
BEGIN
  PERFORM FROM credits_wallet WHERE account_id = p_account AND id = ANY (p_wallets) ORDER BY id FOR NO KEY UPDATE;
  WITH due AS (
    SELECT l.id AS lot_id, l.wallet_id, l.remaining, greatest(l.expires_at, w.moved_at) AS happened_at, w.contact_id, w.credit_type_id,
           credits_derived_key('expire:' || l.public_id || ':' || l.times_expired) AS key,
           w.seq + row_number() OVER o AS seq, (w.balance - sum(l.remaining) OVER o)::bigint AS balance_after
      FROM credits_lot l JOIN credits_wallet w ON w.account_id = l.account_id AND w.id = l.wallet_id
     WHERE l.account_id = p_account AND l.wallet_id = ANY (p_wallets) AND l.open AND l.expires_at <= ledger_now()
    WINDOW o AS (PARTITION BY l.wallet_id ORDER BY l.expires_at, l.id)
  ), posted AS (
    INSERT INTO credits_entry (account_id, key, wallet_id, seq, kind, amount, balance_after, lot_id, expiry,
                               source, source_id, actor_kind, happened_at, recorded_at)
    SELECT p_account, key, wallet_id, seq, 'expire', -remaining, balance_after, lot_id, '', 'clock', '', 'system', happened_at, ledger_now()
      FROM due ORDER BY wallet_id, seq
    RETURNING id, key, wallet_id, lot_id, amount
  ), allocated AS (
    INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) SELECT p_account, id, lot_id, amount FROM posted
  ), closed AS (
    UPDATE credits_lot l SET remaining = 0, open = false, expired = l.expired + d.remaining, times_expired = l.times_expired + 1
      FROM due d WHERE l.account_id = p_account AND l.id = d.lot_id
  ), moved AS (
    UPDATE credits_wallet w
       SET balance = d.balance_after, seq = d.seq, expired = w.expired + d.lost, moved_at = d.moved_at
      FROM (SELECT wallet_id, min(balance_after) AS balance_after, max(seq) AS seq, sum(remaining)::bigint AS lost, max(happened_at) AS moved_at
              FROM due GROUP BY wallet_id) d
     WHERE w.account_id = p_account AND w.id = d.wallet_id
  ), told AS (
    INSERT INTO outbox_event (account_id, kind, contact_id, body, actor_kind, at)
    SELECT p_account, credits_fact('expire'), d.contact_id, credits_fact_body(d.key, d.credit_type_id, -d.remaining, d.balance_after), 'system', d.happened_at
      FROM due d ORDER BY d.wallet_id, d.seq
  )
  SELECT count(*) INTO written FROM posted;
  RETURN written;
END $$;

-- The sweep: up to `p_limit` wallets of the account that hold overdue lots. Returns how many expiries were written.
CREATE OR REPLACE FUNCTION credits_expire_due(p_account bigint, p_limit integer) RETURNS bigint LANGUAGE sql AS $$
  SELECT credits_expire(p_account, ARRAY(
    SELECT DISTINCT wallet_id FROM (
      SELECT wallet_id FROM credits_lot WHERE account_id = p_account AND open AND expires_at <= ledger_now() ORDER BY expires_at LIMIT p_limit
    ) AS overdue))
$$;

-- A locked wallet after its overdue expiries are written: at its newest, with nothing in it that has gone bad.
CREATE OR REPLACE FUNCTION credits_settle(w credits_wallet) RETURNS credits_wallet LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM credits_lot WHERE account_id = w.account_id AND wallet_id = w.id AND open AND expires_at <= ledger_now()) THEN
    PERFORM credits_expire(w.account_id, ARRAY[w.id]);
    SELECT * INTO w FROM credits_wallet WHERE account_id = w.account_id AND id = w.id;
  END IF;
  RETURN w;
END $$;

-- The wallet in which a lot is now, locked. A transfer may take the lot elsewhere while this waits for the lock, so it looks again.
CREATE OR REPLACE FUNCTION credits_lock_home(p_account bigint, p_lot bigint) RETURNS credits_wallet LANGUAGE plpgsql AS $$
DECLARE w credits_wallet; home bigint;
BEGIN
  LOOP
    SELECT wallet_id INTO home FROM credits_lot WHERE account_id = p_account AND id = p_lot;
    EXIT WHEN w.id = home;
    SELECT * INTO w FROM credits_wallet WHERE account_id = p_account AND id = home FOR NO KEY UPDATE;
  END LOOP;
  RETURN w;
END $$;

-- The wallet's next line: its seq, and its time, which never runs back (a statement that waited for the lock is older than it).
CREATE OR REPLACE FUNCTION credits_next(w credits_wallet, p_amount bigint) RETURNS credits_wallet LANGUAGE plpgsql AS $$
BEGIN
  w.seq := w.seq + 1;
  w.balance := w.balance + p_amount;
  w.moved_at := greatest(w.moved_at, ledger_now());
  RETURN w;
END $$;

-- Bring `p_amount` of an expired lot back to life, linked to its newest expiry (an older one is always wholly restored).
CREATE OR REPLACE FUNCTION credits_restore(
  INOUT w credits_wallet, p_lot bigint, p_lot_name uuid, p_amount bigint, p_because uuid, p_origin credits_origin
) LANGUAGE plpgsql AS $$
DECLARE expiry bigint; e credits_entry;
BEGIN
  SELECT x.id INTO expiry FROM credits_allocation a
    JOIN credits_entry x ON x.account_id = a.account_id AND x.id = a.entry_id AND x.kind = 'expire'
   WHERE a.account_id = w.account_id AND a.lot_id = p_lot ORDER BY x.seq DESC LIMIT 1;
  p_origin.note := '';  -- it stands beside the entry that was asked for
  w := credits_next(w, p_amount);
  w.expired := w.expired - p_amount;
  e := credits_write(w, 'restore', p_amount, credits_derived_key('restore:' || p_because || ':' || p_lot_name), p_origin, p_linked => expiry, p_lot => p_lot);
  INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) VALUES (w.account_id, e.id, p_lot, p_amount);
  UPDATE credits_lot SET expired = expired - p_amount, remaining = remaining + p_amount, open = true WHERE account_id = w.account_id AND id = p_lot;
END $$;

CREATE OR REPLACE FUNCTION credits_issue(
  p_account bigint, p_contact bigint, p_type bigint, p_amount bigint, p_key uuid, p_expiry text, p_origin credits_origin,
  OUT entry credits_entry, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE w credits_wallet; t credits_credittype; zone text; today date; last_good_day date;
BEGIN
  PERFORM credits_check_amount(p_amount);
  SELECT * INTO w FROM credits_wallet WHERE account_id = p_account AND contact_id = p_contact AND credit_type_id = p_type FOR NO KEY UPDATE;
  IF NOT FOUND THEN  -- the first-ever issue: of many at once one makes the wallet, the others wait for it here
    INSERT INTO credits_wallet AS mine (account_id, contact_id, credit_type_id, moved_at) VALUES (p_account, p_contact, p_type, ledger_now())
    ON CONFLICT (account_id, contact_id, credit_type_id) DO UPDATE SET seq = mine.seq RETURNING * INTO w;
  END IF;
  entry := credits_replay(p_account, p_key, w.id, 'issue', p_amount, p_expiry => p_expiry);
  replayed := entry.id IS NOT NULL;
  IF replayed THEN RETURN; END IF;
  -- Asked under the wallet's lock: who merges or erases takes it too, so either this sees what they have done, or they what is issued here.
  IF NOT credits_stands(p_account, p_contact) THEN RAISE EXCEPTION 'no such contact here' USING ERRCODE = 'P0404'; END IF;
  SELECT * INTO t FROM credits_credittype WHERE account_id = p_account AND id = p_type;
  -- What was sold before the type was archived is still owed, at each renewal too.
  IF t.archived_at IS NOT NULL AND p_origin.source <> 'purchase' THEN PERFORM credits_refuse('archived'); END IF;
  zone := credits_zone(p_account);
  today := (ledger_now() AT TIME ZONE zone)::date;
  last_good_day := credits_last_good_day(t, p_expiry, today);
  IF last_good_day < today THEN PERFORM credits_refuse('past_day'); END IF;
  w := credits_next(credits_settle(w), p_amount);
  w.issued := w.issued + p_amount;
  entry := credits_write(w, 'issue', p_amount, p_key, p_origin, p_expiry => p_expiry);
  PERFORM credits_open_lot(entry, p_amount, last_good_day, zone);
  INSERT INTO outbox_job (account_id, kind, subject, due) VALUES (p_account, 'credits.moved', entry.id, ledger_now());  -- tells the customer
  PERFORM credits_keep(w);
END $$;

-- Draw from the lot that expires soonest, never-expiring last, then the oldest. Dated back to a day on which a since-expired lot
-- was still good, it first restores exactly what it takes from that lot; lots issued after that day pay last. `p_tell`: with the job
-- that tells the customer, as for any use but a batch's.
CREATE OR REPLACE FUNCTION credits_consume(
  p_account bigint, p_contact bigint, p_type bigint, p_amount bigint, p_key uuid, p_service_date date, p_origin credits_origin,
  p_tell boolean DEFAULT true, OUT entry credits_entry, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  w credits_wallet; l record; zone text; today date; dated_back boolean := false; settled boolean := false;
  need bigint := p_amount; take bigint; lots bigint[] := '{}'; takes bigint[] := '{}';
BEGIN
  PERFORM credits_check_amount(p_amount);
  SELECT * INTO w FROM credits_wallet WHERE account_id = p_account AND contact_id = p_contact AND credit_type_id = p_type FOR NO KEY UPDATE;
  -- Most keys are new: asked here, they are spared that call.
  replayed := EXISTS (SELECT FROM credits_entry WHERE account_id = p_account AND key = p_key);
  IF replayed THEN
    entry := credits_replay(p_account, p_key, coalesce(w.id, 0), 'consume', -p_amount, p_service_date);
    RETURN;
  END IF;
  IF p_service_date IS NOT NULL THEN
    zone := credits_zone(p_account);
    today := (ledger_now() AT TIME ZONE zone)::date;
    IF p_service_date > today THEN PERFORM credits_refuse('future_day'); END IF;
    IF p_service_date < today - 90 THEN PERFORM credits_refuse('too_far_back'); END IF;
    dated_back := p_service_date < today;
  END IF;
  IF w.id IS NULL THEN PERFORM credits_refuse_short(0, p_amount); END IF;

  IF dated_back THEN
    w := credits_settle(w);
    FOR l IN SELECT * FROM credits_payers_on(w, p_service_date, zone) LOOP
      take := least(l.payable, need);
      IF l.has_expired THEN
        w := credits_restore(w, l.id, l.public_id, take, p_key, p_origin);
      END IF;
      lots := lots || l.id;
      takes := takes || take;
      need := need - take;
      EXIT WHEN need = 0;
    END LOOP;
  ELSE
    FOR l IN SELECT id, remaining, expires_at FROM credits_lot WHERE account_id = p_account AND wallet_id = w.id AND open ORDER BY expires_at, id LOOP
      IF l.expires_at <= ledger_now() THEN  -- overdue lots come first; written off, they change nothing in those that follow
        IF NOT settled THEN w := credits_settle(w); END IF;
        settled := true;
        CONTINUE;
      END IF;
      take := least(l.remaining, need);
      lots := lots || l.id;
      takes := takes || take;
      need := need - take;
      EXIT WHEN need = 0;
    END LOOP;
  END IF;
  IF need > 0 THEN PERFORM credits_refuse_short(p_amount - need, p_amount); END IF;

  w := credits_next(w, -p_amount);
  w.used := w.used + p_amount;
  entry := credits_write(w, 'consume', -p_amount, p_key, p_origin, p_service_date);
  FOR i IN 1 .. cardinality(lots) LOOP
    UPDATE credits_lot SET remaining = remaining - takes[i], open = remaining > takes[i] WHERE account_id = p_account AND id = lots[i];
    INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) VALUES (p_account, entry.id, lots[i], -takes[i]);
  END LOOP;
  IF p_tell THEN
    INSERT INTO outbox_job (account_id, kind, subject, due) VALUES (p_account, 'credits.moved', entry.id, ledger_now());
  END IF;
  PERFORM credits_keep(w);
END $$;

-- The lots that may pay a use dated back to `p_day`, in the order in which they do: by the clock, so the same before the wallet
-- is settled (a preview) and after.
CREATE OR REPLACE FUNCTION credits_payers_on(w credits_wallet, p_day date, p_zone text)
RETURNS TABLE (id bigint, public_id uuid, payable bigint, has_expired boolean) LANGUAGE sql STABLE AS $$
  SELECT l.id, l.public_id, CASE WHEN l.alive OR l.open THEN l.remaining ELSE l.expired END, NOT l.alive
    FROM (
      SELECT *, open AND (expires_at > ledger_now()) IS NOT FALSE AS alive, (issued_at AT TIME ZONE p_zone)::date <= p_day AS good_then
        FROM credits_lot WHERE account_id = w.account_id AND wallet_id = w.id AND (open OR expired > 0)
    ) AS l
   WHERE l.alive OR (l.last_good_day >= p_day AND l.good_then)
   ORDER BY l.good_then DESC, l.expires_at, l.id
$$;

-- Give back a use, or part of it, to the very lots that paid, the last drawn first. A lot that has expired since gives a new one,
-- good through today + (its last good day - the day of service, at least 0). What a lot withdrawn since paid comes back only if
-- `p_revive` says so.
--
-- It happens where the use did, or, where a transfer has taken all that paid elsewhere, there. A lot that is in yet another wallet by now
-- gives a new one, as good as it is.
CREATE OR REPLACE FUNCTION credits_reverse(
  p_account bigint, p_use uuid, p_amount bigint, p_key uuid, p_revive boolean, p_origin credits_origin,
  OUT entry credits_entry, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  u credits_entry; w credits_wallet; l record; zone text := credits_zone(p_account); today date; served date;
  left_ bigint; give bigint; need bigint := p_amount;
BEGIN
  PERFORM credits_check_amount(p_amount);
  SELECT * INTO u FROM credits_entry WHERE account_id = p_account AND key = p_use AND kind = 'consume';
  IF NOT FOUND THEN RAISE EXCEPTION 'no such use here' USING ERRCODE = 'P0404'; END IF;
  w := credits_lock_home(p_account, (
    SELECT x.id FROM credits_allocation a JOIN credits_lot x ON x.account_id = a.account_id AND x.id = a.lot_id
     WHERE a.account_id = p_account AND a.entry_id = u.id ORDER BY x.wallet_id <> u.wallet_id, a.id LIMIT 1));
  entry := credits_replay(p_account, p_key, NULL, 'reverse', p_amount, p_linked => u.id);
  replayed := entry.id IS NOT NULL;
  IF replayed THEN RETURN; END IF;
  w := credits_settle(w);
  SELECT coalesce(sum(r.reversible) FILTER (WHERE p_revive OR NOT r.withdrawn), 0) INTO left_ FROM credits_reversible(u) r;
  IF p_amount > left_ THEN
    PERFORM credits_refuse('over_reversal', (
      SELECT jsonb_build_object('left', left_, 'withdrawn', coalesce(sum(r.reversible) FILTER (WHERE r.withdrawn AND NOT p_revive), 0))
        FROM credits_reversible(u) r));
  END IF;
  w := credits_next(w, p_amount);
  w.used := w.used - p_amount;
  today := (ledger_now() AT TIME ZONE zone)::date;
  served := coalesce(u.service_date, (u.happened_at AT TIME ZONE zone)::date);
  entry := credits_write(w, 'reverse', p_amount, p_key, p_origin, p_linked => u.id);
  FOR l IN SELECT * FROM credits_reversible(u) r WHERE p_revive OR NOT r.withdrawn LOOP
    give := least(l.reversible, need);
    IF l.expires_at <= ledger_now() THEN
      PERFORM credits_open_lot(entry, give, today + greatest(l.last_good_day - served, 0), zone, l.lot_id);
    ELSIF l.wallet_id <> w.id THEN
      PERFORM credits_open_lot(entry, give, l.last_good_day, zone, l.lot_id);
    ELSE
      UPDATE credits_lot SET remaining = remaining + give, open = true, withdrawn_at = NULL WHERE account_id = p_account AND id = l.lot_id;
      INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) VALUES (p_account, entry.id, l.lot_id, give);
    END IF;
    need := need - give;
    EXIT WHEN need = 0;
  END LOOP;
  PERFORM credits_keep(w);
END $$;

-- What of a use has not been given back yet, lot by lot, the last drawn first. A reversal that had to open a new lot counts
-- against the lot which that one replaces.
CREATE OR REPLACE FUNCTION credits_reversible(u credits_entry)
RETURNS TABLE (lot_id bigint, reversible bigint, withdrawn boolean, last_good_day date, expires_at timestamptz, wallet_id bigint) LANGUAGE sql STABLE AS $$
  SELECT l.id, -a.amount - coalesce(given.back, 0), l.withdrawn_at IS NOT NULL, l.last_good_day, l.expires_at, l.wallet_id
    FROM credits_allocation a
    JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id
    LEFT JOIN (
      SELECT CASE WHEN nl.entry_id = ra.entry_id THEN nl.replaces_id ELSE nl.id END AS lot_id, sum(ra.amount)::bigint AS back
        FROM credits_entry r
        JOIN credits_allocation ra ON ra.account_id = r.account_id AND ra.entry_id = r.id
        JOIN credits_lot nl ON nl.account_id = ra.account_id AND nl.id = ra.lot_id
       WHERE r.account_id = u.account_id AND r.linked_id = u.id
       GROUP BY 1
    ) given ON given.lot_id = l.id
   WHERE a.account_id = u.account_id AND a.entry_id = u.id AND -a.amount > coalesce(given.back, 0)
   ORDER BY a.id DESC
$$;

CREATE OR REPLACE FUNCTION credits_withdraw(
  p_account bigint, p_lot uuid, p_amount bigint, p_key uuid, p_origin credits_origin,
  OUT entry credits_entry, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE l credits_lot; w credits_wallet;
BEGIN
  PERFORM credits_check_amount(p_amount);
  SELECT * INTO l FROM credits_lot WHERE account_id = p_account AND public_id = p_lot;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such lot here' USING ERRCODE = 'P0404'; END IF;
  w := credits_lock_home(p_account, l.id);
  entry := credits_replay(p_account, p_key, NULL, 'withdraw', -p_amount, p_lot => l.id);
  replayed := entry.id IS NOT NULL;
  IF replayed THEN RETURN; END IF;
  w := credits_settle(w);
  SELECT * INTO l FROM credits_lot WHERE account_id = p_account AND id = l.id;
  IF l.remaining < p_amount THEN PERFORM credits_refuse('over_withdrawal', jsonb_build_object('left', l.remaining)); END IF;
  w := credits_next(w, -p_amount);
  w.withdrawn := w.withdrawn + p_amount;
  entry := credits_write(w, 'withdraw', -p_amount, p_key, p_origin, p_lot => l.id);
  UPDATE credits_lot
     SET remaining = remaining - p_amount, withdrawn = withdrawn + p_amount, open = remaining > p_amount,
         withdrawn_at = CASE WHEN remaining = p_amount THEN w.moved_at END
   WHERE account_id = p_account AND id = l.id;
  INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) VALUES (p_account, entry.id, l.id, -p_amount);
  PERFORM credits_keep(w);
END $$;

-- Change a lot's last good day to a date from today on, or to 'never'. A lot that has expired comes back whole: the redate, then a
-- restore linked to the expiry.
CREATE OR REPLACE FUNCTION credits_redate(
  p_account bigint, p_lot uuid, p_expiry text, p_key uuid, p_origin credits_origin,
  OUT entry credits_entry, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  l credits_lot; w credits_wallet; zone text := credits_zone(p_account); day date := nullif(p_expiry, 'never')::date;
  ends timestamptz := credits_day_end(day, zone);
BEGIN
  SELECT * INTO l FROM credits_lot WHERE account_id = p_account AND public_id = p_lot;
  IF NOT FOUND THEN RAISE EXCEPTION 'no such lot here' USING ERRCODE = 'P0404'; END IF;
  w := credits_lock_home(p_account, l.id);
  entry := credits_replay(p_account, p_key, NULL, 'redate', 0, p_lot => l.id, p_expiry => p_expiry);
  replayed := entry.id IS NOT NULL;
  IF replayed THEN RETURN; END IF;
  IF day < (ledger_now() AT TIME ZONE zone)::date THEN PERFORM credits_refuse('past_day'); END IF;
  w := credits_settle(w);
  SELECT * INTO l FROM credits_lot WHERE account_id = p_account AND id = l.id;
  IF l.remaining = 0 AND l.expired = 0 THEN PERFORM credits_refuse('nothing_left'); END IF;
  IF l.last_good_day IS NOT DISTINCT FROM day THEN PERFORM credits_refuse('same_day'); END IF;
  w := credits_next(w, 0);
  entry := credits_write(w, 'redate', 0, p_key, p_origin, p_lot => l.id, p_expiry => p_expiry);
  UPDATE credits_lot SET last_good_day = day, expires_at = ends WHERE account_id = p_account AND id = l.id;
  IF l.expired > 0 THEN
    w := credits_restore(w, l.id, l.public_id, l.expired, p_key, p_origin);
  END IF;
  PERFORM credits_expiry_due(p_account, ends);
  PERFORM credits_keep(w);
END $$;

-- Batches plan afresh at each call, for the rows they were given and the tables as they have grown: a plan kept from when the
-- tables were small reads them whole for every row.

-- Whether a contact stands is asked by num_nulls(), which no partial index of contacts answers: in an account that has just been filled one of
-- those would be read whole for every row.

-- One issue to each of many wallets. Rows name different wallets and different keys, and each what it is for (source id) and after
-- which event. Answers per row: posted, replayed, or
-- refused and why.
CREATE OR REPLACE FUNCTION credits_issue_many(
  p_account bigint, p_contacts bigint[], p_types bigint[], p_amounts bigint[], p_keys uuid[],
  p_source_ids text[], p_causes bigint[], p_depths smallint[], p_expiry text, p_origin credits_origin
) RETURNS TABLE (ordinal bigint, outcome text, reason text, entry_id bigint, free bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE zone text := credits_zone(p_account); today date := (ledger_now() AT TIME ZONE zone)::date;
BEGIN
  INSERT INTO credits_wallet (account_id, contact_id, credit_type_id, moved_at)
  SELECT p_account, c.id, t.id, ledger_now()
    FROM unnest(p_contacts, p_types, p_amounts, p_keys) AS r(contact_id, type_id, amount, key)
    JOIN contacts_contact c ON c.account_id = p_account AND c.id = r.contact_id
    JOIN credits_credittype t ON t.account_id = p_account AND t.id = r.type_id AND t.archived_at IS NULL
   WHERE r.amount BETWEEN 1 AND 1000000 AND num_nulls(c.merged_into_id, c.erased_at) = 2
     AND NOT EXISTS (SELECT FROM credits_wallet w WHERE w.account_id = p_account AND w.contact_id = c.id AND w.credit_type_id = t.id)
     AND (credits_last_good_day(t, p_expiry, today) >= today) IS NOT FALSE
     AND NOT EXISTS (SELECT FROM credits_entry e WHERE e.account_id = p_account AND e.key = r.key)
   ORDER BY c.id, t.id
  ON CONFLICT (account_id, contact_id, credit_type_id) DO NOTHING;
  PERFORM credits_lock_many(p_account, p_contacts, p_types);
  RETURN QUERY
  WITH kinds AS MATERIALIZED (  -- what is the same for every row of a type, worked out once
    SELECT t.id, t.archived_at IS NOT NULL AS archived, d.day AS last_good_day, credits_day_end(d.day, zone) AS expires_at
      FROM credits_credittype t, LATERAL (SELECT credits_last_good_day(t, p_expiry, today) AS day) AS d
     WHERE t.account_id = p_account AND t.id = ANY (p_types)
  ), asked AS (
    SELECT r.*, w.id AS wallet_id, w.seq, w.balance, w.moved_at, e.id AS old_id,
           (e.wallet_id, e.kind, e.amount, e.expiry, e.service_date, e.linked_id, e.lot_id) IS NOT DISTINCT FROM
             (w.id, 'issue'::varchar, r.amount, p_expiry::varchar, NULL::date, NULL::bigint, NULL::bigint) AS same,
           t.archived, t.last_good_day, t.expires_at, c.id IS NOT NULL AND num_nulls(c.merged_into_id, c.erased_at) = 2 AS stands
      FROM unnest(p_contacts, p_types, p_amounts, p_keys, p_source_ids, p_causes, p_depths)
             WITH ORDINALITY AS r(contact_id, type_id, amount, key, source_id, cause_id, depth, ordinal)
      LEFT JOIN credits_wallet w ON w.account_id = p_account AND w.contact_id = r.contact_id AND w.credit_type_id = r.type_id
      LEFT JOIN contacts_contact c ON c.account_id = p_account AND c.id = r.contact_id
      LEFT JOIN kinds t ON t.id = r.type_id
      LEFT JOIN credits_entry e ON e.account_id = p_account AND e.key = r.key
  ), posted AS (
    INSERT INTO credits_entry (account_id, key, wallet_id, seq, kind, amount, balance_after, expiry,
                               source, source_id, actor_kind, actor_id, happened_at, recorded_at)
    SELECT p_account, key, wallet_id, seq + 1, 'issue', amount, balance + amount, p_expiry,
           p_origin.source, source_id, p_origin.actor_kind, p_origin.actor_id, greatest(moved_at, ledger_now()), ledger_now()
      FROM asked
     WHERE old_id IS NULL AND wallet_id IS NOT NULL AND stands AND NOT archived AND amount BETWEEN 1 AND 1000000
       AND (last_good_day >= today) IS NOT FALSE
     ORDER BY wallet_id
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id, key, wallet_id, seq, amount, balance_after, happened_at
  ), opened AS (
    INSERT INTO credits_lot (account_id, wallet_id, entry_id, amount, remaining, last_good_day, expires_at, issued_at)
    SELECT p_account, p.wallet_id, p.id, p.amount, p.amount, a.last_good_day, a.expires_at, p.happened_at
      FROM posted p JOIN asked a ON a.key = p.key
    RETURNING id, entry_id, amount, expires_at
  ), allocated AS (
    INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount) SELECT p_account, entry_id, id, amount FROM opened
  ), due AS (
    INSERT INTO outbox_job (account_id, kind, subject, due)
    SELECT p_account, d.kind, 0, d.at
      FROM (SELECT DISTINCT expires_at FROM opened WHERE expires_at IS NOT NULL) AS ends,
           LATERAL (VALUES ('credits.expire', ends.expires_at), ('credits.expiring', credits_reminder_due(ends.expires_at))) AS d(kind, at)
     ORDER BY d.kind, d.at
    ON CONFLICT DO NOTHING
  ), moved AS (
    UPDATE credits_wallet w SET balance = p.balance_after, seq = p.seq, issued = w.issued + p.amount, moved_at = p.happened_at
      FROM posted p WHERE w.account_id = p_account AND w.id = p.wallet_id
  ), told AS (
    INSERT INTO outbox_event (account_id, kind, contact_id, body, actor_kind, actor_id, cause_id, depth, at)
    SELECT p_account, credits_fact('issue'), a.contact_id, credits_fact_body(p.key, a.type_id, p.amount, p.balance_after),
           p_origin.actor_kind, p_origin.actor_id, a.cause_id, a.depth, p.happened_at
      FROM posted p JOIN asked a ON a.key = p.key
  ), noted AS (
    INSERT INTO credits_entrynote (account_id, entry_id, text, for_customer)
    SELECT p_account, id, p_origin.note, p_origin.note_for_customer FROM posted WHERE p_origin.note <> ''
  )
  SELECT a.ordinal,
         CASE WHEN p.id IS NOT NULL THEN 'posted' WHEN a.old_id IS NOT NULL AND a.same THEN 'replayed' ELSE 'refused' END,
         CASE WHEN p.id IS NOT NULL OR (a.old_id IS NOT NULL AND a.same) THEN '' WHEN a.old_id IS NOT NULL THEN 'key_reused'
              WHEN a.amount BETWEEN 1 AND 1000000 IS NOT TRUE THEN 'amount' WHEN a.archived THEN 'archived'
              WHEN a.last_good_day < today THEN 'past_day' WHEN a.wallet_id IS NULL OR NOT a.stands THEN 'not_here' ELSE 'key_reused' END,
         coalesce(p.id, CASE WHEN a.same THEN a.old_id END), coalesce(p.balance_after, a.balance, 0)
    FROM asked a LEFT JOIN posted p ON p.key = a.key;
END $$;

-- The wallets of a batch, locked in id order and settled.
CREATE OR REPLACE FUNCTION credits_lock_many(p_account bigint, p_contacts bigint[], p_types bigint[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE wallets bigint[];
BEGIN
  SELECT array_agg(locked.id) INTO wallets FROM (
    SELECT w.id FROM unnest(p_contacts, p_types) AS r(contact_id, type_id)
      JOIN credits_wallet w ON w.account_id = p_account AND w.contact_id = r.contact_id AND w.credit_type_id = r.type_id
     ORDER BY w.id FOR NO KEY UPDATE OF w
  ) AS locked;
  IF EXISTS (SELECT FROM credits_lot WHERE account_id = p_account AND wallet_id = ANY (wallets) AND open AND expires_at <= ledger_now()) THEN
    PERFORM credits_expire(p_account, wallets);
  END IF;
END $$;

-- One use from each of many wallets. Rows name different wallets and different keys. Answers per row: posted, replayed, short, or
-- refused and why. Dated back, each row goes its own way through credits_consume, since what it restores differs.
CREATE OR REPLACE FUNCTION credits_consume_many(
  p_account bigint, p_contacts bigint[], p_types bigint[], p_amounts bigint[], p_keys uuid[],
  p_source_ids text[], p_causes bigint[], p_depths smallint[], p_service_date date, p_origin credits_origin
) RETURNS TABLE (ordinal bigint, outcome text, reason text, entry_id bigint, free bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE today date := (ledger_now() AT TIME ZONE credits_zone(p_account))::date; one record; said text; code text;
BEGIN
  PERFORM credits_lock_many(p_account, p_contacts, p_types);
  IF p_service_date <> today THEN
    FOR i IN 1 .. cardinality(p_keys) LOOP
      ordinal := i;
      p_origin.source_id := p_source_ids[i];
      p_origin.cause_id := p_causes[i];
      p_origin.depth := p_depths[i];
      BEGIN
        SELECT (c.entry).id AS id, (c.entry).balance_after AS balance, c.replayed INTO one
          FROM credits_consume(p_account, p_contacts[i], p_types[i], p_amounts[i], p_keys[i], p_service_date, p_origin, p_tell => false) AS c;
        outcome := CASE WHEN one.replayed THEN 'replayed' ELSE 'posted' END;
        reason := '';
        entry_id := one.id;
        free := one.balance;
      EXCEPTION WHEN SQLSTATE 'P0402' OR SQLSTATE 'P0409' OR SQLSTATE 'P0422' OR unique_violation THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = PG_EXCEPTION_DETAIL;
        outcome := CASE code WHEN 'P0402' THEN 'short' ELSE 'refused' END;
        reason := CASE code WHEN 'P0402' THEN '' WHEN 'P0422' THEN said::jsonb ->> 'reason' ELSE 'key_reused' END;
        entry_id := NULL;
        free := CASE code WHEN 'P0402' THEN (said::jsonb ->> 'free')::bigint END;
      END;
      RETURN NEXT;
    END LOOP;
    RETURN;
  END IF;
  RETURN QUERY
  WITH asked AS (
    SELECT r.*, w.id AS wallet_id, w.seq, w.balance, w.moved_at, e.id AS old_id,
           (e.wallet_id, e.kind, e.amount, e.service_date, e.linked_id, e.lot_id, e.expiry) IS NOT DISTINCT FROM
             (w.id, 'consume'::varchar, -r.amount, p_service_date, NULL::bigint, NULL::bigint, ''::varchar) AS same
      FROM unnest(p_contacts, p_types, p_amounts, p_keys, p_source_ids, p_causes, p_depths)
             WITH ORDINALITY AS r(contact_id, type_id, amount, key, source_id, cause_id, depth, ordinal)
      LEFT JOIN credits_wallet w ON w.account_id = p_account AND w.contact_id = r.contact_id AND w.credit_type_id = r.type_id
      LEFT JOIN credits_entry e ON e.account_id = p_account AND e.key = r.key
  ), posted AS (
    INSERT INTO credits_entry (account_id, key, wallet_id, seq, kind, amount, balance_after, service_date, expiry,
                               source, source_id, actor_kind, actor_id, happened_at, recorded_at)
    SELECT p_account, key, wallet_id, seq + 1, 'consume', -amount, balance - amount, p_service_date, '',
           p_origin.source, source_id, p_origin.actor_kind, p_origin.actor_id, greatest(moved_at, ledger_now()), ledger_now()
      FROM asked
     WHERE old_id IS NULL AND balance >= amount AND amount BETWEEN 1 AND 1000000
     ORDER BY wallet_id
    ON CONFLICT (account_id, key) DO NOTHING
    RETURNING id, key, wallet_id, seq, -amount AS need, balance_after, happened_at
  ), draw AS (
    SELECT entry_id, lot_id, expires_at, least(remaining, need - before) AS take
      FROM (SELECT p.id AS entry_id, l.id AS lot_id, l.expires_at, p.need, l.remaining,
                   sum(l.remaining) OVER (PARTITION BY l.wallet_id ORDER BY l.expires_at, l.id) - l.remaining AS before
              FROM posted p JOIN credits_lot l ON l.account_id = p_account AND l.wallet_id = p.wallet_id AND l.open) AS offered
     WHERE before < need
  ), drawn AS (
    UPDATE credits_lot l SET remaining = l.remaining - d.take, open = l.remaining > d.take
      FROM draw d WHERE l.account_id = p_account AND l.id = d.lot_id
  ), allocated AS (
    INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount)
    SELECT p_account, entry_id, lot_id, -take FROM draw ORDER BY entry_id, expires_at, lot_id
  ), moved AS (
    UPDATE credits_wallet w SET balance = p.balance_after, seq = p.seq, used = w.used + p.need, moved_at = p.happened_at
      FROM posted p WHERE w.account_id = p_account AND w.id = p.wallet_id
  ), told AS (
    INSERT INTO outbox_event (account_id, kind, contact_id, body, actor_kind, actor_id, cause_id, depth, at)
    SELECT p_account, credits_fact('consume'), a.contact_id, credits_fact_body(p.key, a.type_id, -p.need, p.balance_after),
           p_origin.actor_kind, p_origin.actor_id, a.cause_id, a.depth, p.happened_at
      FROM posted p JOIN asked a ON a.key = p.key
  ), noted AS (
    INSERT INTO credits_entrynote (account_id, entry_id, text, for_customer)
    SELECT p_account, id, p_origin.note, p_origin.note_for_customer FROM posted WHERE p_origin.note <> ''
  )
  SELECT a.ordinal,
         CASE WHEN p.id IS NOT NULL THEN 'posted' WHEN a.old_id IS NOT NULL AND a.same THEN 'replayed'
              WHEN a.old_id IS NULL AND a.amount BETWEEN 1 AND 1000000 AND coalesce(a.balance, 0) < a.amount THEN 'short' ELSE 'refused' END,
         CASE WHEN p.id IS NOT NULL OR (a.old_id IS NOT NULL AND a.same) THEN '' WHEN a.old_id IS NOT NULL THEN 'key_reused'
              WHEN a.amount BETWEEN 1 AND 1000000 IS NOT TRUE THEN 'amount' WHEN coalesce(a.balance, 0) < a.amount THEN '' ELSE 'key_reused' END,
         coalesce(p.id, CASE WHEN a.same THEN a.old_id END), coalesce(p.balance_after, a.balance, 0)
    FROM asked a LEFT JOIN posted p ON p.key = a.key;
END $$;

-- Give back of each use what has not been given back yet, but for what was withdrawn since. Each row goes its own way, since lots
-- differ; a row that is refused refuses nothing else. Answers per row: posted, replayed, or refused and why; how many, and what is free.
CREATE OR REPLACE FUNCTION credits_reverse_many(p_account bigint, p_uses uuid[], p_keys uuid[], p_origin credits_origin)
RETURNS TABLE (ordinal bigint, outcome text, reason text, entry_id bigint, amount bigint, free bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE left_ bigint; old bigint;
BEGIN
  PERFORM credits_lock_lots(p_account, ARRAY(
    SELECT DISTINCT a.lot_id FROM credits_entry e JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
     WHERE e.account_id = p_account AND e.key = ANY (p_uses)));
  FOR i IN 1 .. cardinality(p_keys) LOOP
    SELECT abs(e.amount) INTO old FROM credits_entry e WHERE e.account_id = p_account AND e.key = p_keys[i];
    SELECT sum(r.reversible) FILTER (WHERE NOT r.withdrawn) INTO left_
      FROM credits_entry u, LATERAL credits_reversible(u) AS r WHERE u.account_id = p_account AND u.key = p_uses[i] AND u.kind = 'consume';
    RETURN QUERY SELECT i::bigint, a.* FROM credits_attempt('reverse', p_account, p_uses[i], coalesce(old, left_, 0), p_keys[i], p_origin) AS a;
  END LOOP;
END $$;

-- Take back what is left in the lots that these issues made; see credits_reverse_many.
CREATE OR REPLACE FUNCTION credits_withdraw_many(p_account bigint, p_issues uuid[], p_keys uuid[], p_origin credits_origin)
RETURNS TABLE (ordinal bigint, outcome text, reason text, entry_id bigint, amount bigint, free bigint)
LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE l credits_lot; old bigint;
BEGIN
  PERFORM credits_lock_lots(p_account, ARRAY(
    SELECT l.id FROM credits_entry e JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
      JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id AND l.entry_id = e.id
     WHERE e.account_id = p_account AND e.key = ANY (p_issues) AND e.kind = 'issue'));
  FOR i IN 1 .. cardinality(p_keys) LOOP
    SELECT abs(e.amount) INTO old FROM credits_entry e WHERE e.account_id = p_account AND e.key = p_keys[i];
    SELECT l.* INTO l FROM credits_entry e JOIN credits_allocation a ON a.account_id = e.account_id AND a.entry_id = e.id
      JOIN credits_lot l ON l.account_id = a.account_id AND l.id = a.lot_id AND l.entry_id = e.id
     WHERE e.account_id = p_account AND e.key = p_issues[i] AND e.kind = 'issue';
    RETURN QUERY SELECT i::bigint, a.* FROM credits_attempt('withdraw', p_account, l.public_id, coalesce(old, l.remaining, 0), p_keys[i], p_origin) AS a;
  END LOOP;
END $$;

-- The wallets in which these lots are, locked in id order and settled.
CREATE OR REPLACE FUNCTION credits_lock_lots(p_account bigint, p_lots bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wallets bigint[] := ARRAY(SELECT DISTINCT wallet_id FROM credits_lot WHERE account_id = p_account AND id = ANY (p_lots));
BEGIN
  PERFORM FROM credits_wallet WHERE account_id = p_account AND id = ANY (wallets) ORDER BY id FOR NO KEY UPDATE;
  PERFORM credits_expire(p_account, wallets);
END $$;

-- One reversal, or one withdrawal, of a batch: what became of it, as a row.
CREATE OR REPLACE FUNCTION credits_attempt(
  p_verb text, p_account bigint, p_subject uuid, p_amount bigint, p_key uuid, p_origin credits_origin,
  OUT outcome text, OUT reason text, OUT entry_id bigint, OUT amount bigint, OUT free bigint
) LANGUAGE plpgsql AS $$
DECLARE made record; said text; code text;
BEGIN
  IF p_amount = 0 THEN PERFORM credits_refuse('nothing_left'); END IF;
  IF p_verb = 'reverse' THEN
    SELECT (r.entry).id AS id, abs((r.entry).amount) AS amount, (r.entry).balance_after AS balance, r.replayed INTO made
      FROM credits_reverse(p_account, p_subject, p_amount, p_key, false, p_origin) AS r;
  ELSE
    SELECT (r.entry).id AS id, abs((r.entry).amount) AS amount, (r.entry).balance_after AS balance, r.replayed INTO made
      FROM credits_withdraw(p_account, p_subject, p_amount, p_key, p_origin) AS r;
  END IF;
  outcome := CASE WHEN made.replayed THEN 'replayed' ELSE 'posted' END;
  reason := '';
  entry_id := made.id;
  amount := made.amount;
  free := made.balance;
EXCEPTION WHEN SQLSTATE 'P0404' OR SQLSTATE 'P0409' OR SQLSTATE 'P0422' OR unique_violation THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, said = PG_EXCEPTION_DETAIL;
  outcome := 'refused';
  reason := CASE code WHEN 'P0404' THEN 'not_here' WHEN 'P0422' THEN said::jsonb ->> 'reason' ELSE 'key_reused' END;
  entry_id := NULL;
  amount := 0;
  free := NULL;
END $$;

-- Take the lots of a contact's wallets, all or those of `p_lots`, to the wallets of another contact: an entry out of the one and, linked to
-- it, one into the other for what is left in them, be it nothing (and more than one pair where that is more than an entry may move). A lot stays the lot it
-- was, with whatever befell it; what was issued and is left counts in its new wallet, what was used and has expired stays in the old.
-- Returns per pair the type, how many, and the two keys; and every lot taken.
CREATE OR REPLACE FUNCTION credits_transfer(
  p_account bigint, p_source bigint, p_target bigint, p_lots bigint[], p_key uuid, p_origin credits_origin, OUT pairs jsonb, OUT lots bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  out_ credits_entry; in_ credits_entry; w credits_wallet; t credits_wallet; l record; wallets bigint[]; mine bigint[];
  part bigint[]; parts bigint[]; total bigint; number integer;
BEGIN
  IF p_source = p_target THEN PERFORM credits_refuse('same_contact'); END IF;
  IF NOT EXISTS (SELECT FROM contacts_contact WHERE account_id = p_account AND id = p_target) THEN
    RAISE EXCEPTION 'no such contact here' USING ERRCODE = 'P0404';
  END IF;
  pairs := '[]';
  lots := '{}';
  INSERT INTO credits_wallet (account_id, contact_id, credit_type_id, moved_at)
  SELECT p_account, p_target, s.credit_type_id, ledger_now()
    FROM credits_wallet s
   WHERE s.account_id = p_account AND s.contact_id = p_source
     AND EXISTS (SELECT FROM credits_lot x WHERE x.account_id = p_account AND x.wallet_id = s.id AND (p_lots IS NULL OR x.id = ANY (p_lots)))
   ORDER BY s.credit_type_id
  ON CONFLICT (account_id, contact_id, credit_type_id) DO NOTHING;
  wallets := ARRAY(SELECT id FROM credits_wallet WHERE account_id = p_account AND contact_id IN (p_source, p_target));
  PERFORM FROM credits_wallet WHERE account_id = p_account AND id = ANY (wallets) ORDER BY id FOR NO KEY UPDATE;
  PERFORM credits_expire(p_account, wallets);
  FOR w IN SELECT * FROM credits_wallet WHERE account_id = p_account AND contact_id = p_source ORDER BY id LOOP
    mine := ARRAY(SELECT id FROM credits_lot WHERE account_id = p_account AND wallet_id = w.id AND (p_lots IS NULL OR id = ANY (p_lots)) ORDER BY id);
    CONTINUE WHEN cardinality(mine) = 0;
    SELECT * INTO t FROM credits_wallet WHERE account_id = p_account AND contact_id = p_target AND credit_type_id = w.credit_type_id;
    number := 0;
    part := '{}';
    parts := '{}';
    total := 0;
    FOR l IN
      SELECT id, remaining FROM credits_lot WHERE account_id = p_account AND id = ANY (mine) AND open UNION ALL SELECT NULL, NULL ORDER BY id
    LOOP
      IF (total > 0 AND total + l.remaining > 1000000) OR (l.id IS NULL AND (total > 0 OR number = 0)) THEN
        number := number + 1;
        w := credits_next(w, -total);
        w.issued := w.issued - total;
        out_ := credits_write(w, 'transfer', -total, credits_derived_key(format('transfer:%s:%s:%s:out', p_key, w.id, number)), p_origin);
        t := credits_next(t, total);
        t.issued := t.issued + total;
        in_ := credits_write(t, 'transfer', total, credits_derived_key(format('transfer:%s:%s:%s:in', p_key, w.id, number)), p_origin, p_linked => out_.id);
        INSERT INTO credits_allocation (account_id, entry_id, lot_id, amount)
        SELECT p_account, e.id, p.lot_id, e.sign * p.amount
          FROM (VALUES (out_.id, -1), (in_.id, 1)) AS e(id, sign), unnest(part, parts) AS p(lot_id, amount);
        pairs := pairs || jsonb_build_object('credit_type', w.credit_type_id, 'amount', total, 'out', out_.key, 'in', in_.key);
        part := '{}';
        parts := '{}';
        total := 0;
      END IF;
      EXIT WHEN l.id IS NULL;
      part := part || l.id;
      parts := parts || l.remaining;
      total := total + l.remaining;
    END LOOP;
    UPDATE credits_lot SET wallet_id = t.id WHERE account_id = p_account AND id = ANY (mine);
    PERFORM credits_keep(w);
    PERFORM credits_keep(t);
    lots := lots || mine;
  END LOOP;
END $$;

-- Let the account go by another zone: every lot keeps its last good day and ends when that day does there. What is over by the old zone is
-- written off before. Returns how many lots end at another instant.
CREATE OR REPLACE FUNCTION credits_rezone(p_account bigint, p_zone text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE moved bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7263, (p_account % 2147483647)::integer);
  PERFORM credits_expire(p_account, ARRAY(
    SELECT DISTINCT wallet_id FROM credits_lot WHERE account_id = p_account AND open AND expires_at <= ledger_now()));
  UPDATE tenancy_account SET time_zone = p_zone WHERE id = p_account;
  UPDATE credits_lot l SET expires_at = d.at
    FROM (SELECT day, credits_day_end(day, p_zone) AS at
            FROM (SELECT DISTINCT last_good_day AS day FROM credits_lot WHERE account_id = p_account AND last_good_day IS NOT NULL) AS days) AS d
   WHERE l.account_id = p_account AND l.last_good_day = d.day AND l.expires_at <> d.at;
  GET DIAGNOSTICS moved = ROW_COUNT;
  INSERT INTO outbox_job (account_id, kind, subject, due)
  SELECT p_account, d.kind, 0, d.at
    FROM (SELECT DISTINCT expires_at FROM credits_lot WHERE account_id = p_account AND open AND expires_at IS NOT NULL) AS ends,
         LATERAL (VALUES ('credits.expire', ends.expires_at), ('credits.expiring', credits_reminder_due(ends.expires_at))) AS d(kind, at)
   ORDER BY d.kind, d.at
  ON CONFLICT DO NOTHING;
  RETURN moved;
END $$;
