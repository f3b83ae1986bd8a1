-- Who spoke of which theme in the report's week: what the tie range of the ranks is drawn from.
--
-- Grain: theme and person with at least one counted post in the week.
-- theme_id   the theme
-- person_id  the person
-- posts      their posts in it
select
    theme_id,
    person_id,
    count(*) as posts
from mart.report_post
where report_id = :input_id
    and is_counted
    and theme_id is not null
    and week = cast(:'week' as date)
    and coalesce(:'area', '') in ('', area)
group by theme_id, person_id
order by theme_id, person_id
