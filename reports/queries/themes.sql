-- The themes of the area (of the whole community where area is empty) as they were named when the report was frozen.
--
-- Grain: one theme.
-- theme_id     the theme
-- name         its name
-- name_source  machine or person
-- area         its area; null when in none
-- born_week    Monday of the week in which it was born
-- keywords     characteristic phrases, strongest first
-- is_first     born in the first week whose themes are known: how old it is, nobody knows
select
    t.theme_id,
    t.name,
    t.name_source,
    t.area,
    t.born_week,
    t.keywords,
    t.born_week <= coalesce(r.themes_since, t.born_week) as is_first
from mart.report_theme as t
join mart.report as r on r.report_id = t.report_id
where t.report_id = :input_id and coalesce(:'area', '') in ('', t.area)
order by t.theme_id
