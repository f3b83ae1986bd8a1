"""What is expected of the warehouse, as plain values: a suite is batches of rows with rules about their columns.

A batch is a query; `{start}`, `{end}` and `{partition}` stand for the bounds of the day or week, and `{began}` for the
time at which the day's run began, null without one; other braces are doubled. Queries never select words of a post.
Great Expectations doubles every percent sign in a query: use `mod`.

An expectation costs far more than a comparison in SQL, so the daily suites have one for each kind of fault, not one for
each column, and none for what a constraint of a table already refuses. Marts are copies: what is checked in `core` is
not checked again in `mart`.

Posts may change while a run is on its way. What changed after it began (or, without a run, after it was read) makes the
day due again and is a warning; what was wrong before is critical.
"""

from __future__ import annotations

from warehouse.quality.rules import Batch, between, none, ordered, present, unique

INGEST = (
    Batch(
        "core.post",
        """
        select p.source_id, p.external_id, p.version,
               case when p.status = 'live' and p.body is null then p.post_id end as live_without_words,
               case when p.created_at > p.loaded_at + interval '1 day' then p.post_id end as from_the_future,
               case when newest.version > p.version then p.post_id end as behind_its_history
        from core.post p
        left join lateral (
            select max(r.version) as version from core.post_revision r
            where r.source_id = p.source_id and r.external_id = p.external_id
        ) newest on true
        where p.created_at >= {start} and p.created_at < {end}
        """,
        (
            unique(["source_id", "external_id"], "posts that share the id of another"),
            between("version", 0, None, "posts with a negative version"),
            none("live_without_words", "live posts without a body"),
            none("behind_its_history", "posts that stand at an older version than one that arrived"),
            none("from_the_future", "posts written more than a day after they arrived", "warning"),
        ),
    ),
    Batch(
        "raw.event",
        """
        select e.event_id, p.post_id
        from raw.event e
        left join core.source s on s.name = split_part(e.source, ':', 4)
        left join core.post p on p.source_id = s.source_id and p.external_id = substr(e.subject, 6)
        where e.event_time >= {start} and e.event_time < {end}
          and e.type in ('community.post.created.v1', 'community.post.edited.v1', 'community.post.deleted.v1',
                         'community.post.restored.v1')
        """,
        (present("post_id", "archived events whose post is not in core"),),
    ),
    Batch(
        "core.source",
        """
        select source_id, count(*) filter (where created_at >= {start}) as posts
        from core.post where created_at >= {start} - interval '7 days' and created_at < {end}
        group by source_id having count(*) filter (where created_at < {start}) >= 14
        """,
        (
            between(
                "posts", 1, None, "sources that fell silent: two posts a day in the week before, none now", "warning"
            ),
        ),
    ),
)

# The e-mail pattern is a net under the masking of personal data, on purpose simpler than the masking itself.
POSTS_DAY = (
    Batch(
        "core.post_annotation",
        """
        with posts as (
            select p.post_id, p.version, p.created_at, p.changed_at, a.*
            from core.post p
            left join (
                select post_id as annotated, post_version, annotated_at, language_confidence, sentiment,
                       sentiment_score, feedback_type, type_score, toxicity, spam, words, masked, text_sha256,
                       duplicate_of
                from core.post_annotation
            ) a on a.annotated = p.post_id
            where p.created_at >= {start} and p.created_at < {end} and p.status = 'live'
        ), judged as (
            select *, post_version is not distinct from version as is_read,
                   changed_at > coalesce({began}, annotated_at, (select max(annotated_at) from posts)) as is_late
            from posts
        )
        select case when not is_read and is_late is not true then j.post_id end as unread,
               case when not is_read and is_late then j.post_id end as changed_since,
               case when text_sha256 is not null and not exists (
                   select from core.post_embedding v where v.text_sha256 = j.text_sha256
               ) then j.post_id end as without_vector,
               case when j.duplicate_of is not null and (
                   o.post_id is null or o.created_at > j.created_at or o.post_id = j.post_id
                   or (o.status <> 'live' and o.changed_at <= coalesce({began}, j.annotated_at))
                   or exists (select from core.post_annotation r
                              where r.post_id = o.post_id and r.duplicate_of is not null)
               ) then j.post_id end as repeats_no_original,
               case when sentiment not in ('negative', 'neutral', 'positive')
                      or feedback_type not in ('bug', 'request', 'question', 'complaint', 'praise', 'other')
                    then j.post_id end as unknown_label,
               case when not (language_confidence between 0 and 1 and coalesce(sentiment_score, 0) between 0 and 1
                              and coalesce(type_score, 0) between 0 and 1 and coalesce(toxicity, 0) between 0 and 1
                              and coalesce(spam, 0) between 0 and 1 and words >= 0)
                    then j.post_id end as score_outside,
               case when masked ~ '[A-Za-z0-9._+-]{{2,}}@[A-Za-z0-9-]+[.][A-Za-z]{{2,}}' then j.post_id end as unmasked
        from judged j left join core.post o on o.post_id = j.duplicate_of
        """,
        (
            none("unread", "live posts whose current version has no annotation"),
            none("changed_since", "posts that arrived or changed while the day ran; it is due again", "warning"),
            none("without_vector", "annotations whose text has no vector"),
            none("repeats_no_original", "posts said to repeat a later one, one that is gone or one that is a copy"),
            none("unknown_label", "annotations with an unknown sentiment or kind of feedback"),
            none("score_outside", "annotations with a score that is no probability or fewer than no words"),
            none("unmasked", "masked texts that still hold an e-mail address", "warning"),
        ),
    ),
)

MART_DAY = (
    Batch(
        "mart.fct_post",
        """
        with said as (
            select p.post_id, p.version, p.status = 'live' and a.post_version is not distinct from p.version as is_read,
                   p.changed_at > coalesce({began}, a.annotated_at) as is_late
            from core.post p left join core.post_annotation a using (post_id)
            where p.created_at >= {start} and p.created_at < {end}
        ), filed as (
            select f.*, t.thread_id is null as is_without_thread,
                   t.first_response_at < t.started_at
                   or t.last_post_at < coalesce(t.first_response_at, t.started_at)
                   or t.first_staff_response_at < coalesce(t.first_response_at, 'infinity') as is_out_of_order
            from mart.fct_post f left join mart.fct_thread_response t using (thread_id)
            where f.created_date = {partition}
        )
        select case when said.is_read and f.post_id is null then said.post_id end as missing,
               case when is_wrong and is_late is not true then f.post_id end as stale,
               case when is_wrong and is_late then f.post_id end as changed_since,
               case when f.created_at < {start} or f.created_at >= {end} or f.week <> date_trunc('week', {partition})
                    then f.post_id end as misfiled,
               case when f.is_counted and (f.role in ('staff', 'bot') or f.is_spam) then f.post_id end
                   as counted_wrongly,
               case when is_without_thread then f.post_id end as without_thread,
               case when is_out_of_order then f.post_id end as answered_out_of_order
        from said full join filed f using (post_id)
        cross join lateral (
            select f.post_id is not null and (said.is_read is not true or said.version <> f.version) as is_wrong
        ) w
        """,
        (
            none("missing", "live annotated posts that are not in the mart"),
            none("stale", "posts in the mart that are gone or have another version"),
            none("changed_since", "posts that changed while the day ran; it is due again", "warning"),
            none("misfiled", "posts filed under another day or week than the one they were written in"),
            none("counted_wrongly", "posts of staff, of bots or of spam that are counted"),
            none("without_thread", "posts whose thread is not in fct_thread_response"),
            none(
                "answered_out_of_order",
                "posts in threads answered before they began, after their newest post, or by staff before anybody",
            ),
        ),
    ),
    Batch(
        "the day as a whole",
        """
        select case when posts >= 50 then unreadable / posts end as unreadable,
               case when posts >= 50 then spam / posts end as spam,
               case when before >= 20 then posts / before end as volume
        from (
            select count(*) filter (where created_date = {partition}) as posts,
                   count(*) filter (where created_date = {partition} and language in ('other', 'und'))::float
                       as unreadable,
                   count(*) filter (where created_date = {partition} and is_spam)::float as spam,
                   count(*) filter (where created_date < {partition}) / 7.0 as before
            from mart.fct_post where created_date > {partition} - 8 and created_date <= {partition}
        ) counts
        """,
        (
            between("unreadable", 0, 0.5, "more than half of the posts are in no language that is analysed", "warning"),
            between("spam", 0, 0.5, "more than half of the posts are judged spam", "warning"),
            between(
                "volume", 0.2, 5, "the day has less than a fifth or more than five times its week's posts", "warning"
            ),
        ),
    ),
)

THEMES_WEEK = (
    Batch(
        "core.mention",
        """
        select m.post_id, m.confidence,
               case when p.created_at < {start} or p.created_at >= {end} then m.post_id end as outside_the_week,
               case when f.post_id is not null and f.theme_id is distinct from m.theme_id then m.post_id end
                   as not_in_mart
        from core.mention m
        join core.post p using (post_id)
        left join mart.fct_post f on f.post_id = m.post_id
            and f.created_date >= {partition} and f.created_date < {partition} + 7
        where m.week = {partition}
        """,
        (
            between("confidence", 0, 1, "posts in a theme with a confidence that is no probability"),
            none("outside_the_week", "posts in a theme of a week in which they were not written"),
            none("not_in_mart", "posts whose theme in the mart is another one"),
        ),
    ),
    Batch(
        "mart.fct_theme_week",
        """
        select people, posts, active_people, negative_posts, sentiment_posts
        from mart.fct_theme_week where week = {partition}
        """,
        (
            between("people", 1, None, "themes that nobody speaks about"),
            ordered("people", "posts", "themes with more people than posts"),
            ordered("people", "active_people", "themes with more people than were active"),
            ordered("negative_posts", "sentiment_posts", "themes with more negative posts than judged ones"),
            ordered("sentiment_posts", "posts", "themes with more judged posts than posts"),
        ),
    ),
    Batch(
        "core.theme_run",
        """
        select r.posts, r.assigned, r.unassigned, r.continuity, run.week,
               case when r.posts >= 50 then r.unassigned / r.posts::float end as unassigned_share
        from (select {partition} as week) run left join core.theme_run r using (week)
        """,
        (
            present("posts", "no theme run is recorded for the week"),
            ordered("assigned", "posts", "more posts assigned than there are"),
            ordered("unassigned", "posts", "more posts unassigned than there are"),
            between("unassigned_share", 0, 0.8, "more than 80 % of the posts are in no theme", "warning"),
            between("continuity", 0.5, 1, "half of the posts left their neighbours since the run before", "warning"),
        ),
    ),
)

SUITES: dict[str, tuple[Batch, ...]] = {
    "ingest": INGEST,
    "posts_day": POSTS_DAY,
    "mart_day": MART_DAY,
    "themes_week": THEMES_WEEK,
}
