-- Grain: one source.
-- Owner: analysts.
-- Meaning: The places where people talk.
create view mart.dim_source as
select source_id, name, kind, url
from core.source;

comment on column mart.dim_source.source_id is 'Key of the source.';
comment on column mart.dim_source.name is 'Name given at import or in suara.toml.';
comment on column mart.dim_source.kind is 'forum, chat, reviews, tracker, mail or other.';
comment on column mart.dim_source.url is 'Where a person can look at it.';
