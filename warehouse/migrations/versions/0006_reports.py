"""Reports with their frozen input."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("report_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week it is about."),
        sa.Column("area", sa.Text(), nullable=False, comment="Key of the area in suara.toml; community for the whole."),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Grows when a promoted report is made again from other input.",
        ),
        sa.Column(
            "input_id",
            sa.BigInteger(),
            nullable=False,
            comment="The report whose frozen rows it reads: that of the whole community.",
        ),
        sa.Column(
            "status", sa.Text(), server_default="proposed", nullable=False, comment="proposed, current or superseded."
        ),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False, comment="When it was made."),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True, comment="When a person made it current."),
        sa.Column("promoted_by", sa.Text(), nullable=True, comment="Who did."),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True, comment="When it was sent."),
        sa.Column(
            "data_through",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the newest post in the warehouse when it was made.",
        ),
        sa.Column("timezone", sa.Text(), nullable=False, comment="Zone of its days and weeks."),
        sa.Column("language", sa.Text(), nullable=False, comment="Language it is written in."),
        sa.Column(
            "input_fingerprint",
            sa.Text(),
            nullable=False,
            comment="Hash of the frozen rows and settings: equal input, equal report.",
        ),
        sa.Column("code_version", sa.Text(), nullable=False, comment="Version of Suara."),
        sa.Column(
            "config",
            JSONB(),
            nullable=False,
            comment="The settings that shaped it: area, keywords, hours, names, models.",
        ),
        sa.CheckConstraint("status in ('proposed', 'current', 'superseded')", name=op.f("ck_report_status")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        sa.UniqueConstraint("week", "area", "revision", name=op.f("uq_report_week_area_revision")),
        schema="mart",
        comment="A weekly advocacy report. Grain: week, area and revision.",
    )
    op.create_table(
        "report_post",
        sa.Column("report_id", sa.BigInteger(), nullable=False, comment="The community's report."),
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the post."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the post's week."),
        sa.Column("created_date", sa.Date(), nullable=False, comment="Day it was written."),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written."),
        sa.Column("source", sa.Text(), nullable=False, comment="Name of the source."),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="Conversation."),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="Person, as linked at the time."),
        sa.Column("role", sa.Text(), nullable=False, comment="Role of the account."),
        sa.Column("is_thread_start", sa.Boolean(), nullable=False, comment="Opens its thread."),
        sa.Column("is_spam", sa.Boolean(), nullable=False, comment="Judged spam."),
        sa.Column("is_duplicate", sa.Boolean(), nullable=False, comment="Says the same as an earlier post."),
        sa.Column(
            "is_counted",
            sa.Boolean(),
            nullable=False,
            comment="By a person of the community: not bot, not staff, not spam.",
        ),
        sa.Column("may_quote", sa.Boolean(), nullable=False, comment="The member has not opted out."),
        sa.Column("language", sa.Text(), nullable=False, comment="Language."),
        sa.Column("sentiment", sa.Text(), nullable=True, comment="negative, neutral or positive; null when unsure."),
        sa.Column("sentiment_score", sa.REAL(), nullable=True, comment="Probability of that sentiment."),
        sa.Column("feedback_type", sa.Text(), nullable=True, comment="Kind of feedback; null when unsure."),
        sa.Column("rating", sa.SmallInteger(), nullable=True, comment="Stars of a review."),
        sa.Column("theme_id", sa.BigInteger(), nullable=True, comment="Theme; null when in none."),
        sa.Column("theme_confidence", sa.REAL(), nullable=True, comment="Confidence of the theme."),
        sa.Column("area", sa.Text(), nullable=True, comment="Area of the theme; null when in none."),
        sa.Column("person_first_week", sa.Date(), nullable=False, comment="Week of the person's first post ever."),
        sa.ForeignKeyConstraint(
            ["report_id"], ["mart.report.report_id"], name=op.f("fk_report_post_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "post_id", name=op.f("pk_report_post")),
        schema="mart",
        comment="The frozen input of a report: posts of its week and the 13 weeks before. Grain: report and post.",
    )
    op.create_index("ix_report_post_report_id_week", "report_post", ["report_id", "week"], unique=False, schema="mart")
    op.create_table(
        "report_thread",
        sa.Column("report_id", sa.BigInteger(), nullable=False, comment="The community's report."),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="Conversation."),
        sa.Column("source", sa.Text(), nullable=False, comment="Name of the source."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week in which it began."),
        sa.Column(
            "is_counted", sa.Boolean(), nullable=False, comment="Started by a person of the community, not spam."
        ),
        sa.Column("area", sa.Text(), nullable=True, comment="Area of the opening post's theme; null when in none."),
        sa.Column("theme_id", sa.BigInteger(), nullable=True, comment="Theme of the opening post."),
        sa.Column("first_post_id", sa.BigInteger(), nullable=False, comment="The post that opens it."),
        sa.Column("starter_person_id", sa.BigInteger(), nullable=False, comment="Who asked."),
        sa.Column(
            "observed_hours",
            sa.Float(),
            nullable=False,
            comment="Hours from its start to the end of the week: how long an answer could have come.",
        ),
        sa.Column(
            "response_hours",
            sa.Float(),
            nullable=True,
            comment="Hours to the first answer, within that time; null when none came.",
        ),
        sa.Column("replies", sa.Integer(), nullable=False, comment="Answers within that time."),
        sa.Column("url", sa.Text(), nullable=True, comment="Where a person can read it."),
        sa.Column("title", sa.Text(), nullable=True, comment="Title, masked."),
        sa.ForeignKeyConstraint(
            ["report_id"], ["mart.report.report_id"], name=op.f("fk_report_thread_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "thread_id", name=op.f("pk_report_thread")),
        schema="mart",
        comment="The frozen threads of a report: those begun in its week and the 4 weeks before. Grain: "
        "report and thread.",
    )
    op.create_table(
        "report_theme",
        sa.Column("report_id", sa.BigInteger(), nullable=False, comment="The community's report."),
        sa.Column("theme_id", sa.BigInteger(), nullable=False, comment="The theme."),
        sa.Column("name", sa.Text(), nullable=False, comment="Its name when the report was made."),
        sa.Column("name_source", sa.Text(), nullable=False, comment="machine or person."),
        sa.Column("area", sa.Text(), nullable=True, comment="Its area."),
        sa.Column("born_week", sa.Date(), nullable=False, comment="Week in which it was born."),
        sa.Column("keywords", JSONB(), nullable=False, comment="Characteristic phrases."),
        sa.ForeignKeyConstraint(
            ["report_id"], ["mart.report.report_id"], name=op.f("fk_report_theme_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "theme_id", name=op.f("pk_report_theme")),
        schema="mart",
        comment="The frozen names of themes. Grain: report and theme.",
    )
    op.create_table(
        "report_fact",
        sa.Column("report_id", sa.BigInteger(), nullable=False, comment="The report."),
        sa.Column("fact_id", sa.Text(), nullable=False, comment="Stable from week to week."),
        sa.Column("label", sa.Text(), nullable=False, comment="What it is, in English."),
        sa.Column("query", sa.Text(), nullable=False, comment="File in reports/queries."),
        sa.Column("params", JSONB(), nullable=False, comment="Its parameters."),
        sa.Column(
            "unit",
            sa.Text(),
            nullable=False,
            comment="people, posts, threads, share, hours, ratio, count, days or text.",
        ),
        sa.Column("value", sa.Float(), nullable=True, comment="The number; null when unknown."),
        sa.Column("n", sa.BigInteger(), nullable=True, comment="Numerator, or size of the evidence."),
        sa.Column("total", sa.BigInteger(), nullable=True, comment="Denominator."),
        sa.Column("previous", sa.Float(), nullable=True, comment="The same number a week before."),
        sa.Column("low", sa.Float(), nullable=True, comment="Lower end of the 95 % interval."),
        sa.Column("high", sa.Float(), nullable=True, comment="Upper end."),
        sa.Column("p_value", sa.Float(), nullable=True, comment="Of the test against the week before."),
        sa.Column("q_value", sa.Float(), nullable=True, comment="After false-discovery control."),
        sa.Column("significant", sa.Boolean(), nullable=True, comment="Verdict; null when not tested."),
        sa.Column("definition", sa.Text(), nullable=False, comment="Version of the definition."),
        sa.Column("detail", JSONB(), server_default="{}", nullable=False, comment="Note, series and direction."),
        sa.ForeignKeyConstraint(
            ["report_id"], ["mart.report.report_id"], name=op.f("fk_report_fact_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "fact_id", name=op.f("pk_report_fact")),
        schema="mart",
        comment="Every number of a report. Grain: report and fact.",
    )
    op.create_table(
        "report_quote",
        sa.Column("report_id", sa.BigInteger(), nullable=False, comment="The report."),
        sa.Column("quote_id", sa.Text(), nullable=False, comment="Stable within the report."),
        sa.Column("theme_id", sa.BigInteger(), nullable=True, comment="The theme it speaks to."),
        sa.Column("stance", sa.Text(), nullable=False, comment="quote, or counter for the other view."),
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the post."),
        sa.Column("span_start", sa.Integer(), nullable=False, comment="First character in the masked text."),
        sa.Column("span_end", sa.Integer(), nullable=False, comment="Character after the last."),
        sa.Column("quoted", sa.Text(), nullable=False, comment="The words, masked."),
        sa.Column("quoted_sha256", sa.Text(), nullable=False, comment="sha256 of the words."),
        sa.Column("language", sa.Text(), nullable=False, comment="Language of the words."),
        sa.Column("source", sa.Text(), nullable=False, comment="Name of the source."),
        sa.Column("created_on", sa.Date(), nullable=False, comment="Day of the post."),
        sa.Column("url", sa.Text(), nullable=True, comment="Where a person can read it."),
        sa.Column("sentiment", sa.Text(), nullable=True, comment="Sentiment of the post."),
        sa.ForeignKeyConstraint(
            ["report_id"], ["mart.report.report_id"], name=op.f("fk_report_quote_report_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("report_id", "quote_id", name=op.f("pk_report_quote")),
        schema="mart",
        comment="Every quote of a report. Grain: report and quote.",
    )


def downgrade() -> None:
    for table in (
        "mart.report_quote",
        "mart.report_fact",
        "mart.report_theme",
        "mart.report_thread",
        "mart.report_post",
        "mart.report",
    ):
        op.execute(f"drop table {table}")
