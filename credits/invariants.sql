-- What must be true of an account's ledger at every instant, re-added from its whole history: one row for each thing that is not.
-- Run it inside the account's scope, as the application's role; it is one statement, so that it sees one instant.
--
-- I7 (steps) is the proof of automations, I9 (the relay's delay) guards what is not built yet.
--
-- Columns: the invariant, the wallet, the row, and what is wrong with it in words.
WITH RECURSIVE entry AS MATERIALIZED (
  SELECT id, key, wallet_id, seq, kind, amount, balance_after, linked_id, lot_id, happened_at
    FROM credits_entry WHERE account_id = current_setting('app.account_id')::bigint
), answer AS MATERIALIZED (
  SELECT * FROM entry WHERE linked_id IS NOT NULL
), lot AS MATERIALIZED (
  SELECT * FROM credits_lot WHERE account_id = current_setting('app.account_id')::bigint
), wallet AS MATERIALIZED (
  SELECT * FROM credits_wallet WHERE account_id = current_setting('app.account_id')::bigint
), touch AS MATERIALIZED (  -- each entry beside its allocations; one without any stands alone
  SELECT a.id, a.lot_id, a.amount, e.id AS entry_id, e.kind, e.wallet_id, e.lot_id AS names, e.linked_id, e.amount AS moved
    FROM entry e LEFT JOIN credits_allocation a ON a.account_id = current_setting('app.account_id')::bigint AND a.entry_id = e.id
), told AS (  -- what events tell of entries
  SELECT (body ->> 'entry')::uuid AS key, (body ->> 'amount')::bigint AS amount, kind, id
    FROM outbox_event WHERE account_id = current_setting('app.account_id')::bigint AND starts_with(kind, 'credits.') AND kind <> 'credits.expiring'
), moved AS (  -- grouped by kind first: a sum for each kind, not a question for each row
  SELECT wallet_id, sum(amount) AS balance, max(seq) AS seq, max(at) AS at,
         coalesce(sum(amount) FILTER (WHERE kind IN ('issue', 'transfer')), 0) AS issued,
         coalesce(-sum(amount) FILTER (WHERE kind IN ('consume', 'reverse')), 0) AS used,
         coalesce(-sum(amount) FILTER (WHERE kind IN ('expire', 'restore')), 0) AS expired,
         coalesce(-sum(amount) FILTER (WHERE kind = 'withdraw'), 0) AS withdrawn
    FROM (SELECT wallet_id, kind, sum(amount) AS amount, max(seq) AS seq, max(happened_at) AS at FROM entry GROUP BY wallet_id, kind) AS by_kind
   GROUP BY wallet_id
), held AS (
  SELECT wallet_id, sum(remaining) AS remaining FROM lot GROUP BY wallet_id
), pair AS MATERIALIZED (  -- wallets between which lots have been transferred
  SELECT DISTINCT i.wallet_id AS one_id, o.wallet_id AS other_id FROM answer i JOIN entry o ON o.id = i.linked_id WHERE i.kind = 'transfer'
), related(one_id, other_id) AS (  -- and on from there, both ways
  SELECT one_id, other_id FROM pair UNION SELECT other_id, one_id FROM pair
  UNION
  SELECT r.one_id, p.other_id FROM related r JOIN (SELECT one_id, other_id FROM pair UNION SELECT other_id, one_id FROM pair) AS p ON p.one_id = r.other_id
), part AS MATERIALIZED (  -- per lot, what its allocations come to by kind; apart: what made it, and what has no business with it
  SELECT l.id AS lot_id, t.kind, t.entry_id = l.entry_id AND t.kind IN ('issue', 'reverse') AS makes,
         (t.wallet_id <> l.wallet_id AND r.one_id IS NULL) OR t.names <> l.id OR (t.names IS NULL AND t.kind IN ('withdraw', 'expire', 'restore')) AS strange,
         sum(t.amount) AS amount, count(*) AS times, max(t.entry_id) AS entry_id
    FROM touch t JOIN lot l ON l.id = t.lot_id LEFT JOIN related r ON r.one_id = l.wallet_id AND r.other_id = t.wallet_id GROUP BY 1, 2, 3, 4
), drawn AS (
  SELECT lot_id, sum(amount) AS remaining,
         coalesce(sum(amount) FILTER (WHERE makes), 0) AS made,
         coalesce(-sum(amount) FILTER (WHERE kind IN ('consume', 'reverse') AND NOT makes), 0) AS used,
         coalesce(-sum(amount) FILTER (WHERE kind IN ('expire', 'restore')), 0) AS expired,
         coalesce(-sum(amount) FILTER (WHERE kind = 'withdraw'), 0) AS withdrawn,
         coalesce(sum(times) FILTER (WHERE kind = 'expire'), 0) AS times_expired
    FROM part GROUP BY lot_id
), given AS (  -- per use and lot, what reversals gave back; a lot opened by one stands for the lot that it replaces
  SELECT t.linked_id AS use_id, CASE WHEN l.entry_id = t.entry_id THEN l.replaces_id ELSE l.id END AS lot_id, sum(t.amount) AS back
    FROM touch t JOIN lot l ON l.id = t.lot_id WHERE t.kind = 'reverse' GROUP BY 1, 2
), day_end AS (
  SELECT d.last_good_day, credits_day_end(d.last_good_day, a.time_zone) AS at
    FROM (SELECT DISTINCT last_good_day FROM lot WHERE last_good_day IS NOT NULL) AS d, tenancy_account a WHERE a.id = current_setting('app.account_id')::bigint
)

-- I1, I2, I3 and the running totals: a wallet is the sum of its entries, and of its lots.
SELECT 'I1' AS invariant, w.id AS wallet_id, 'wallet ' || w.id AS line,
       format('holds a balance of %s, its entries add up to %s', w.balance, coalesce(m.balance, 0)) AS says
  FROM wallet w LEFT JOIN moved m ON m.wallet_id = w.id WHERE w.balance <> coalesce(m.balance, 0)
UNION ALL
SELECT 'I1', w.id, 'wallet ' || w.id,
       format('tells of %s issued, %s used, %s expired, %s withdrawn; its entries of %s, %s, %s, %s',
              w.issued, w.used, w.expired, w.withdrawn, coalesce(m.issued, 0), coalesce(m.used, 0), coalesce(m.expired, 0), coalesce(m.withdrawn, 0))
  FROM wallet w LEFT JOIN moved m ON m.wallet_id = w.id
 WHERE (w.issued, w.used, w.expired, w.withdrawn)
    <> (coalesce(m.issued, 0), coalesce(m.used, 0), coalesce(m.expired, 0), coalesce(m.withdrawn, 0))
UNION ALL
SELECT 'I2', w.id, 'wallet ' || w.id, format('holds a balance of %s, its lots have %s left', w.balance, coalesce(h.remaining, 0))
  FROM wallet w LEFT JOIN held h ON h.wallet_id = w.id WHERE w.balance <> coalesce(h.remaining, 0)
UNION ALL
SELECT 'I3', w.id, 'wallet ' || w.id, format('has a balance below zero: %s', w.balance) FROM wallet w WHERE w.balance < 0
UNION ALL
SELECT 'I3', l.wallet_id, 'lot ' || l.id,
       format('has an amount below zero: %s left, %s expired, %s withdrawn', l.remaining, l.expired, l.withdrawn)
  FROM lot l WHERE least(l.remaining, l.expired, l.withdrawn) < 0

-- I4: a key stands for one entry, and an entry has told of itself in one event.
UNION ALL
SELECT 'I4', min(e.wallet_id), 'entry ' || max(e.id), format('shares its key %s with %s more', e.key, count(*) - 1)
  FROM entry e GROUP BY e.key HAVING count(*) > 1
UNION ALL
SELECT 'event', e.wallet_id, 'entry ' || coalesce(e.id::text, ''),
       CASE WHEN e.id IS NULL THEN format('is told of by event %s, and is not there (key %s)', t.id, t.key)
            WHEN t.id IS NULL THEN format('is told of by no event (key %s)', e.key)
            ELSE format('is told of by event %s with another amount or kind', t.id) END
  FROM entry e FULL JOIN told t ON t.key = e.key
 WHERE e.id IS NULL OR t.id IS NULL OR t.amount <> e.amount OR NOT starts_with(t.kind, 'credits.' || e.kind)
UNION ALL  -- asked only when there are more events than entries
SELECT 'event', e.wallet_id, 'entry ' || e.id, format('is told of by %s events (key %s)', count(*), e.key)
  FROM entry e JOIN told t ON t.key = e.key WHERE (SELECT count(*) FROM told) <> (SELECT count(*) FROM entry)
 GROUP BY e.id, e.wallet_id, e.key HAVING count(*) > 1

-- I5: each lot is what was used of it, expired, withdrawn and is left; and its allocations say the same.
UNION ALL
SELECT 'I5', l.wallet_id, 'lot ' || l.id,
       format('of %s has %s left, %s expired (%s times), %s withdrawn, %s used; its allocations make it %s with %s, %s (%s times), %s, %s',
              l.amount, l.remaining, l.expired, l.times_expired, l.withdrawn, l.amount - l.remaining - l.expired - l.withdrawn,
              coalesce(d.made, 0), coalesce(d.remaining, 0), coalesce(d.expired, 0), coalesce(d.times_expired, 0), coalesce(d.withdrawn, 0), coalesce(d.used, 0))
  FROM lot l LEFT JOIN drawn d ON d.lot_id = l.id
 WHERE (l.amount, l.remaining, l.expired, l.times_expired, l.withdrawn, l.amount - l.remaining - l.expired - l.withdrawn)
       IS DISTINCT FROM (d.made, d.remaining, d.expired, d.times_expired, d.withdrawn, d.used)
    OR d.used < 0 OR l.open <> (l.remaining > 0) OR (l.withdrawn_at IS NOT NULL AND l.withdrawn = 0)
UNION ALL
SELECT 'I5', t.wallet_id, 'entry ' || t.entry_id, format('moved %s, its allocations add up to %s', t.moved, coalesce(sum(t.amount), 0))
  FROM touch t GROUP BY t.entry_id, t.wallet_id, t.moved HAVING t.moved <> coalesce(sum(t.amount), 0)
UNION ALL
SELECT 'I5', t.wallet_id, 'entry ' || t.entry_id, format('moves nothing, and has an allocation of %s', t.amount)
  FROM touch t WHERE t.moved = 0 AND t.amount IS NOT NULL
UNION ALL
SELECT 'I5', l.wallet_id, 'lot ' || l.id, format('is drawn on by entry %s, which names another lot or is of another wallet', p.entry_id)
  FROM part p JOIN lot l ON l.id = p.lot_id WHERE p.strange
UNION ALL
SELECT 'I5', l.wallet_id, 'lot ' || l.id, format('ends at %s, its last good day %s at %s', l.expires_at, l.last_good_day, d.at)
  FROM lot l LEFT JOIN day_end d ON d.last_good_day = l.last_good_day WHERE l.expires_at IS DISTINCT FROM d.at

-- Reversals never give back more than was used, restores never more than expired.
UNION ALL
SELECT 'I5', u.wallet_id, 'entry ' || u.id,
       format('took %s from lot %s, and %s has been given back', coalesce(-t.amount, 0), g.lot_id, g.back)
  FROM given g JOIN entry u ON u.id = g.use_id LEFT JOIN touch t ON t.entry_id = g.use_id AND t.lot_id = g.lot_id
 WHERE g.back > coalesce(-t.amount, 0)
UNION ALL
SELECT 'I5', x.wallet_id, 'entry ' || x.id, format('wrote off %s, and %s has been restored', -x.amount, sum(r.amount))
  FROM entry x JOIN answer r ON r.linked_id = x.id AND r.kind = 'restore'
 GROUP BY x.id, x.wallet_id, x.amount HAVING sum(r.amount) > -x.amount
UNION ALL
SELECT 'I5', e.wallet_id, 'entry ' || e.id, format('answers entry %s, which is another wallet''s or nothing to %s', p.id, e.kind)
  FROM answer e JOIN entry p ON p.id = e.linked_id
 WHERE (e.wallet_id <> p.wallet_id AND NOT EXISTS (SELECT FROM related r WHERE r.one_id = e.wallet_id AND r.other_id = p.wallet_id))
    OR (e.kind, p.kind) NOT IN (('reverse', 'consume'), ('restore', 'expire'), ('transfer', 'transfer'))
    OR (e.kind = 'restore' AND e.lot_id IS DISTINCT FROM p.lot_id)

-- I10: a transfer is two entries, of two wallets of one type, and leaves what there is of the type as it was.
UNION ALL
SELECT 'I10', o.wallet_id, 'entry ' || o.id,
       format('took %s out, and %s came in elsewhere', -o.amount, coalesce(sum(i.amount)::text, 'nothing'))
  FROM entry o JOIN wallet w ON w.id = o.wallet_id
  LEFT JOIN answer i ON i.linked_id = o.id AND i.kind = 'transfer'
  LEFT JOIN wallet v ON v.id = i.wallet_id AND v.id <> w.id AND v.credit_type_id = w.credit_type_id
 WHERE o.kind = 'transfer' AND o.linked_id IS NULL
 GROUP BY o.id, o.wallet_id, o.amount HAVING count(v.id) <> 1 OR sum(i.amount) <> -o.amount

-- I6: the chain of each wallet has no gap, adds up line by line and never runs back in time.
UNION ALL
SELECT 'I6', c.wallet_id, 'entry ' || c.id,
       format('is number %s after number %s, with a balance of %s after %s and %s, at %s after %s',
              c.seq, c.seq_before, c.balance_after, c.balance_before, to_char(c.amount, 'SGFM9999999999999999990'), c.happened_at, c.happened_before)
  FROM (
    SELECT id, wallet_id, seq, amount, balance_after, happened_at, lag(seq, 1, 0::bigint) OVER chain AS seq_before,
           lag(balance_after, 1, 0::bigint) OVER chain AS balance_before, lag(happened_at) OVER chain AS happened_before
      FROM entry WINDOW chain AS (PARTITION BY wallet_id ORDER BY seq)
  ) AS c
 WHERE c.seq <> c.seq_before + 1 OR c.balance_after <> c.balance_before + c.amount OR c.happened_at < c.happened_before
UNION ALL
SELECT 'I6', w.id, 'wallet ' || w.id,
       format('is at number %s of %s, its newest entry is number %s of %s', w.seq, w.moved_at, coalesce(m.seq, 0), m.at)
  FROM wallet w LEFT JOIN moved m ON m.wallet_id = w.id WHERE w.seq <> coalesce(m.seq, 0) OR w.moved_at <> m.at

-- I8: nothing refers to what is not in this account.
UNION ALL
SELECT 'I8', w.id, 'wallet ' || w.id, format('refers to contact %s, which is not in this account', w.contact_id)
  FROM wallet w LEFT JOIN contacts_contact c ON c.account_id = current_setting('app.account_id')::bigint AND c.id = w.contact_id WHERE c.id IS NULL
UNION ALL
SELECT 'I8', w.id, 'wallet ' || w.id, format('refers to credit type %s, which is not in this account', w.credit_type_id)
  FROM wallet w LEFT JOIN credits_credittype t ON t.account_id = current_setting('app.account_id')::bigint AND t.id = w.credit_type_id WHERE t.id IS NULL
UNION ALL
SELECT CASE WHEN e.balance_after < 0 THEN 'I3' ELSE 'I8' END, e.wallet_id, 'entry ' || e.id,
       CASE WHEN e.balance_after < 0 THEN format('leaves a balance below zero: %s', e.balance_after)
            WHEN w.id IS NULL THEN format('refers to wallet %s, which is not in this account', e.wallet_id)
            ELSE format('refers to lot %s, which is not in this account', e.lot_id) END
  FROM entry e LEFT JOIN wallet w ON w.id = e.wallet_id LEFT JOIN lot l ON l.id = e.lot_id
 WHERE e.balance_after < 0 OR w.id IS NULL OR (e.lot_id IS NOT NULL AND l.id IS NULL)
UNION ALL
SELECT 'I8', e.wallet_id, 'entry ' || e.id, format('refers to entry %s, which is not in this account', e.linked_id)
  FROM answer e LEFT JOIN entry p ON p.id = e.linked_id WHERE p.id IS NULL
UNION ALL
SELECT 'I8', l.wallet_id, 'lot ' || l.id, format('refers to wallet %s, which is not in this account', l.wallet_id)
  FROM lot l LEFT JOIN wallet w ON w.id = l.wallet_id WHERE w.id IS NULL
UNION ALL
SELECT 'I8', l.wallet_id, 'lot ' || l.id, format('refers to entry %s, which is not in this account', l.entry_id)
  FROM lot l LEFT JOIN entry e ON e.id = l.entry_id WHERE e.id IS NULL
UNION ALL
SELECT 'I8', l.wallet_id, 'lot ' || l.id, format('refers to lot %s, which is not in this account', l.replaces_id)
  FROM lot l LEFT JOIN lot r ON r.id = l.replaces_id WHERE l.replaces_id IS NOT NULL AND r.id IS NULL
UNION ALL  -- asked only when there are more allocations than stand beside an entry
SELECT 'I8', NULL, 'allocation ' || a.id, format('refers to entry %s, which is not in this account', a.entry_id)
  FROM credits_allocation a LEFT JOIN entry e ON e.id = a.entry_id
 WHERE a.account_id = current_setting('app.account_id')::bigint AND e.id IS NULL
   AND (SELECT count(*) FROM credits_allocation WHERE account_id = current_setting('app.account_id')::bigint) <> (SELECT count(id) FROM touch)
UNION ALL
SELECT 'I8', t.wallet_id, 'allocation ' || t.id, format('refers to lot %s, which is not in this account', t.lot_id)
  FROM touch t LEFT JOIN lot l ON l.id = t.lot_id WHERE t.lot_id IS NOT NULL AND l.id IS NULL
UNION ALL
SELECT 'I8', NULL, 'entry note ' || n.id, format('refers to entry %s, which is not in this account', n.entry_id)
  FROM credits_entrynote n LEFT JOIN entry e ON e.id = n.entry_id WHERE n.account_id = current_setting('app.account_id')::bigint AND e.id IS NULL
