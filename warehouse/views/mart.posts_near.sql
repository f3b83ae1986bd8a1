-- Grain: one post, nearest in meaning first.
-- Owner: analysts.
-- Meaning: Searches quotable posts by meaning, in all languages. Takes an encoder's own vector of a text, the language of
--   that text, and the encoder's name (that of the newest space without it). Compares in the space that themes live in,
--   with every post that the filters leave. Filters are those of mart.chosen_posts.
create function mart.posts_near(
    embedding vector,
    written_in text,
    week date default null,
    language text default null,
    theme bigint default null,
    source text default null,
    most integer default 10,
    with_spam boolean default false,
    encoder text default null
) returns setof mart.found_post
language sql stable parallel safe
-- Vectors are not for readers to see, so it reads them as its owner. Its names were resolved when it was made.
security definer set search_path = pg_catalog, pg_temp
-- Posts that do not fit in here are written to the disk, and every vector with them.
set work_mem = '128MB'
begin atomic
    with space as materialized (
        -- The casts bring the vectors into the row. Else they would be fetched from beside their table for every post.
        select s.model, s.language, s.mean::real[]::vector as mean, s.component::real[]::vector as component
        from core.theme_space s
        where s.model = coalesce(
            posts_near.encoder, (select n.model from core.theme_space n order by n.fitted_at desc, n.model limit 1)
        )
    ),
    centred as (
        select
            others.model,
            others.component,
            others.mean as others,
            posts_near.embedding - coalesce(own.mean, others.mean) as away
        from space others
        left join space own on own.language = posts_near.written_in
        where others.language = '*'
    ),
    asked as materialized (
        select
            model,
            component,
            others,
            l2_normalize(
                away - component * array_fill(-(away <#> component)::real, array[vector_dims(away)])::vector
            ) as direction
        from centred
    )
    select
        q.post_id, q.week, q.day, q.language, d.current_theme_id, d.name, q.source, left(q.masked, 160), q.url, f.score
    from (
        select
            q.post_id,
            q.day,
            -- The direction that is asked for has no part of the component, so that taking it from a post's vector
            -- does not change their product: it only makes the vector shorter.
            -(asked.direction <#> own.away)
                / sqrt(greatest(vector_norm(own.away) ^ 2 - (own.away <#> asked.component) ^ 2, 1e-24)) as score
        from asked
        cross join mart.chosen_posts(
            posts_near.week, posts_near.language, posts_near.theme, posts_near.source, posts_near.with_spam
        ) q
        join core.post_annotation a on a.post_id = q.post_id and a.words > 0
        join core.post_embedding e on e.text_sha256 = a.text_sha256 and e.model = asked.model
        left join space on space.language = q.language
        cross join lateral (select e.embedding - coalesce(space.mean, asked.others) as away offset 0) own
        order by score desc, q.day desc, q.post_id desc
        limit posts_near.most
    ) f
    join mart.quotable_post q on q.post_id = f.post_id and q.day = f.day
    left join mart.dim_theme d on d.theme_id = q.theme_id
    order by f.score desc, f.day desc, f.post_id desc;
end;

revoke all on function mart.posts_near from public;
grant execute on function mart.posts_near to suara_reader, suara_pipeline, suara_privacy;
