"""Refreshing the marts, one day or one week at a time, each wholly from `core`.

Every refresh replaces its partition, so that running it again changes nothing. A day is the half-open range of instants
that `kernel.calendar` gives for it in the community's zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from kernel.calendar import day_span, monday_of
from kernel.model import SourceKind

_DATES = text("""
    insert into mart.dim_date
    select d, date_trunc('week', d)::date, extract(isoyear from d), extract(week from d), date_trunc('month', d)::date,
           extract(isodow from d), extract(isodow from d) > 5
    from (select generate_series(cast(:first as timestamp), cast(:last as timestamp), interval '1 day')::date) s(d)
    on conflict (date) do nothing
""")

# Moderators are volunteers of the community and count; staff and bots do not.
_POSTS = text("""
    insert into mart.fct_post (
        post_id, created_date, week, created_at, version, source_id, thread_id, member_id, person_id, role,
        is_thread_start, is_spam, is_duplicate, is_counted, duplicate_of, language, sentiment, sentiment_score,
        feedback_type, type_score, toxicity, words, rating, reactions, theme_id, theme_confidence, masked, url
    )
    select
        p.post_id, :day, :monday, p.created_at, p.version, p.source_id, p.thread_id, p.member_id, mp.person_id, m.role,
        p.is_thread_start, a.is_spam, a.duplicate_of is not null,
        m.role in ('member', 'moderator') and not a.is_spam,
        a.duplicate_of, a.language, a.sentiment, a.sentiment_score, a.feedback_type, a.type_score, a.toxicity, a.words,
        p.rating, greatest(standing.reactions, counted.reactions, 0), n.theme_id, n.confidence, a.masked, p.url
    from core.post p
    join core.post_annotation a on a.post_id = p.post_id and a.post_version = p.version
    join core.member m using (member_id)
    join core.member_person mp using (member_id)
    left join core.mention n on n.post_id = p.post_id
    left join lateral (
        select count(*)::int as reactions from core.reaction r
        where r.source_id = p.source_id and r.post_external_id = p.external_id and r.removed_at is null
    ) standing on true
    left join lateral (
        select sum(c.value::int)::int as reactions from jsonb_each_text(p.reaction_counts) c
    ) counted on true
    where p.created_at >= :start and p.created_at < :end and p.status = 'live'
""")

# A source may correct the time of a post, and so its day. Says which threads have lost a post to another one.
_CLEAR = text("""
    with gone as (
        delete from mart.fct_post where created_date = :day returning post_id, thread_id
    ), moved as (
        delete from mart.fct_post f using core.post p
        where p.created_at >= :start and p.created_at < :end and f.post_id = p.post_id and f.created_date <> :day
        returning f.post_id, f.thread_id
    )
    select distinct old.thread_id from (select * from gone union all select * from moved) old
    join core.post p using (post_id) where p.thread_id <> old.thread_id order by 1
""")

# Threads with a post of the day, live or not, and threads that this table knows to have begun on it.
_TOUCHED = text("""
    select thread_id from core.post where created_at >= :start and created_at < :end
    union
    select thread_id from mart.fct_thread_response where started_date = :day
    order by thread_id
""")

# An answer is a post by another person that is neither a bot's nor spam; spam is not a reply either.
_THREADS = text("""
    with said as (
        select
            p.thread_id, p.post_id, p.source_id, p.created_at, m.role, mp.person_id,
            coalesce(a.is_spam, false) as is_spam,
            row_number() over (partition by thread_id order by p.created_at, p.is_thread_start desc, p.post_id) as place
        from core.post p
        join core.member m using (member_id)
        join core.member_person mp using (member_id)
        left join core.post_annotation a on a.post_id = p.post_id and a.post_version = p.version
        where p.thread_id = any(:threads) and p.status = 'live'
    ), judged as (
        select
            *,
            place > 1 and role <> 'bot' and not is_spam as is_reply,
            place > 1 and role <> 'bot' and not is_spam and person_id <> first_value(person_id) over thread as is_answer
        from said
        window thread as (partition by thread_id order by place)
    ), answered as (
        select
            thread_id,
            min(created_at) filter (where is_answer) as first_response_at,
            (array_agg(post_id order by place) filter (where is_answer))[1] as first_response_post_id,
            (array_agg(role order by place) filter (where is_answer))[1] as first_responder_role,
            min(created_at) filter (where is_answer and role in ('staff', 'moderator')) as first_staff_response_at,
            count(*) filter (where is_reply) as replies,
            count(distinct person_id) as people,
            max(created_at) as last_post_at
        from judged group by thread_id
    )
    insert into mart.fct_thread_response (
        thread_id, source_id, started_date, week, started_at, starter_person_id, starter_role, is_counted,
        first_post_id, first_response_at, first_response_post_id, first_responder_role, first_staff_response_at,
        replies, people, last_post_at, status
    )
    select
        f.thread_id, f.source_id, (f.created_at at time zone :zone)::date,
        date_trunc('week', f.created_at at time zone :zone)::date, f.created_at, f.person_id, f.role,
        f.role in ('member', 'moderator') and not f.is_spam,
        f.post_id, a.first_response_at, a.first_response_post_id, a.first_responder_role, a.first_staff_response_at,
        a.replies, a.people, a.last_post_at, t.status
    from said f
    join answered a using (thread_id)
    join core.thread t using (thread_id)
    where f.place = 1
""")

_THEMES_OF_POSTS = text("""
    update mart.fct_post f set theme_id = found.theme_id, theme_confidence = found.confidence
    from (
        select p.post_id, n.theme_id, n.confidence
        from mart.fct_post p left join core.mention n using (post_id)
        where p.created_date between :monday and :sunday
    ) found
    where f.post_id = found.post_id and f.created_date between :monday and :sunday
      and (f.theme_id, f.theme_confidence) is distinct from (found.theme_id, found.confidence)
""")

_THEME_WEEK = text("""
    with counted as (
        select f.*, d.current_theme_id from mart.fct_post f left join mart.dim_theme d using (theme_id)
        where f.created_date between :monday and :sunday and f.is_counted
    )
    insert into mart.fct_theme_week
        (week, theme_id, people, posts, sources, negative_posts, sentiment_posts, bugs, requests, active_people)
    select :monday, current_theme_id, count(distinct person_id), count(*), count(distinct source_id),
           count(*) filter (where sentiment = 'negative'), count(sentiment),
           count(*) filter (where feedback_type = 'bug'), count(*) filter (where feedback_type = 'request'),
           (select count(distinct person_id) from counted)
    from counted where current_theme_id is not null group by current_theme_id
""")


def set_timezone(connection: Connection, zone: ZoneInfo) -> None:
    """Record the zone of all days here; a change of zone empties the marts and makes every day due again."""
    before = connection.execute(text("select value from ops.setting where name = 'timezone'")).scalar()
    if before == zone.key:
        return
    if before is not None:
        for table in ("mart.fct_post", "mart.fct_thread_response", "mart.fct_theme_week", "ops.pipeline_run"):
            connection.execute(text(f"delete from {table}"))  # noqa: S608
    connection.execute(
        text("""
            insert into ops.setting values ('timezone', :zone) on conflict (name) do update set value = excluded.value
        """),
        {"zone": zone.key},
    )


def describe_source(connection: Connection, name: str, *, kind: SourceKind, url: str | None) -> None:
    """Record what the community says of a source, where there is one of this name; the kind `other` says nothing."""
    connection.execute(
        text("update core.source set kind = coalesce(nullif(:kind, 'other'), kind), url = :url where name = :name"),
        {"name": name, "kind": kind, "url": url},
    )


def refresh_dates(connection: Connection, first: date, last: date) -> None:
    """Make sure that the calendar holds every day from `first` to `last`, both included."""
    connection.execute(_DATES, {"first": first, "last": last})


def refresh_posts(connection: Connection, day: date, zone: ZoneInfo) -> int:
    """Replace the posts of `day` and return how many there are: live ones whose current version is annotated.

    Threads of other days that a post of this one has left are worked out anew.
    """
    span = day_span(day, zone)
    values = {"day": day, "monday": monday_of(day), "start": span.start, "end": span.end}
    left = connection.execute(_CLEAR, values).scalars().all()
    _refresh_answers(connection, left, zone)
    return connection.execute(_POSTS, values).rowcount


def refresh_threads(connection: Connection, day: date, zone: ZoneInfo) -> int:
    """Work out anew how the threads with a post of `day` were answered, and return how many there are.

    A thread whose posts are all gone is dropped.
    """
    span = day_span(day, zone)
    touched = connection.execute(_TOUCHED, {"day": day, "start": span.start, "end": span.end}).scalars().all()
    return _refresh_answers(connection, touched, zone)


def _refresh_answers(connection: Connection, threads: Sequence[int], zone: ZoneInfo) -> int:
    if not threads:
        return 0
    gone = text("delete from mart.fct_thread_response where thread_id = any(:threads)")
    connection.execute(gone, {"threads": threads})
    return connection.execute(_THREADS, {"threads": threads, "zone": zone.key}).rowcount


def refresh_themes_of_posts(connection: Connection, monday: date) -> int:
    """Write the themes of the week's posts into the marts and return how many posts changed."""
    return connection.execute(_THEMES_OF_POSTS, _week(monday)).rowcount


def refresh_theme_week(connection: Connection, monday: date) -> int:
    """Replace the counts of themes in the week and return how many themes were spoken of; merges are resolved."""
    connection.execute(text("delete from mart.fct_theme_week where week = :monday"), {"monday": monday})
    return connection.execute(_THEME_WEEK, _week(monday)).rowcount


def _week(monday: date) -> dict[str, date]:
    return {"monday": monday, "sunday": monday + timedelta(days=6)}
