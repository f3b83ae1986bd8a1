"""`mart`, reports. Proposing freezes the input; facts query the frozen rows; rendering is a pure function of facts."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from warehouse.tables.base import METADATA, count, instant, key, text

report = Table(
    "report",
    METADATA,
    key("report_id", "Surrogate key."),
    Column("week", Date, nullable=False, comment="Monday of the week it is about."),
    text("area", "Key of the area in suara.toml; community for the whole."),
    Column("revision", Integer, nullable=False, comment="Grows when a promoted report is made again from other input."),
    Column(
        "input_id",
        BigInteger,
        nullable=False,
        comment="The report whose frozen rows it reads: that of the whole community.",
    ),
    text("status", "proposed, current or superseded.", server_default="proposed"),
    instant("proposed_at", "When it was made."),
    instant("promoted_at", "When a person made it current.", nullable=True),
    text("promoted_by", "Who did.", nullable=True),
    instant("delivered_at", "When it was sent.", nullable=True),
    instant("data_through", "Time of the newest post in the warehouse when it was made.", nullable=True),
    text("timezone", "Zone of its days and weeks."),
    text("language", "Language it is written in."),
    text("input_fingerprint", "Hash of the frozen rows and settings: equal input, equal report."),
    text("code_version", "Version of Suara."),
    Column(
        "config", JSONB, nullable=False, comment="The settings that shaped it: area, keywords, hours, names, models."
    ),
    Column("posts_since", Date, nullable=True, comment="Monday of the first week whose posts are known; null without."),
    Column(
        "themes_since", Date, nullable=True, comment="Monday of the first week whose themes are known; null without."
    ),
    Column(
        "setting",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="What its pages say besides facts, as it was then: areas with titles, the theme run and its grades.",
    ),
    UniqueConstraint("week", "area", "revision"),
    CheckConstraint("status in ('proposed', 'current', 'superseded')", name="status"),
    schema="mart",
    comment="A weekly advocacy report. Grain: week, area and revision.",
)

report_post = Table(
    "report_post",
    METADATA,
    Column(
        "report_id",
        ForeignKey("mart.report.report_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The community's report.",
    ),
    count("post_id", "The post.", primary_key=True),
    count("version", "Version of the post."),
    Column("week", Date, nullable=False, comment="Monday of the post's week."),
    Column("created_date", Date, nullable=False, comment="Day it was written."),
    instant("created_at", "When it was written."),
    text("source", "Name of the source."),
    Column("thread_id", BigInteger, nullable=False, comment="Conversation."),
    Column("person_id", BigInteger, nullable=False, comment="Person, as linked at the time."),
    text("role", "Role of the account."),
    Column("is_thread_start", Boolean, nullable=False, comment="Opens its thread."),
    Column("is_spam", Boolean, nullable=False, comment="Judged spam."),
    Column("is_duplicate", Boolean, nullable=False, comment="Says the same as an earlier post."),
    Column(
        "is_counted", Boolean, nullable=False, comment="By a person of the community: not bot, not staff, not spam."
    ),
    Column("may_quote", Boolean, nullable=False, comment="The member has not opted out."),
    text("language", "Language."),
    text("sentiment", "negative, neutral or positive; null when unsure.", nullable=True),
    Column("sentiment_score", REAL, nullable=True, comment="Probability of that sentiment."),
    text("feedback_type", "Kind of feedback; null when unsure.", nullable=True),
    Column("rating", SmallInteger, nullable=True, comment="Stars of a review."),
    Column("theme_id", BigInteger, nullable=True, comment="Theme; null when in none."),
    Column("theme_confidence", REAL, nullable=True, comment="Confidence of the theme."),
    text("area", "Area of the theme; null when in none.", nullable=True),
    Column("person_first_week", Date, nullable=False, comment="Week of the person's first post ever."),
    Index("ix_report_post_report_id_week", "report_id", "week"),
    schema="mart",
    comment="The frozen input of a report: posts of its week and the 13 weeks before. Grain: report and post.",
)

report_thread = Table(
    "report_thread",
    METADATA,
    Column(
        "report_id",
        ForeignKey("mart.report.report_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The community's report.",
    ),
    count("thread_id", "Conversation.", primary_key=True),
    text("source", "Name of the source."),
    Column("week", Date, nullable=False, comment="Monday of the week in which it began."),
    Column("is_counted", Boolean, nullable=False, comment="Started by a person of the community, not spam."),
    text("area", "Area of the opening post's theme; null when in none.", nullable=True),
    Column("theme_id", BigInteger, nullable=True, comment="Theme of the opening post."),
    count("first_post_id", "The post that opens it."),
    Column("starter_person_id", BigInteger, nullable=False, comment="Who asked."),
    Column(
        "observed_hours",
        Float,
        nullable=False,
        comment="Hours from its start to the end of the week: how long an answer could have come.",
    ),
    Column(
        "response_hours",
        Float,
        nullable=True,
        comment="Hours to the first answer, within that time; null when none came.",
    ),
    Column("replies", Integer, nullable=False, comment="Posts by others within that time, bots and spam not counted."),
    text("url", "Where a person can read it; null where the writer does not want to be quoted.", nullable=True),
    text(
        "title",
        "Title, or the first words where it has none, masked; null where they may not be shown.",
        nullable=True,
    ),
    Column("is_open", Boolean, nullable=False, server_default=true(), comment="Neither solved nor closed."),
    schema="mart",
    comment="The frozen threads of a report: those begun in its week and the 4 weeks before. Grain: report and thread.",
)

report_theme = Table(
    "report_theme",
    METADATA,
    Column(
        "report_id",
        ForeignKey("mart.report.report_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The community's report.",
    ),
    count("theme_id", "The theme.", primary_key=True),
    text("name", "Its name when the report was made."),
    text("name_source", "machine or person."),
    text("area", "Its area.", nullable=True),
    Column("born_week", Date, nullable=False, comment="Week in which it was born."),
    Column("keywords", JSONB, nullable=False, comment="Characteristic phrases."),
    schema="mart",
    comment="The frozen names of themes. Grain: report and theme.",
)

report_fact = Table(
    "report_fact",
    METADATA,
    Column(
        "report_id", ForeignKey("mart.report.report_id", ondelete="CASCADE"), primary_key=True, comment="The report."
    ),
    text("fact_id", "Stable from week to week.", primary_key=True),
    text("label", "What it is, in English."),
    text("query", "File in reports/queries."),
    Column("params", JSONB, nullable=False, comment="Its parameters."),
    text("unit", "people, posts, threads, share, hours, ratio, count, days or text."),
    Column("value", Float, nullable=True, comment="The number; null when unknown."),
    count("n", "Numerator, or size of the evidence.", nullable=True),
    count("total", "Denominator.", nullable=True),
    Column("previous", Float, nullable=True, comment="The same number a week before."),
    Column("low", Float, nullable=True, comment="Lower end of the 95 % interval."),
    Column("high", Float, nullable=True, comment="Upper end."),
    Column("p_value", Float, nullable=True, comment="Of the test against the week before."),
    Column("q_value", Float, nullable=True, comment="After false-discovery control."),
    Column("significant", Boolean, nullable=True, comment="Verdict; null when not tested."),
    text("definition", "Version of the definition."),
    Column("detail", JSONB, nullable=False, server_default="{}", comment="Note, series and direction."),
    schema="mart",
    comment="Every number of a report. Grain: report and fact.",
)

report_quote = Table(
    "report_quote",
    METADATA,
    Column(
        "report_id", ForeignKey("mart.report.report_id", ondelete="CASCADE"), primary_key=True, comment="The report."
    ),
    text("quote_id", "Stable within the report.", primary_key=True),
    Column("theme_id", BigInteger, nullable=True, comment="The theme it speaks to."),
    text("stance", "quote, or counter for the other view."),
    Column("post_id", BigInteger, nullable=False, comment="The post."),
    count("version", "Version of the post."),
    Column("span_start", Integer, nullable=False, comment="First character in the masked text."),
    Column("span_end", Integer, nullable=False, comment="Character after the last."),
    text("quoted", "The words, masked."),
    text("quoted_sha256", "sha256 of the words."),
    text("language", "Language of the words."),
    text("source", "Name of the source."),
    Column("created_on", Date, nullable=False, comment="Day of the post."),
    text("url", "Where a person can read it.", nullable=True),
    text("sentiment", "Sentiment of the post.", nullable=True),
    schema="mart",
    comment="Every quote of a report. Grain: report and quote.",
)
