-- Conversations of the area (of the whole community where area is empty) and how long they waited for an answer.
--
-- Grain: one thread that a person of the community began in the report's week or the four weeks before.
-- thread_id          the thread
-- week               Monday of the week in which it began
-- source             name of the source
-- area               area of the opening post's theme; null when in none
-- theme_id           theme of the opening post; null when in none
-- starter_person_id  who asked
-- feedback_type      kind of the opening post; null when unsure
-- observed_hours     hours from its start to the end of the report's week
-- response_hours     hours to the first answer by somebody else who is not a bot; null when none came in that time
-- is_open            neither solved nor closed
-- title              title or first words, masked; null where they may not be shown
-- url                where a person can read it
select
    t.thread_id,
    t.week,
    t.source,
    t.area,
    t.theme_id,
    t.starter_person_id,
    p.feedback_type,
    t.observed_hours,
    t.response_hours,
    t.is_open,
    t.title,
    t.url
from mart.report_thread as t
left join mart.report_post as p on p.report_id = t.report_id and p.post_id = t.first_post_id
where t.report_id = :input_id
    and t.is_counted
    and coalesce(:'area', '') in ('', t.area)
order by t.thread_id
