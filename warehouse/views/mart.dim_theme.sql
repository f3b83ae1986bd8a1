-- Grain: one theme that ever was.
-- Owner: community managers, who name, merge and retire themes.
-- Meaning: What a theme is called today and which theme it lives on in. Facts keep the theme that a post was put into;
--   join them on theme_id and group by current_theme_id, and merges need no rewriting of facts.
create view mart.dim_theme as
with recursive chain as (
    select theme_id, theme_id as current_theme_id, 0 as steps from core.theme
    union all
    select chain.theme_id, t.merged_into, steps + 1
    from chain
    join core.theme t on t.theme_id = chain.current_theme_id
    where t.merged_into is not null and t.status = 'merged'
) cycle current_theme_id set is_cycle using path,
final as (
    select distinct on (theme_id) theme_id, current_theme_id from chain where not is_cycle order by theme_id, steps desc
)
select
    final.theme_id,
    final.current_theme_id,
    today.name,
    today.name_source,
    today.area,
    today.owner,
    today.status,
    today.born_week,
    newest.keywords
from final
join core.theme today on today.theme_id = final.current_theme_id
left join lateral (
    select v.keywords from core.theme_version v where v.theme_id = today.theme_id order by v.week desc limit 1
) newest on true;

comment on column mart.dim_theme.theme_id is 'Key of the theme, as facts hold it.';
comment on column mart.dim_theme.current_theme_id is 'The theme it lives on in after all merges; group by this.';
comment on column mart.dim_theme.name is 'Name of the current theme.';
comment on column mart.dim_theme.name_source is 'machine, or person: a person''s name wins for ever.';
comment on column mart.dim_theme.area is 'Area of the current theme, a key of suara.toml; null when in none.';
comment on column mart.dim_theme.owner is 'Who answers for the current theme.';
comment on column mart.dim_theme.status is 'State of the current theme: active, dormant or retired.';
comment on column mart.dim_theme.born_week is 'Monday of the week in which the current theme was born.';
comment on column mart.dim_theme.keywords is 'Characteristic phrases of its newest run, strongest first.';
