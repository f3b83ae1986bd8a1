-- Grain: one thread that waits for an answer.
-- Owner: community managers.
-- Meaning: Open threads that a person of the community started and to which no other person has replied; bots and spam
--   are no answer, and reviews are no question. Waiting is measured up to the newest live post of the same source, not
--   up to now: a source that is not being loaded makes nobody wait longer, and the same rows give the same hours.
create view mart.unanswered_threads as
with newest as (
    select source_id, max(last_post_at) as seen_through from mart.fct_thread_response group by source_id
)
select
    r.thread_id,
    r.source_id,
    s.name as source,
    r.week,
    r.started_at,
    r.starter_person_id,
    r.replies,
    d.current_theme_id as theme_id,
    d.name as theme,
    d.area,
    f.feedback_type,
    f.language,
    case when not m.opted_out and m.erased_at is null then left(f.masked, 160) end as excerpt,
    case when not m.opted_out and m.erased_at is null then f.url end as url,
    newest.seen_through,
    extract(epoch from newest.seen_through - r.started_at)::double precision / 3600 as waiting_hours
from mart.fct_thread_response r
join core.source s using (source_id)
join newest using (source_id)
left join mart.fct_post f on f.post_id = r.first_post_id and f.created_date = r.started_date
left join core.member m on m.member_id = f.member_id
left join mart.dim_theme d on d.theme_id = f.theme_id
where r.first_response_at is null and r.is_counted and r.status = 'open' and s.kind <> 'reviews';

comment on column mart.unanswered_threads.thread_id is 'Conversation.';
comment on column mart.unanswered_threads.source_id is 'Source (dim_source).';
comment on column mart.unanswered_threads.source is 'Name of the source.';
comment on column mart.unanswered_threads.week is 'Monday of the week in which it began.';
comment on column mart.unanswered_threads.started_at is 'Time of the first live post.';
comment on column mart.unanswered_threads.starter_person_id is 'Who asked.';
comment on column mart.unanswered_threads.replies is 'Replies so far, all by the one who asked.';
comment on column mart.unanswered_threads.theme_id is 'Current theme of the opening post; null when in none.';
comment on column mart.unanswered_threads.theme is 'Name of that theme.';
comment on column mart.unanswered_threads.area is 'Area of that theme.';
comment on column mart.unanswered_threads.feedback_type is 'Kind of feedback of the opening post; null when unsure.';
comment on column mart.unanswered_threads.language is 'Language of the opening post; null while it is not yet read.';
comment on column mart.unanswered_threads.excerpt is 'First 160 characters of the opening post, masked; null where its writer does not want to be quoted.';
comment on column mart.unanswered_threads.url is 'Where a person can read it; null where its writer does not want to be quoted.';
comment on column mart.unanswered_threads.seen_through is 'Newest live post of the source: waiting is measured to here.';
comment on column mart.unanswered_threads.waiting_hours is 'Hours from started_at to seen_through.';
