-- Search that costs about the same however many products fit. The index of words stays as it is:
-- only how it is looked in changes.

-- Up to `most` products of the store for which `condition` holds. They are ranked by `score`, each
-- 500 by themselves, in the order in which they are met: of what is everywhere few are looked at.
-- With `often` that is the order of their making, which ends soon where one in ten fits; else that of
-- the table, by the index of words, which has to collect all that fit.
CREATE FUNCTION shop.best_products(condition text, score text, often boolean, most integer)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    store uuid := nullif(current_setting('tradewind.store_id', true), '')::uuid;
    ranked CONSTANT text :=
        'SELECT coalesce(array_agg(product_id ORDER BY place / 500, score DESC, product_id), ''{}'')
         FROM (SELECT s.product_id, row_number() OVER () - 1 AS place,
                      %s - least(cardinality(s.title), 20) AS score
               FROM (SELECT s.product_id, s.title, s.shelves, s.options FROM %s LIMIT $2) s) s';
    -- No index but that of words is of use to IS NOT DISTINCT FROM.
    source text := format(
        'shop.product_search s WHERE s.store_id IS NOT DISTINCT FROM $1 AND %s', condition);
    found uuid[];
BEGIN
    IF often THEN
        EXECUTE format(ranked, score, format(
            '(SELECT * FROM shop.product_search WHERE store_id = $1
              ORDER BY product_id LIMIT $2 * 20) s WHERE %s', condition))
        INTO found USING store, most;
        IF cardinality(found) >= most THEN RETURN found; END IF;
        source := format('(SELECT s.* FROM %s ORDER BY s.product_id) s', source);
    END IF;
    EXECUTE format(ranked, score, source) INTO found USING store, most;
    RETURN found;
END $$;

-- The first `most` products that have a word of every group, best first. Group n is
-- keys[ends[n-1]+1 : ends[n]]; its first key is the word as it was typed. Not those that have a word
-- of every group of `past` as well, nor those of `known`.
--
-- Less than 500 products are ranked by the places of their words. Where there are more, those with
-- every word in the title come first, then the others. How common the words are is seen by the first
-- 250 products of the store. Only arrays of numbers are put into the statements.
CREATE OR REPLACE FUNCTION shop.ranked_products(
    keys bigint[], ends integer[], past bigint[], past_ends integer[],
    categories bigint[], published_only boolean, known uuid[], most integer)
RETURNS uuid[]
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    ranked CONSTANT integer := 500;
    -- Rounded up, so that every page of a search is cut from the same order.
    wanted integer := ceil(most::numeric / ranked) * ranked;
    first integer := 1;
    fits text := 'true';
    titled text := 'true';
    passed text := 'true';
    score text := '0';
    rest text := '';
    words bigint[];
    fitting integer; inside integer;
    best uuid[]; every uuid[];
BEGIN
    FOR n IN 1 .. cardinality(ends) LOOP
        words := keys[first : ends[n]];
        fits := fits || format(' AND s.keys && %L::bigint[]', words);
        -- The title is quick to look at, the keys below zero are in the index.
        titled := titled || format(
            ' AND s.title && %L::bigint[] AND s.keys && %L::bigint[]',
            words, ARRAY(SELECT -key FROM unnest(words) AS key));
        score := score || format(
            ' + CASE WHEN s.title && %2$L::bigint[] THEN 260 + 60 * (s.title && %1$L::bigint[])::integer'
            ' WHEN s.shelves && %2$L::bigint[] THEN 160 + 20 * (s.shelves && %1$L::bigint[])::integer'
            ' WHEN s.options && %2$L::bigint[] THEN 80 + 20 * (s.options && %1$L::bigint[])::integer'
            ' ELSE 20 END', words[1:1], words);
        first := ends[n] + 1;
    END LOOP;
    IF cardinality(past_ends) > 0 THEN
        first := 1;
        FOR n IN 1 .. cardinality(past_ends) LOOP
            passed := passed || format(' AND s.keys && %L::bigint[]', past[first : past_ends[n]]);
            first := past_ends[n] + 1;
        END LOOP;
        rest := format(' AND NOT (%s)', passed);
    END IF;
    IF categories IS NOT NULL THEN
        rest := rest || format(' AND s.keys && %L::bigint[]', categories);
    END IF;
    IF published_only THEN rest := rest || ' AND s.published'; END IF;
    IF cardinality(known) > 0 THEN
        rest := rest || format(' AND s.product_id <> ALL (%L::uuid[])', known);
    END IF;

    EXECUTE format(
        'SELECT count(*) FILTER (WHERE %s), count(*) FILTER (WHERE %s)
         FROM (SELECT * FROM shop.product_search WHERE store_id = $1
               ORDER BY product_id LIMIT 250) s', fits || rest, titled || rest)
    INTO fitting, inside
    USING nullif(current_setting('tradewind.store_id', true), '')::uuid;

    IF fitting >= 3 THEN
        best := shop.best_products(titled || rest, score, inside >= 25, wanted);
    END IF;
    IF best IS NULL OR cardinality(best) < 200 THEN
        every := shop.best_products(fits || rest, score, fitting >= 25, wanted);
        IF cardinality(every) < ranked OR best = '{}' THEN RETURN every[1:most]; END IF;
        IF best IS NULL THEN
            best := shop.best_products(titled || rest, score, false, wanted);
        END IF;
    END IF;
    IF cardinality(best) < most THEN
        best := best || shop.best_products(
            format('%s%s AND NOT (%s)', fits, rest, titled), score, fitting - inside >= 25, wanted);
    END IF;
    RETURN best[1:most];
END $$;

ALTER FUNCTION shop.search_products(
    text, text, bigint[], integer[], bigint[], integer[], bigint[], boolean, integer, integer)
    SET max_parallel_workers_per_gather = 0 SET random_page_cost = 1;
-- Both are called by shop.search_products alone, and run under its settings.
ALTER FUNCTION shop.ranked_products(
    bigint[], integer[], bigint[], integer[], bigint[], boolean, uuid[], integer)
    RESET ALL;
REVOKE ALL ON FUNCTION shop.best_products(text, text, boolean, integer) FROM PUBLIC;

-- As before, but words that are near are looked up by their keys alone: where many keys were asked
-- for, every word of the store was compared with each of them.
CREATE OR REPLACE FUNCTION shop.known_words(beginnings text[], around bigint[], most integer)
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
    WHERE w.near && around
      AND w.store_id IS NOT DISTINCT FROM
          nullif(current_setting('tradewind.store_id', true), '')::uuid
$$;
