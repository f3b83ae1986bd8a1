"""Freezing the input of a week's reports: copies of the rows that its facts will query, under the report's id.

Later edits, links, late posts and erasures move no frozen row; `suara report verify` compares them with the live ones.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, text

from kernel.calendar import Span

LOOK_BACK_WEEKS = 13
THREAD_WEEKS = 5
# Words that are probably abusive are not shown; the same bound as that of quotes.
MOST_TOXIC = 0.3

_SINCE = text("""
    update mart.report set
        posts_since = (select min(week) from mart.fct_post),
        themes_since = (select min(week) from core.theme_run)
    where report_id = :report
""")

# The first post ever is looked for where all posts are, because the marts hold only the days that ran.
_POSTS = text("""
    insert into mart.report_post
    select :report, f.post_id, f.version, f.week, f.created_date, f.created_at, s.name, f.thread_id, f.person_id,
           f.role, f.is_thread_start, f.is_spam, f.is_duplicate, f.is_counted, not m.opted_out and m.erased_at is null,
           f.language, f.sentiment, f.sentiment_score, f.feedback_type, f.rating,
           case when t.status <> 'retired' then t.theme_id end, f.theme_confidence,
           case when t.status <> 'retired' then t.area end,
           first.week
    from mart.fct_post f
    join core.source s using (source_id)
    join core.member m using (member_id)
    left join mart.dim_theme d on d.theme_id = f.theme_id
    left join core.theme t on t.theme_id = d.current_theme_id
    join (
        select mp.person_id, date_trunc('week', min(p.created_at) at time zone r.timezone)::date as week
        from core.post p
        join core.member_person mp using (member_id)
        join mart.report r on r.report_id = :report
        where p.created_at < :end
        group by mp.person_id, r.timezone
    ) first on first.person_id = f.person_id
    where f.week between :earliest and :week
""")

# A post that opens a thread begins with its title, on a line of its own.
_THREADS = text("""
    insert into mart.report_thread (
        report_id, thread_id, source, week, is_counted, area, theme_id, first_post_id, starter_person_id,
        observed_hours, response_hours, replies, url, title, is_open
    )
    select :report, r.thread_id, s.name, r.week, r.is_counted, p.area, p.theme_id, r.first_post_id, r.starter_person_id,
           extract(epoch from :end - r.started_at) / 3600,
           case when r.first_response_at < :end then extract(epoch from r.first_response_at - r.started_at) / 3600 end,
           (select count(*) from mart.fct_post f where f.thread_id = r.thread_id
              and f.person_id <> r.starter_person_id and f.role <> 'bot' and not f.is_spam and f.created_at < :end),
           case when not m.opted_out and m.erased_at is null then f0.url end,
           case when not m.opted_out and m.erased_at is null and coalesce(f0.toxicity, 0) <= :most_toxic then
               left(case when c.is_thread_start and c.title ~ '\\S' then split_part(f0.masked, chr(10), 1)
                    else f0.masked end, 160)
           end,
           r.status = 'open'
    from mart.fct_thread_response r
    join core.source s using (source_id)
    join mart.fct_post f0 on f0.post_id = r.first_post_id
    join core.post c on c.post_id = r.first_post_id
    join core.member m on m.member_id = f0.member_id
    left join mart.report_post p on p.report_id = :report and p.post_id = r.first_post_id
    where r.week between :threads_from and :week and s.kind <> 'reviews'
""")

_THEMES = text("""
    insert into mart.report_theme
    select :report, t.theme_id, t.name, t.name_source, t.area, t.born_week, to_jsonb(v.keywords)
    from core.theme t
    join lateral (
        select keywords from core.theme_version where theme_id = t.theme_id and week <= :week order by week desc limit 1
    ) v on true
    where exists (select from mart.report_post p where p.report_id = :report and p.theme_id = t.theme_id)
""")

_FINGERPRINT = text("""
    select md5(concat_ws('|',
        (select string_agg(md5(p::text), '' order by post_id) from (
            select post_id, version, week, created_at, source, thread_id, person_id, person_first_week, role, is_spam,
                   is_duplicate, is_counted, may_quote, language, sentiment, sentiment_score, feedback_type, rating,
                   theme_id, theme_confidence, area
            from mart.report_post where report_id = :report) p),
        (select string_agg(md5(t::text), '' order by thread_id) from (
            select thread_id, source, week, is_counted, area, theme_id, observed_hours, response_hours, replies, title,
                   is_open
            from mart.report_thread where report_id = :report) t),
        (select string_agg(md5(h::text), '' order by theme_id) from (
            select theme_id, name, area, born_week, keywords from mart.report_theme where report_id = :report) h),
        (select concat(posts_since, '/', themes_since) from mart.report where report_id = :report)))
""")


def freeze(connection: Connection, report_id: int, monday: date, span: Span) -> str:
    """Copy the rows of `monday`'s week and the weeks before under `report_id`; return a hash of them.

    Reviews are not conversations that wait for an answer, so their threads are left out. Nobody who opted out or was
    forgotten is shown with words or an address.
    """
    parameters = {
        "report": report_id,
        "week": monday,
        "earliest": monday - timedelta(weeks=LOOK_BACK_WEEKS),
        "threads_from": monday - timedelta(weeks=THREAD_WEEKS - 1),
        "end": span.end,
        "most_toxic": MOST_TOXIC,
    }
    for statement in (_SINCE, _POSTS, _THREADS, _THEMES):
        connection.execute(statement, parameters)
    return fingerprint(connection, report_id)


def fingerprint(connection: Connection, report_id: int) -> str:
    """Return a hash of the frozen rows under `report_id`, as they are now."""
    return str(connection.execute(_FINGERPRINT, {"report": report_id}).scalar_one())
