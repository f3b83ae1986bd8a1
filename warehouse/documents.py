"""Reports back out of the warehouse: facts and quotes as they were stored, and what has changed underneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from kernel.model import Fact, Interval, Quote
from warehouse.reporting import run_query
from warehouse.tables.reports import report, report_fact, report_quote, report_theme, report_thread


def read_report(connection: Connection, report_id: int) -> dict[str, Any]:
    """Return the row of a report, and as `edition` the revision of the input that it was made on."""
    source = report.alias("input")
    edition = select(source.c.revision).where(source.c.report_id == report.c.input_id).scalar_subquery()
    query = select(report, edition.label("edition")).where(report.c.report_id == report_id)
    return dict(connection.execute(query).mappings().one())


def read_facts(connection: Connection, report_id: int) -> list[Fact]:
    """Return the facts of a report, in the order of their ids."""
    query = select(report_fact).where(report_fact.c.report_id == report_id).order_by(report_fact.c.fact_id)
    return [_fact(row) for row in connection.execute(query).mappings()]


def read_quotes(connection: Connection, report_id: int) -> list[Quote]:
    """Return the quotes of a report, in the order of their ids."""
    query = select(report_quote).where(report_quote.c.report_id == report_id).order_by(report_quote.c.quote_id)
    return [_quote(row) for row in connection.execute(query).mappings()]


def read_themes(connection: Connection, input_id: int) -> list[dict[str, Any]]:
    """Return the frozen names of the themes of a report's input."""
    query = select(report_theme).where(report_theme.c.report_id == input_id).order_by(report_theme.c.theme_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def read_threads(connection: Connection, input_id: int, thread_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return these of the frozen threads of a report's input."""
    query = (
        select(report_thread)
        .where(report_thread.c.report_id == input_id, report_thread.c.thread_id.in_(thread_ids))
        .order_by(report_thread.c.thread_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def masked_texts(connection: Connection, post_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Return version and masked text of live posts."""
    rows = connection.execute(
        text("select post_id, version, masked from mart.fct_post where post_id = any(:posts)"),
        {"posts": list(post_ids)},
    )
    return {post_id: (version, masked) for post_id, version, masked in rows}


def silenced(connection: Connection, post_ids: Sequence[int]) -> set[int]:
    """Return those of the posts that may no longer be shown: their writers opted out or were forgotten."""
    rows = connection.execute(
        text("""
            select p.post_id from core.post p join core.member m using (member_id)
            where p.post_id = any(:posts) and (m.opted_out or m.erased_at is not null or p.status = 'erased')
        """),
        {"posts": list(post_ids)},
    )
    return set(rows.scalars())


def read_posts(connection: Connection, condition: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the frozen posts `p` for which a condition holds, the threads `t` they open included, person by person.

    Words and address are None where the post was deleted or edited since, or its writer does not want to be quoted.
    """
    return run_query(
        connection,
        f"""
        select p.post_id, p.person_id, p.created_date as day, p.source, h.name as theme, f.url, f.masked as words
        from mart.report_post p
        left join mart.report_thread t on t.report_id = p.report_id and t.first_post_id = p.post_id
        left join mart.report_theme h on h.report_id = p.report_id and h.theme_id = p.theme_id
        left join (
            select f.post_id, f.created_date, f.version, f.url, f.masked
            from mart.fct_post f
            join core.post c on c.post_id = f.post_id and c.status = 'live'
            join core.member m on m.member_id = f.member_id and not m.opted_out and m.erased_at is null
        ) f on f.post_id = p.post_id and f.created_date = p.created_date and f.version = p.version
        where p.report_id = :input_id and ({condition})
        order by p.person_id, p.created_at, p.post_id
        """,  # noqa: S608 - the condition is ours, its values are parameters
        parameters,
    )


_DIFFERENCES = text("""
    with frozen as (select * from mart.report_post where report_id = :input),
    bounds as (select min(week) as first, max(week) as last from frozen),
    -- Themes as the freeze resolves them: merges followed, retired ones left out.
    live as (
        select f.post_id, f.version, f.person_id, f.sentiment, f.feedback_type, f.language, f.is_spam,
               f.is_duplicate, not m.opted_out and m.erased_at is null as may_quote,
               case when t.status <> 'retired' then t.theme_id end as theme_id
        from bounds
        join mart.fct_post f on f.week between bounds.first and bounds.last
        join core.member m using (member_id)
        left join mart.dim_theme d on d.theme_id = f.theme_id
        left join core.theme t on t.theme_id = d.current_theme_id
    ),
    found as (
        select case
            when f.post_id is null then 'came late, after the freeze'
            when l.post_id is null and p.status = 'erased' then 'were erased since'
            when l.post_id is null then 'were deleted since'
            when l.version <> f.version then 'were edited since'
            when l.person_id <> f.person_id then 'were linked to another person since'
            when f.may_quote and not l.may_quote then 'are by somebody who opted out since'
            when l.theme_id is distinct from f.theme_id then 'are in another theme since'
            when (l.sentiment, l.feedback_type, l.language, l.is_spam)
                 is not distinct from (f.sentiment, f.feedback_type, f.language, f.is_spam)
                then 'repeat another post since, or none any more'
            else 'are read differently since (other model or settings)'
        end as cause
        from frozen f
        full join live l on l.post_id = f.post_id
        left join core.post p on p.post_id = f.post_id
        where f.post_id is null or l.post_id is null or l.version <> f.version or l.person_id <> f.person_id
           or (f.may_quote and not l.may_quote)
           or l.theme_id is distinct from f.theme_id or l.sentiment is distinct from f.sentiment
           or l.feedback_type is distinct from f.feedback_type or l.language <> f.language
           or l.is_spam <> f.is_spam or l.is_duplicate <> f.is_duplicate
    )
    select count(*) || ' posts', cause from found group by cause order by cause
""")


def live_differences(connection: Connection, input_id: int) -> list[tuple[str, str]]:
    """Return (what, cause) of rows that differ between a report's frozen input and the warehouse of now."""
    return [(what, cause) for what, cause in connection.execute(_DIFFERENCES, {"input": input_id})]


def _fact(row: Any) -> Fact:
    detail = row["detail"]
    has_interval = row["low"] is not None or row["high"] is not None
    return Fact(
        id=row["fact_id"],
        label=row["label"],
        query=row["query"],
        unit=row["unit"],
        value=row["value"],
        n=row["n"],
        total=row["total"],
        previous=row["previous"],
        interval=Interval(row["low"], row["high"]) if has_interval else None,
        p_value=row["p_value"],
        q_value=row["q_value"],
        significant=row["significant"],
        desirable=detail["desirable"],
        definition=row["definition"],
        note=detail["note"],
        series=tuple(detail["series"]),
        series_labels=tuple(detail["series_labels"]),
        params=row["params"],
    )


def _quote(row: Any) -> Quote:
    return Quote(
        id=row["quote_id"],
        theme_id=row["theme_id"],
        stance=row["stance"],
        post_id=row["post_id"],
        version=row["version"],
        start=row["span_start"],
        end=row["span_end"],
        text=row["quoted"],
        text_sha256=row["quoted_sha256"],
        language=row["language"],
        source=row["source"],
        created_on=row["created_on"],
        url=row["url"],
        sentiment=row["sentiment"],
    )
