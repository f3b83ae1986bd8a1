-- Grain: one post.
-- Owner: analysts.
-- Meaning: Posts whose words may be shown: live and as they stand now, by writers who were not forgotten and do not mind
--   being quoted. The marts are refreshed once a day; here a deletion, an edit or an opt-out counts at once.
create view mart.quotable_post as
select
    f.post_id,
    f.week,
    f.created_date as day,
    f.language,
    f.theme_id,
    s.name as source,
    f.person_id,
    f.is_spam,
    f.masked,
    f.lexemes,
    f.url
from mart.fct_post f
join core.post p on p.post_id = f.post_id and p.version = f.version and p.status = 'live'
join core.member m on m.member_id = f.member_id and not m.opted_out and m.erased_at is null
join core.source s on s.source_id = f.source_id;

comment on column mart.quotable_post.post_id is 'The post.';
comment on column mart.quotable_post.week is 'Monday of its week.';
comment on column mart.quotable_post.day is 'Day it was written, in the community''s zone.';
comment on column mart.quotable_post.language is 'en, id, another code, other or und.';
comment on column mart.quotable_post.theme_id is 'Theme (dim_theme); null when in none.';
comment on column mart.quotable_post.source is 'Name of the source.';
comment on column mart.quotable_post.person_id is 'Who wrote it; count these, distinct.';
comment on column mart.quotable_post.is_spam is 'Judged spam.';
comment on column mart.quotable_post.masked is 'Clean text with personal data replaced by [kind].';
comment on column mart.quotable_post.lexemes is 'Words of masked for full-text search.';
comment on column mart.quotable_post.url is 'Where a person can read it.';
