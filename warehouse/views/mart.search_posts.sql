-- Grain: one post that holds the words, best first.
-- Owner: analysts.
-- Meaning: Searches quotable posts by words, as on the web: all words, "a phrase", or, -without. Each post is read by the
--   stems of its own language. Filters are those of mart.chosen_posts.
create function mart.search_posts(
    query text,
    week date default null,
    language text default null,
    theme bigint default null,
    source text default null,
    most integer default 10,
    with_spam boolean default false
) returns setof mart.found_post
language sql stable parallel safe
begin atomic
    select
        f.post_id, f.week, f.day, f.language, d.current_theme_id, d.name, f.source,
        ts_headline(
            f.config, f.masked, f.asked, 'MaxFragments=1, MinWords=12, MaxWords=30, StartSel="", StopSel=""'
        ),
        f.url, f.score
    from (
        select q.*, asked.config, asked.query as asked, ts_rank(q.lexemes, asked.query)::double precision as score
        from mart.chosen_posts(
            search_posts.week, search_posts.language, search_posts.theme, search_posts.source, search_posts.with_spam
        ) q
        join (
            values
            ('en', 'english'::regconfig, websearch_to_tsquery('english', query)),
            ('id', 'indonesian', websearch_to_tsquery('indonesian', query)),
            ('other', 'simple', websearch_to_tsquery('simple', query))
        ) asked(language, config, query)
            on asked.language = case when q.language in ('en', 'id') then q.language else 'other' end
            and q.lexemes @@ asked.query
        order by score desc, q.day desc, q.post_id desc
        limit most
    ) f
    left join mart.dim_theme d on d.theme_id = f.theme_id
    order by f.score desc, f.day desc, f.post_id desc;
end;
