-- Grain: one source.
-- Owner: analysts.
-- Meaning: the places where people talk.
create view mart.dim_source as
select source_id, name, kind, url
from core.source;

comment on view mart.dim_source is 'Places where people talk. Grain: one source.';
comment on column mart.dim_source.source_id is 'Key of the source.';
comment on column mart.dim_source.name is 'Name given at import or in suara.toml.';
comment on column mart.dim_source.kind is 'forum, chat, reviews, tracker, mail or other.';
comment on column mart.dim_source.url is 'Where a person can look at it.';
