-- Of a pack whose money went back in part, `forfeited` credits are not its buyer's any more, and
-- `withdrawn` of these have been taken back; the rest was used by then. The database refuses whoever
-- takes back more than the money says.
ALTER TABLE shop.credit_grants
    ADD COLUMN forfeited integer NOT NULL DEFAULT 0,
    ADD COLUMN withdrawn integer NOT NULL DEFAULT 0;

ALTER TABLE shop.credit_grants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shop.credit_entries NO FORCE ROW LEVEL SECURITY;
UPDATE shop.credit_grants g SET forfeited = gone.credits, withdrawn = gone.credits
FROM (SELECT store_id, grant_id, -sum(amount) AS credits FROM shop.credit_entries
      WHERE reason = 'refunded' GROUP BY store_id, grant_id) gone
WHERE g.store_id = gone.store_id AND g.id = gone.grant_id;
ALTER TABLE shop.credit_grants FORCE ROW LEVEL SECURITY;
ALTER TABLE shop.credit_entries FORCE ROW LEVEL SECURITY;

ALTER TABLE shop.credit_grants
    ADD CONSTRAINT credit_grants_no_more_than_was_refunded
        CHECK (0 <= withdrawn AND withdrawn <= forfeited AND forfeited <= credits);
