-- What is wrong between the runs of the open account, what they did, the jobs that take them on, and the ledger; no row is the proof.
-- Each row: invariant, wallet, which row is wrong, what is wrong with it.

WITH here AS MATERIALIZED (SELECT current_setting('app.account_id')::bigint AS account_id),
run AS MATERIALIZED (SELECT r.* FROM here JOIN automations_run r USING (account_id)),
visit AS MATERIALIZED (SELECT v.* FROM here JOIN automations_visit v USING (account_id)),
moved AS (  -- what steps say that they moved
  SELECT v.id, v.entry, v.kind, r.public_id::text AS run, r.contact_id, f.of,
         (v.detail ->> 'amount')::bigint AS amount, (v.detail ->> 'credit_type')::bigint AS credit_type_id, v.account_id
    FROM visit v JOIN run r ON r.id = v.run_id JOIN automations_flow f ON (f.account_id, f.id) = (r.account_id, r.flow_id)
   WHERE v.kind IN ('consume', 'issue') AND v.outcome = 'done'
),
due AS (SELECT min(j.due) AS first FROM here JOIN outbox_job j USING (account_id) WHERE j.kind = 'automations.advance'),
left_behind AS (  -- by run: how many visits it left, how many of those by number, and the last it came to
  SELECT run_id, count(*) AS times, count(DISTINCT number) AS numbers, max(number) AS last FROM visit WHERE outcome <> 'refused' GROUP BY run_id
)
-- A1: what a step says that it moved stands in the ledger, of its own contact, and the ledger knows of nothing else.
SELECT 'A1', w.id, 'visit ' || m.id, format('says %s of %s and the ledger says %s', m.kind, m.amount, coalesce(e.kind || ' of ' || abs(e.amount), 'nothing'))
  FROM moved m LEFT JOIN credits_entry e ON e.account_id = m.account_id AND e.key = m.entry
  LEFT JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
 WHERE (e.kind, abs(e.amount), e.source, e.source_id, w.contact_id, w.credit_type_id)
       IS DISTINCT FROM (m.kind::text, m.amount, m.of::text, m.run, m.contact_id, m.credit_type_id)
UNION ALL
SELECT 'A1', e.wallet_id, 'entry ' || e.id, 'names a run that does not know of it'
  FROM here JOIN credits_entry e USING (account_id) LEFT JOIN visit v ON v.entry = e.key AND v.outcome = 'done'
 WHERE e.source IN ('automation', 'trigger') AND e.kind IN ('issue', 'consume') AND v.id IS NULL
-- A2: whoever is to go on has a job that will take them on, in time.
UNION ALL
SELECT 'A2', NULL, 'run ' || r.id, CASE WHEN r.due IS NULL THEN 'is to go on and not due at any time' ELSE format('is due at %s and no job takes it on', r.due) END
  FROM run r CROSS JOIN due d
 WHERE r.state = 'active' AND (r.due IS NULL OR NOT CASE
         WHEN r.alone THEN EXISTS (SELECT FROM outbox_job j WHERE j.account_id = r.account_id AND j.kind = 'automations.advance_one' AND j.subject = r.id)
         ELSE coalesce(d.first <= r.due, false)
       END)
-- A3: a run came to its steps one after the other, and left each once.
UNION ALL
SELECT 'A3', NULL, 'run ' || r.id, format('is at its visit %s and has left %s, the last with number %s', r.visit, coalesce(l.times, 0), coalesce(l.last, 0))
  FROM run r LEFT JOIN left_behind l ON l.run_id = r.id
 WHERE (coalesce(l.times, 0), coalesce(l.numbers, 0), coalesce(l.last, 0)) IS DISTINCT FROM (r.visit - 1, r.visit - 1, r.visit - 1)
       -- taken out by hand, it left the step at which it stood too
   AND NOT (r.state = 'stopped' AND (l.times, l.numbers, l.last) = (r.visit, r.visit, r.visit))
UNION ALL
SELECT 'A3', NULL, 'visit ' || v.id, 'is of a step that its run has not come to'
  FROM visit v LEFT JOIN run r ON r.id = v.run_id WHERE r.id IS NULL OR v.number > r.visit
-- A4: what is over waits for nothing, and who waits for a person says why and is not taken on meanwhile.
UNION ALL
SELECT 'A4', NULL, 'run ' || r.id, format('is %s, and %s', r.state, CASE
         WHEN r.ended_at IS NOT NULL THEN 'still holds its place, or is due' WHEN r.state = 'attention' AND r.reason = '' THEN 'does not say why' ELSE 'waits all the same' END)
  FROM run r
 WHERE (r.ended_at IS NOT NULL AND (r.due IS NOT NULL OR r.one_for IS NOT NULL OR r.waiting OR r.awaits <> ''))
    OR (r.ended_at IS NOT NULL) <> (r.state IN ('finished', 'stopped'))
    OR (r.state = 'attention' AND (r.reason = '' OR r.due IS NOT NULL OR r.waiting OR r.awaits <> ''))
