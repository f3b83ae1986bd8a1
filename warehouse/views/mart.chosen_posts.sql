-- Grain: one post.
-- Owner: analysts.
-- Meaning: Quotable posts that a search may find: of a week (its Monday), in a language, of a theme or one merged into
--   it, at a source. What is not given does not choose. Spam only when asked for.
create function mart.chosen_posts(
    week date default null,
    language text default null,
    theme bigint default null,
    source text default null,
    with_spam boolean default false
) returns setof mart.quotable_post
language sql stable parallel safe
begin atomic
    select q.*
    from mart.quotable_post q
    where (chosen_posts.week is null or q.week = chosen_posts.week)
        and (chosen_posts.language is null or q.language = chosen_posts.language)
        and (
            chosen_posts.theme is null
            or q.theme_id = any(array(
                select d.theme_id
                from mart.dim_theme d
                join mart.dim_theme asked using (current_theme_id)
                where asked.theme_id = chosen_posts.theme
            ))
        )
        and (chosen_posts.source is null or q.source = chosen_posts.source)
        and (with_spam or not q.is_spam);
end;
