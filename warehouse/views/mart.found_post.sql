-- Grain: one post that a search has found.
-- Owner: analysts.
-- Meaning: What mart.search_posts, mart.posts_near and mart.similar_posts return.
create type mart.found_post as (
    post_id bigint,
    week date,
    day date,
    language text,
    theme_id bigint,
    theme text,
    source text,
    excerpt text,
    url text,
    score double precision
);

comment on column mart.found_post.post_id is 'The post.';
comment on column mart.found_post.week is 'Monday of its week.';
comment on column mart.found_post.day is 'Day it was written, in the community''s zone.';
comment on column mart.found_post.language is 'en, id, another code, other or und.';
comment on column mart.found_post.theme_id is 'Current theme (dim_theme); null when in none.';
comment on column mart.found_post.theme is 'Name of that theme.';
comment on column mart.found_post.source is 'Name of the source.';
comment on column mart.found_post.excerpt is 'The words around what was found, else the first 160 characters; masked.';
comment on column mart.found_post.url is 'Where a person can read it.';
comment on column mart.found_post.score is 'Words: rank by ts_rank. Meaning: cosine, 1 for the same text. Compares within one search.';
