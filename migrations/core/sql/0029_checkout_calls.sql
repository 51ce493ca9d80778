-- The steps of a checkout that were a transaction of one statement, each as one call; and holding
-- stock, which was three statements. A call names its store to the row policies itself, unless the
-- transaction has one: alone it is a whole transaction.
-- Row policies make every row of a sequential scan dear, which the planner's costs do not tell.

-- A cart with its lines at the prices of the moment `at`. The names and the order of columns are
-- those of the carts' own queries.
CREATE FUNCTION shop.cart_at(store uuid, at timestamptz, cart uuid)
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
           (SELECT json_agg(json_build_array(
                cl.id, cl.variant_id, v.product_id, v.sku, p.title, v.title, p.kind, cl.quantity,
                cl.unit_price, (
                    SELECT pr.amount FROM shop.prices pr
                    WHERE pr.store_id = store AND pr.variant_id = v.id AND pr.currency = c.currency
                      AND (pr.region_id IS NULL OR pr.region_id = c.region_id)
                      AND (pr.starts_at IS NULL OR pr.starts_at <= at)
                      AND (pr.ends_at IS NULL OR pr.ends_at > at)
                    ORDER BY pr.region_id NULLS LAST, pr.starts_at DESC NULLS LAST LIMIT 1),
                p.status = 'published' AND v.archived_at IS NULL,
                cl.subtotal, cl.discount, cl.tax, cl.total, v.tax_class, v.tracked, v.options,
                coalesce(v.image, p.images[1]), v.weight_grams) ORDER BY cl.id)
            FROM (
                -- In the order of the index that is to be walked, however few lines there were
                -- when this was planned.
                SELECT one.* FROM shop.cart_lines one
                WHERE one.store_id = store AND one.cart_id = cart
                ORDER BY one.store_id, one.cart_id, one.variant_id OFFSET 0) cl
            JOIN shop.variants v ON v.store_id = store AND v.id = cl.variant_id
            JOIN shop.products p ON p.store_id = store AND p.id = v.product_id),
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

-- A cart's attempts to pay, newest first, each with its payment.
CREATE FUNCTION shop.attempts_at(store uuid, cart uuid)
RETURNS TABLE (
    attempt_id uuid, attempt_cart_id uuid, attempt_cart_version integer, attempt_payment_id uuid,
    attempt_provider text, attempt_method text, attempt_flow text, attempt_intent text,
    attempt_status text, attempt_currency text, attempt_amount bigint, attempt_snapshot jsonb,
    attempt_expires_at timestamptz, attempt_created_at timestamptz, attempt_order_id uuid,
    attempt_inputs jsonb, attempt_action bytea, attempt_data bytea, attempt_lost_at timestamptz,
    attempt_polls integer,
    payment_id uuid, payment_provider text, payment_method text, payment_intent text,
    payment_status text, payment_currency text, payment_amount bigint, payment_operation_id text,
    payment_created_at timestamptz, payment_authorized bigint, payment_captured bigint,
    payment_refunded bigint, payment_disputed bigint, payment_order_id uuid, payment_cart_id uuid,
    payment_session_id uuid, payment_provider_ref text, payment_error_code text,
    payment_version integer)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    RETURN QUERY
    SELECT s.id, s.cart_id, s.cart_version, s.payment_id, s.provider, s.method, s.flow, s.intent,
           s.status, s.currency, s.amount, s.snapshot, s.expires_at, s.created_at, s.order_id,
           s.inputs, s.action, s.data, s.lost_at, s.polls,
           p.id, p.provider, p.method, p.intent, p.status, p.currency, p.amount, p.operation_id,
           p.created_at, p.authorized, p.captured, p.refunded, p.disputed, p.order_id, p.cart_id,
           p.session_id, p.provider_ref, p.error_code, p.version
    FROM shop.payment_sessions s
    JOIN shop.payments p ON p.store_id = store AND p.id = s.payment_id
    WHERE s.store_id = store AND s.cart_id = cart ORDER BY s.id DESC;
END $$;

-- Keeps what a provider answered to the start of an attempt that still waits for it: it is open.
-- False where it does not wait any more. The payment is locked before its session, as everywhere.
CREATE FUNCTION shop.answer_start(
    store uuid, at timestamptz, session uuid, payment uuid, ref text, doing bytea, given bytea)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF coalesce(current_setting('tradewind.store_id', true), '') = '' THEN
        PERFORM set_config('tradewind.store_id', store::text, true);
    END IF;
    IF ref IS NOT NULL THEN
        UPDATE shop.payments p SET provider_ref = ref, updated_at = at
        WHERE p.store_id = store AND p.id = payment AND p.provider_ref IS NULL;
    END IF;
    UPDATE shop.payment_sessions s
    SET status = 'open', action = coalesce(doing, s.action), data = coalesce(given, s.data),
        updated_at = at
    WHERE s.store_id = store AND s.id = session AND s.status = 'starting';
    RETURN FOUND;
END $$;

-- Holds stock for a cart, whose row is locked and which holds nothing: each variant where it is best
-- taken, which is where there is enough, at the place of the first priority. Says what was not to be
-- had. No row, and nothing is changed, where the cart holds something, holds on these variants have
-- lapsed, or this shopper or network address has as many as they may.
CREATE FUNCTION shop.hold_stock(
    store uuid, at timestamptz, cart uuid, shopper text, address text, until timestamptz,
    variants uuid[], quantities bigint[], movements uuid[], holds uuid[],
    per_shopper integer, per_address integer)
RETURNS TABLE (variant_id uuid, taken boolean, "left" bigint, rest bigint, low boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    of_shopper bigint; of_address bigint;
BEGIN
    IF EXISTS (SELECT FROM shop.stock_reservations h WHERE h.store_id = store AND h.cart_id = cart)
    THEN RETURN; END IF;

    PERFORM FROM shop.inventory_levels l
    WHERE l.store_id = store AND l.variant_id = ANY (variants) ORDER BY l.sku FOR UPDATE OF l;

    SELECT count(DISTINCT h.cart_id) FILTER (WHERE h.shopper_key = shopper),
           count(DISTINCT h.cart_id) FILTER (WHERE h.network_address = address)
    INTO of_shopper, of_address
    FROM shop.stock_reservations h
    WHERE h.store_id = store AND h.cart_id <> cart AND h.expires_at > at
      AND (h.shopper_key = shopper OR (h.network_address = address AND address <> ''));
    IF of_shopper >= per_shopper OR (address <> '' AND of_address >= per_address) OR EXISTS (
        SELECT FROM shop.stock_reservations h
        WHERE h.store_id = store AND h.variant_id = ANY (variants) AND h.expires_at <= at)
    THEN RETURN; END IF;

    RETURN QUERY
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT ON (w.variant_id) w.variant_id, w.quantity, w.movement_id, w.hold_id,
               l.location_id, l.on_hand - l.reserved - l.held AS rest
        FROM unnest(variants, quantities, movements, holds)
            AS w (variant_id, quantity, movement_id, hold_id)
        JOIN shop.inventory_levels l ON l.store_id = store AND l.variant_id = w.variant_id
        JOIN shop.stock_locations p ON p.store_id = store AND p.id = l.location_id
        ORDER BY w.variant_id, l.on_hand - l.reserved - l.held < w.quantity, p.priority, p.id
    ), held AS (
        UPDATE shop.inventory_levels l SET held = l.held + c.quantity, updated_at = at
        FROM chosen c
        WHERE l.store_id = store AND l.variant_id = c.variant_id AND l.location_id = c.location_id
          AND (l.backorder OR l.on_hand - l.reserved - l.held >= c.quantity)
        RETURNING l.variant_id, l.location_id, c.quantity, c.movement_id, c.hold_id
    ), noted AS (
        INSERT INTO shop.stock_reservations
            (store_id, id, variant_id, location_id, cart_id, shopper_key, network_address, quantity,
             expires_at, created_at)
        SELECT store, h.hold_id, h.variant_id, h.location_id, cart, shopper, address, h.quantity,
               until, at
        FROM held h
    ), journal AS (
        INSERT INTO shop.stock_movements
            (store_id, id, variant_id, location_id, kind, held, cart_id, created_at)
        SELECT store, h.movement_id, h.variant_id, h.location_id, 'held', h.quantity, cart, at
        FROM held h
    )
    SELECT c.variant_id, h.variant_id IS NOT NULL, c.rest, c.rest, false
    FROM chosen c LEFT JOIN held h ON h.variant_id = c.variant_id;
END $$;

REVOKE EXECUTE ON FUNCTION
    shop.cart_at, shop.attempts_at, shop.answer_start, shop.hold_stock
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    shop.cart_at, shop.attempts_at, shop.answer_start, shop.hold_stock
TO tradewind_app;
