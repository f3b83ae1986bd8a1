-- Grain: one other post, nearest in meaning first.
-- Owner: analysts.
-- Meaning: Searches quotable posts that say what a quotable post says, in all languages. Filters are those of
--   mart.chosen_posts.
create function mart.similar_posts(
    post_id bigint,
    week date default null,
    language text default null,
    theme bigint default null,
    source text default null,
    most integer default 10,
    with_spam boolean default false
) returns setof mart.found_post
language sql stable parallel safe
-- Vectors are not for readers to see, so it reads them as its owner. Its names were resolved when it was made.
security definer set search_path = pg_catalog, pg_temp
begin atomic
    select near.*
    from (
        select e.embedding, e.model, q.language
        from mart.quotable_post q
        join core.post_annotation a on a.post_id = q.post_id
        join core.post_embedding e on e.text_sha256 = a.text_sha256
        join core.theme_space s on s.model = e.model and s.language = '*'
        where q.post_id = similar_posts.post_id
        order by s.fitted_at desc, e.model
        limit 1
    ) one
    cross join lateral mart.posts_near(
        embedding => one.embedding,
        written_in => one.language,
        week => similar_posts.week,
        language => similar_posts.language,
        theme => similar_posts.theme,
        source => similar_posts.source,
        most => similar_posts.most + 1,
        with_spam => similar_posts.with_spam,
        encoder => one.model
    ) near
    where near.post_id <> similar_posts.post_id
    order by near.score desc, near.day desc, near.post_id desc
    limit similar_posts.most;
end;

revoke all on function mart.similar_posts from public;
grant execute on function mart.similar_posts to suara_reader, suara_pipeline, suara_privacy;
