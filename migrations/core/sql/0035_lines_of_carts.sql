-- The lines of a cart stand once: whoever reads a cart, here or from outside, asks for them here.

-- A cart's lines with their goods and the prices of the moment `at` in the currency and region where it
-- is, as arrays in the order that the carts' own queries read; null for a cart without any. Names would
-- cost more than the values.
CREATE FUNCTION shop.lines_at(
    store uuid, at timestamptz, cart uuid, priced_in text, place uuid)
RETURNS json
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    RETURN (
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
        FROM (
            -- In the order of the index that is to be walked, however few lines there were when
            -- this was planned.
            SELECT one.* FROM shop.cart_lines one
            WHERE one.store_id = store AND one.cart_id = cart
            ORDER BY one.store_id, one.cart_id, one.variant_id OFFSET 0) cl
        JOIN shop.variants v ON v.store_id = store AND v.id = cl.variant_id
        JOIN shop.products p ON p.store_id = store AND p.id = v.product_id);
END $$;
REVOKE EXECUTE ON FUNCTION shop.lines_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.lines_at TO tradewind_app;

-- As before, with lines from there.
CREATE OR REPLACE FUNCTION shop.add_to_cart(
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

    lines := shop.lines_at(store, at, cart, priced_in, place);
    RETURN NEXT;
END $$;

-- The same.
CREATE OR REPLACE FUNCTION shop.cart_at(store uuid, at timestamptz, cart uuid)
RETURNS TABLE (
    id uuid, session_id text, customer_id uuid, currency text, source text, locale text, email text,
    phone text, shipping_address jsonb, billing_address jsonb, shipping_method jsonb, codes text[],
    metadata jsonb, status text, version integer, quoted_version integer, quote_flags text[],
    subtotal bigint, discount_total bigint, shipping_total bigint, tax_total bigint, total bigint,
    expires_at timestamptz, created_at timestamptz, notes jsonb, merged_into uuid,
    quoted_pricing_version integer, credits integer, quote_expires_at timestamptz,
    pricing_version integer, region_id uuid, region_name text, countries text[],
    tax_inclusive boolean, rounding text, lines json, adjustments json)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    RETURN QUERY
    SELECT c.id, c.session_id, c.customer_id, c.currency, c.source, c.locale, c.email, c.phone,
           c.shipping_address, c.billing_address, c.shipping_method, c.codes, c.metadata, c.status,
           c.version, c.quoted_version, c.quote_flags, c.subtotal, c.discount_total,
           c.shipping_total, c.tax_total, c.total, c.expires_at, c.created_at, c.notes,
           c.merged_into, c.quoted_pricing_version, c.credits, c.quote_expires_at,
           coalesce(s.pricing_version, 0), r.id, r.name, r.countries, r.tax_inclusive, r.rounding,
           shop.lines_at(store, at, cart, c.currency, c.region_id),
           CASE WHEN c.quoted_version = c.version THEN (
                SELECT json_agg(json_build_object(
                    'kind', a.kind, 'source', a.source, 'code', a.code, 'title', a.title,
                    'amount', a.amount, 'line_id', a.line_id, 'rate', a.rate::text,
                    'reference', a.reference) ORDER BY a.id)
                FROM shop.line_adjustments a WHERE a.store_id = store AND a.cart_id = cart) END
    FROM shop.carts c
    JOIN shop.regions r ON r.store_id = store AND r.id = c.region_id
    LEFT JOIN shop.store_settings s ON s.store_id = store
    WHERE c.store_id = store AND c.id = cart;
END $$;
