-- What is wrong between the purchases of the open account, their payments and the ledger; no row is the proof.
-- Each row: invariant, wallet, which row is wrong, what is wrong with it.

WITH here AS MATERIALIZED (SELECT current_setting('app.account_id')::bigint AS account_id),
purchase AS MATERIALIZED (SELECT p.* FROM here JOIN products_purchase p USING (account_id)),
payment AS MATERIALIZED (SELECT p.* FROM here JOIN products_payment p USING (account_id)),
moved AS MATERIALIZED (SELECT m.* FROM here JOIN products_purchaseentry m USING (account_id)),
begun AS (  -- the periods that were paid, or of what asks for no money the one that began
  SELECT purchase_id, number FROM payment WHERE state = 'paid'
  UNION ALL SELECT id, 1 FROM purchase WHERE currency = '' AND activated_at IS NOT NULL
),
owed AS (
  SELECT p.id, b.number, (i ->> 'credit_type')::bigint AS credit_type_id, (i ->> 'amount')::bigint AS amount
    FROM begun b JOIN purchase p ON p.id = b.purchase_id, LATERAL jsonb_array_elements(p.issues) AS i
)
-- P1: what is paid is issued, and as much as was agreed.
SELECT 'P1', NULL::bigint, 'purchase ' || o.id, format('is paid for period %s and has not issued its %s of type %s', o.number, o.amount, o.credit_type_id)
  FROM owed o LEFT JOIN moved m ON (m.purchase_id, m.number, m.verb, m.credit_type_id, m.amount) = (o.id, o.number, 'issue', o.credit_type_id, o.amount)
 WHERE m.id IS NULL
-- P2: what is issued is paid.
UNION ALL
SELECT 'P2', NULL, 'purchase ' || m.purchase_id, format('has issued %s of type %s for period %s, which is not paid', m.amount, m.credit_type_id, m.number)
  FROM moved m LEFT JOIN begun b ON (b.purchase_id, b.number) = (m.purchase_id, m.number) WHERE m.verb = 'issue' AND b.purchase_id IS NULL
-- P3: a purchase with credits has used what it cost.
UNION ALL
SELECT 'P3', NULL, 'purchase ' || p.id, format('costs %s of type %s and has not used them', p.total, p.credit_type_id)
  FROM purchase p LEFT JOIN moved m ON (m.purchase_id, m.verb, m.credit_type_id, m.amount) = (p.id, 'consume', p.credit_type_id, p.total)
 WHERE p.price_kind = 'credit' AND p.activated_at IS NOT NULL AND m.id IS NULL
-- P4: what it says it moved stands in the ledger, of its own customer, and the ledger knows of nothing else.
UNION ALL
SELECT 'P4', w.id, 'purchase ' || m.purchase_id, format('says %s of %s and the ledger says %s', m.verb, m.amount, coalesce(e.kind || ' of ' || abs(e.amount), 'nothing'))
  FROM moved m JOIN purchase p ON p.id = m.purchase_id
  LEFT JOIN credits_entry e ON e.account_id = m.account_id AND e.key = m.entry_key
  LEFT JOIN credits_wallet w ON w.account_id = e.account_id AND w.id = e.wallet_id
 WHERE (e.kind, abs(e.amount), e.source, e.source_id, w.contact_id, w.credit_type_id)
       IS DISTINCT FROM (m.verb::text, m.amount::bigint, 'purchase', p.public_id::text, p.contact_id, m.credit_type_id)
UNION ALL
SELECT 'P4', e.wallet_id, 'entry ' || e.id, 'names a purchase that does not know of it'
  FROM here JOIN credits_entry e USING (account_id) LEFT JOIN moved m ON m.entry_key = e.key
 WHERE e.source = 'purchase' AND e.kind IN ('issue', 'consume') AND m.id IS NULL
-- P5: what a payment says went back is what its refunds add up to.
UNION ALL
SELECT 'P5', NULL, 'payment ' || p.id, format('says %s went back, and its refunds say %s', p.refunded, coalesce(r.amount, 0))
  FROM payment p LEFT JOIN LATERAL (
    SELECT sum(amount) AS amount FROM products_refund r WHERE r.account_id = p.account_id AND r.payment_id = p.id AND r.state <> 'failed'
  ) AS r ON true
 WHERE p.refunded <> coalesce(r.amount, 0)
-- P6: a payment asks for what its purchase costs.
UNION ALL
SELECT 'P6', NULL, 'payment ' || y.id, format('asks for %s %s and its purchase costs %s %s', y.amount, y.currency, p.total, p.currency)
  FROM payment y JOIN purchase p ON p.id = y.purchase_id WHERE (y.amount, y.currency) IS DISTINCT FROM (p.total, p.currency)
