-- What a plugin said where it failed may name somebody. The audit log keeps why it was put into
-- quarantine; nobody can take those words out but by this function, and it can do nothing else. It
-- acts as its owner and takes the store from the transaction.
CREATE FUNCTION shop.forget_in_audited_failures(words text[])
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    UPDATE shop.audit_log a SET detail = a.detail - 'reason'
    WHERE a.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND a.subject_type = 'plugin' AND a.action = 'plugin.quarantined'
      AND EXISTS (SELECT FROM unnest(words) AS said(word)
                  WHERE position(said.word IN lower(a.detail ->> 'reason')) > 0)
$$;
REVOKE ALL ON FUNCTION shop.forget_in_audited_failures(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.forget_in_audited_failures(text[]) TO tradewind_app;
