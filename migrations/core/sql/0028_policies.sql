-- Every statement binds its store as well as the policy does. Written as ANY (ARRAY[…]), the policy was a
-- condition of its own to the planner: with a thousand stores it expected a thousandth of a thousandth
-- of a table's rows, took the rows of a whole store for one, and read them all where an index by id was at
-- hand. Two equalities with the same column are one to it, and the policy is asked once for a scan instead
-- of once for each row.
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_policies
                WHERE schemaname = 'shop' AND policyname = 'own_store' ORDER BY tablename LOOP
        EXECUTE format(
            'ALTER POLICY own_store ON shop.%I USING (store_id = '
            'nullif(current_setting(''tradewind.store_id'', true), '''')::uuid)', name);
    END LOOP;
END $$;
