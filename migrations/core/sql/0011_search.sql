-- Search by words. Each word is a number that the app derives from the store and the word, so a
-- common word of other stores does not lengthen a search here:
--   keys     word keys of everything searched in; those of the title once more, below zero; the
--            lower halves of the ids of categories, lower still
--   title, shelves, options   keys of the words that stand there, to rank by
-- `edition` and `version` say which rules of the app and which version of the product were indexed:
-- a row that has fallen behind is written anew by the worker, as are those from before this step.
ALTER TABLE shop.product_search
    ADD COLUMN published boolean NOT NULL DEFAULT false,
    ADD COLUMN keys bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN title bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN shelves bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN options bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN edition integer NOT NULL DEFAULT 0,
    ADD COLUMN version integer NOT NULL DEFAULT 0;
-- A short list of pending entries: writers sort a few hundred products at a time into the index, and
-- searches read little beside it.
CREATE INDEX product_search_keys ON shop.product_search USING gin (keys)
    WITH (gin_pending_list_limit = 512);

-- The words of a store. `near` are keys of the word with up to two letters left out: two words that
-- are at most two typos apart have one of them in common. `products` is counted now and then.
CREATE TABLE shop.search_words (
    store_id uuid NOT NULL REFERENCES control.stores (id),
    word text COLLATE "C" NOT NULL,
    key bigint NOT NULL,
    near bigint[] NOT NULL DEFAULT '{}',
    products integer NOT NULL DEFAULT 1,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (store_id, word)
);
CREATE INDEX search_words_near ON shop.search_words USING gin (near)
    WITH (gin_pending_list_limit = 512);

-- On but not forced, as for shop.product_search: operators of arrays are not leak-proof.
ALTER TABLE shop.search_words ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON shop.search_words USING (store_id = ANY (
    ARRAY[nullif(current_setting('tradewind.store_id', true), '')::uuid]));

-- SKUs that begin like this one, by their bytes.
CREATE INDEX variants_sku_prefix ON shop.variants (store_id, sku_key COLLATE "C");

-- What a query may mean: words that begin like one of `beginnings`, at most `most` for each, and
-- words that have a key of `around` in common.
CREATE FUNCTION shop.known_words(beginnings text[], around bigint[], most integer)
RETURNS TABLE (word text, products integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET jit = off
AS $$
    SELECT found.word, found.products
    FROM unnest(beginnings) AS beginning
    CROSS JOIN LATERAL (
        SELECT w.word, w.products FROM shop.search_words w
        WHERE w.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
          AND w.word >= beginning COLLATE "C" AND w.word < (beginning || chr(1114111)) COLLATE "C"
        ORDER BY (w.word = beginning) DESC, w.products DESC, w.word LIMIT most
    ) AS found
    UNION
    SELECT w.word, w.products FROM shop.search_words w
    WHERE w.store_id = nullif(current_setting('tradewind.store_id', true), '')::uuid
      AND w.near && around
$$;

-- The first `most` products that have a word of every group, best first. Group n is
-- keys[ends[n-1]+1 : ends[n]]; its first key is the word as it was typed. Not those that have a word
-- of every group of `past` as well, nor those of `known`.
--
-- Up to 1,500 products are ranked by the places of their words. Where there are more, or where one
-- in ten of the first thousand fits, those with every word in the title come first, then the others,
-- each in the order of their making: such a search looks at a few pages of the table, however many
-- products fit. Only placeholders and numbers made here are put into the statements.
CREATE FUNCTION shop.ranked_products(
    keys bigint[], ends integer[], past bigint[], past_ends integer[],
    categories bigint[], published_only boolean, known uuid[], most integer)
RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    store uuid := nullif(current_setting('tradewind.store_id', true), '')::uuid;
    titles bigint[] := ARRAY(SELECT -key FROM unnest(keys) WITH ORDINALITY AS k (key, n) ORDER BY n);
    first integer := 1;
    fits text := 'true';
    titled text := 'true';
    passed text := 'true';
    score text := '0';
    looked integer; fitting integer; inside uuid[]; outside uuid[]; found uuid[];
BEGIN
    FOR n IN 1 .. cardinality(ends) LOOP
        fits := fits || format(' AND s.keys && $2[%s:%s]', first, ends[n]);
        titled := titled || format(' AND s.keys && $3[%s:%s]', first, ends[n]);
        score := score || format(
            ' + CASE WHEN s.title && $2[%1$s:%1$s] THEN 16 WHEN s.title && $2[%1$s:%2$s] THEN 13'
            ' WHEN s.shelves && $2[%1$s:%1$s] THEN 9 WHEN s.shelves && $2[%1$s:%2$s] THEN 8'
            ' WHEN s.options && $2[%1$s:%1$s] THEN 5 WHEN s.options && $2[%1$s:%2$s] THEN 4'
            ' ELSE 1 END', first, ends[n]);
        first := ends[n] + 1;
    END LOOP;
    first := 1;
    FOR n IN 1 .. cardinality(past_ends) LOOP
        passed := passed || format(' AND s.keys && $4[%s:%s]', first, past_ends[n]);
        first := past_ends[n] + 1;
    END LOOP;
    IF cardinality(past_ends) > 0 THEN fits := format('%s AND NOT (%s)', fits, passed); END IF;
    IF categories IS NOT NULL THEN fits := fits || ' AND s.keys && $5'; END IF;
    IF published_only THEN fits := fits || ' AND s.published'; END IF;
    IF cardinality(known) > 0 THEN fits := fits || ' AND s.product_id <> ALL ($6)'; END IF;

    EXECUTE format(
        'SELECT count(*), count(*) FILTER (WHERE fits),
                array_agg(product_id ORDER BY product_id) FILTER (WHERE fits AND titled),
                array_agg(product_id ORDER BY product_id) FILTER (WHERE fits AND NOT titled)
         FROM (SELECT s.product_id, %s AS fits, %s AS titled
               FROM (SELECT * FROM shop.product_search WHERE store_id = $1
                     ORDER BY product_id LIMIT 1000) s) AS beginning', fits, titled)
    INTO looked, fitting, inside, outside
    USING store, keys, titles, past, categories, known;
    IF looked < 1000 OR fitting < 100 THEN
        EXECUTE format(
            'WITH hits AS MATERIALIZED (
                 SELECT s.product_id, s.title, s.shelves, s.options FROM shop.product_search s
                 WHERE s.store_id = $1 AND %s LIMIT 1501
             ), counted AS (SELECT count(*) AS n FROM hits)
             SELECT CASE WHEN n <= 1500 THEN (
                 SELECT array_agg(product_id) FROM (
                     SELECT s.product_id FROM hits s
                     ORDER BY %s - least(cardinality(s.title), 20) * 0.05 DESC, s.product_id
                     LIMIT $7) AS best) END, n
             FROM counted', fits, score)
        INTO found, fitting
        USING store, keys, titles, past, categories, known, most;
        IF fitting <= 1500 THEN RETURN coalesce(found, '{}'); END IF;
    END IF;

    IF cardinality(inside) >= most THEN RETURN inside[1:most]; END IF;
    EXECUTE format(
        'WITH hits AS MATERIALIZED (
             SELECT s.product_id FROM shop.product_search s WHERE s.store_id = $1 AND %s AND %s)
         SELECT array_agg(product_id) FROM (
             SELECT product_id FROM hits ORDER BY product_id LIMIT $7) AS best', titled, fits)
    INTO found USING store, keys, titles, past, categories, known, most;
    found := coalesce(found, '{}');
    IF cardinality(found) >= most THEN RETURN found; END IF;
    IF cardinality(outside) >= most - cardinality(found) THEN
        RETURN found || outside[1 : most - cardinality(found)];
    END IF;
    EXECUTE format(
        'WITH hits AS MATERIALIZED (
             SELECT s.product_id FROM shop.product_search s
             WHERE s.store_id = $1 AND %s AND NOT (%s))
         SELECT array_agg(product_id) FROM (
             SELECT product_id FROM hits ORDER BY product_id LIMIT $7) AS best', fits, titled)
    INTO outside USING store, keys, titles, past, categories, known, most - cardinality(found);
    RETURN found || coalesce(outside, '{}');
END $$;

-- A page of what is looked for: products by their SKU or its beginning, then those that have every
-- word (`strict`), then those that have it with typos (`loose`; null where that is no different).
DROP FUNCTION shop.search_products(text, integer);
CREATE FUNCTION shop.search_products(
    typed_sku text, typed_beginning text, strict bigint[], strict_ends integer[],
    loose bigint[], loose_ends integer[], categories bigint[], published_only boolean,
    skip integer, most integer)
RETURNS TABLE (product_id uuid, place bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    store uuid := nullif(current_setting('tradewind.store_id', true), '')::uuid;
    by_sku uuid[];
    found uuid[];
BEGIN
    by_sku := ARRAY(
        SELECT v.product_id FROM (
            SELECT v.product_id, v.sku_key FROM shop.variants v
            WHERE v.store_id = store AND v.archived_at IS NULL AND v.sku_key = typed_sku
            UNION ALL
            (SELECT v.product_id, v.sku_key FROM shop.variants v
             WHERE v.store_id = store AND v.archived_at IS NULL AND v.sku_key <> typed_sku
               AND v.sku_key >= typed_beginning COLLATE "C"
               AND v.sku_key < (typed_beginning || chr(1114111)) COLLATE "C"
             ORDER BY v.sku_key COLLATE "C" LIMIT 200)
        ) v
        JOIN shop.product_search s ON s.store_id = store AND s.product_id = v.product_id
        WHERE (s.published OR NOT published_only) AND (categories IS NULL OR s.keys && categories)
        GROUP BY v.product_id
        ORDER BY bool_or(v.sku_key = typed_sku) DESC, min(v.sku_key COLLATE "C"), v.product_id);
    found := by_sku;
    IF cardinality(found) < skip + most AND cardinality(strict_ends) > 0 THEN
        found := found || shop.ranked_products(
            strict, strict_ends, '{}', '{}', categories, published_only, by_sku,
            skip + most - cardinality(found));
    END IF;
    IF cardinality(found) < skip + most AND cardinality(loose_ends) > 0 THEN
        found := found || shop.ranked_products(
            loose, loose_ends, strict, strict_ends, categories, published_only, by_sku,
            skip + most - cardinality(found));
    END IF;
    RETURN QUERY SELECT one.id, one.n FROM unnest(found) WITH ORDINALITY AS one (id, n)
        WHERE one.n > skip AND one.n <= skip + most;
END $$;

REVOKE ALL ON FUNCTION
    shop.known_words(text[], bigint[], integer),
    shop.ranked_products(bigint[], integer[], bigint[], integer[], bigint[], boolean, uuid[], integer),
    shop.search_products(text, text, bigint[], integer[], bigint[], integer[], bigint[], boolean,
                         integer, integer)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    shop.known_words(text[], bigint[], integer),
    shop.search_products(text, text, bigint[], integer[], bigint[], integer[], bigint[], boolean,
                         integer, integer)
TO tradewind_app;
