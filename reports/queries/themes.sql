-- The themes of the area (of the whole community where area is null) as they were named when the report was frozen.
--
-- Grain: one theme.
-- theme_id     the theme
-- name         its name
-- name_source  machine or person
-- area         its area; null when in none
-- born_week    Monday of the week in which it was born
-- keywords     characteristic phrases, strongest first
select
    theme_id,
    name,
    name_source,
    area,
    born_week,
    keywords
from mart.report_theme
where report_id = :input_id and (cast(:area as text) is null or area = cast(:area as text))
order by theme_id
