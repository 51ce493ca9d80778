-- One unit more in a cart is what a shop sees most often. A statement that looks, writes and reads
-- in one pays for all of its parts whenever it begins; small ones, whose plans are kept, do not.
--
-- Puts `units` of a variant in an open cart of `customer`, or of a guest for null, as line `line` if
-- it has none of it, and returns the cart at the prices of the moment `at`. No row, and nothing is
-- changed, where anything stands in the way: what it is, is found out afterwards. A line
-- has `most` units and an amount of `largest` at most, a cart `most_lines` lines; a store that has
-- switched `flag` off takes none. The function names its
-- store to the row policies itself, unless the transaction has one: a call of it alone is a whole
-- transaction.
-- The names and the order of columns are those of the carts' own queries.
--
-- Every statement sees what was committed before it: once the cart is locked, nobody else begins to
-- pay it. Small tables are read by their indexes too, because a row costs more to filter under
-- row-level security than to look up.
CREATE FUNCTION shop.add_to_cart(
    store uuid, at timestamptz, cart uuid, customer uuid, variant uuid, units bigint, line uuid,
    most bigint, largest bigint, most_lines integer, flag text)
RETURNS TABLE (
    id uuid, session_id text, customer_id uuid, currency text, source text, locale text, email text,
    phone text, shipping_address jsonb, billing_address jsonb, shipping_method jsonb, codes text[],
    metadata jsonb, status text, version integer, quoted_version integer, quote_flags text[],
    subtotal bigint, discount_total bigint, shipping_total bigint, tax_total bigint, total bigint,
    expires_at timestamptz, created_at timestamptz, notes jsonb, merged_into uuid,
    quoted_pricing_version integer, credits integer, quote_expires_at timestamptz,
    pricing_version integer, region_id uuid, region_name text, countries text[],
    tax_inclusive boolean, rounding text, lines json, adjustments json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    tracked boolean; backorder boolean; free bigint; price bigint; priced_in text; place uuid;
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    SELECT v.tracked, c.id, c.session_id, c.customer_id, c.currency, c.source, c.locale, c.email,
           c.phone, c.shipping_address, c.billing_address, c.shipping_method, c.codes, c.metadata,
           c.status, c.version + 1, c.quoted_version, c.quote_flags, c.subtotal, c.discount_total,
           c.shipping_total, c.tax_total, c.total,
           at + make_interval(days => coalesce(s.cart_days, 7)), c.created_at, '[]'::jsonb, c.merged_into,
           c.quoted_pricing_version, c.credits, c.quote_expires_at,
           coalesce(s.pricing_version, 0), r.id, r.name, r.countries, r.tax_inclusive, r.rounding,
           c.currency, r.id
    INTO tracked, id, session_id, customer_id, currency, source, locale, email,
         phone, shipping_address, billing_address, shipping_method, codes, metadata,
         status, version, quoted_version, quote_flags, subtotal, discount_total,
         shipping_total, tax_total, total,
         expires_at, created_at, notes, merged_into,
         quoted_pricing_version, credits, quote_expires_at,
         pricing_version, region_id, region_name, countries, tax_inclusive, rounding,
         priced_in, place
    FROM shop.carts c
    JOIN shop.regions r ON r.store_id = store AND r.id = c.region_id
    LEFT JOIN shop.store_settings s ON s.store_id = store
    JOIN shop.variants v ON v.store_id = store AND v.id = variant AND v.archived_at IS NULL
    JOIN shop.products p ON p.store_id = store AND p.id = v.product_id AND p.status = 'published'
    WHERE c.store_id = store AND c.id = cart AND c.status = 'open' AND c.session_id IS NULL
      AND c.customer_id IS NOT DISTINCT FROM customer
      AND NOT EXISTS (SELECT FROM shop.feature_flags f
                      WHERE f.store_id = store AND f.name = flag AND NOT f.enabled)
    FOR UPDATE OF c;
    IF NOT FOUND OR EXISTS (
        SELECT FROM shop.payment_sessions s
        WHERE s.store_id = store AND s.cart_id = cart AND s.status IN ('starting', 'open'))
    THEN RETURN; END IF;

    SELECT pr.amount INTO price FROM shop.prices pr
    WHERE pr.store_id = store AND pr.variant_id = variant AND pr.currency = priced_in
      AND (pr.region_id IS NULL OR pr.region_id = place)
      AND (pr.starts_at IS NULL OR pr.starts_at <= at) AND (pr.ends_at IS NULL OR pr.ends_at > at)
    ORDER BY pr.region_id NULLS LAST, pr.starts_at DESC NULLS LAST LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;

    IF tracked THEN
        SELECT coalesce(sum(l.on_hand - l.reserved - l.held), 0), coalesce(bool_or(l.backorder), false)
        INTO free, backorder
        FROM shop.inventory_levels l WHERE l.store_id = store AND l.variant_id = variant;
        IF free < most AND NOT backorder THEN
            most := least(most, free + coalesce((
                SELECT sum(h.quantity) FROM shop.stock_reservations h
                WHERE h.store_id = store AND h.cart_id = cart AND h.variant_id = variant), 0));
        END IF;
    END IF;
    IF units > most OR price > largest / units THEN RETURN; END IF;

    INSERT INTO shop.cart_lines AS l
        (store_id, id, cart_id, variant_id, quantity, unit_price, created_at)
    SELECT store, line, cart, variant, units, price, at
    WHERE (SELECT count(*) FROM shop.cart_lines other
           WHERE other.store_id = store AND other.cart_id = cart
             AND other.variant_id <> variant) < most_lines
    ON CONFLICT (store_id, cart_id, variant_id) DO UPDATE
    SET quantity = l.quantity + excluded.quantity, unit_price = excluded.unit_price
    WHERE l.quantity + excluded.quantity <= most
      AND excluded.unit_price <= largest / (l.quantity + excluded.quantity);
    IF NOT FOUND THEN RETURN; END IF;

    UPDATE shop.carts c
    SET version = c.version + 1, updated_at = at, abandoned_at = NULL, notes = '[]',
        expires_at = add_to_cart.expires_at
    WHERE c.store_id = store AND c.id = cart;

    SELECT json_agg(json_build_array(
        cl.id, cl.variant_id, v.product_id, v.sku, p.title, v.title, p.kind, cl.quantity,
        cl.unit_price, (
            SELECT pr.amount FROM shop.prices pr
            WHERE pr.store_id = store AND pr.variant_id = v.id AND pr.currency = priced_in
              AND (pr.region_id IS NULL OR pr.region_id = place)
              AND (pr.starts_at IS NULL OR pr.starts_at <= at)
              AND (pr.ends_at IS NULL OR pr.ends_at > at)
            ORDER BY pr.region_id NULLS LAST, pr.starts_at DESC NULLS LAST LIMIT 1),
        p.status = 'published' AND v.archived_at IS NULL,
        cl.subtotal, cl.discount, cl.tax, cl.total, v.tax_class, v.tracked, v.options,
        coalesce(v.image, p.images[1]), v.weight_grams) ORDER BY cl.id)
    INTO lines
    FROM (
        -- In the order of the index that is to be walked, however few lines there were when this
        -- was planned.
        SELECT one.* FROM shop.cart_lines one WHERE one.store_id = store AND one.cart_id = cart
        ORDER BY one.store_id, one.cart_id, one.variant_id OFFSET 0) cl
    JOIN shop.variants v ON v.store_id = store AND v.id = cl.variant_id
    JOIN shop.products p ON p.store_id = store AND p.id = v.product_id;
    RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION shop.add_to_cart FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.add_to_cart TO tradewind_app;
