"""What analysts read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "dim_date",
        sa.Column("date", sa.Date(), nullable=False, comment="The day, in the community's zone."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of its ISO week."),
        sa.Column("iso_year", sa.Integer(), nullable=False, comment="ISO year."),
        sa.Column("iso_week", sa.Integer(), nullable=False, comment="ISO week number."),
        sa.Column("month", sa.Date(), nullable=False, comment="First day of its month."),
        sa.Column("weekday", sa.SmallInteger(), nullable=False, comment="1 Monday to 7 Sunday."),
        sa.Column("is_weekend", sa.Boolean(), nullable=False, comment="Saturday or Sunday."),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_dim_date")),
        schema="mart",
        comment="Calendar. Grain: one day.",
    )
    op.create_table(
        "fct_post",
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post (core.post)."),
        sa.Column("created_date", sa.Date(), nullable=False, comment="Day it was written, in the community's zone."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of that day's week."),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the post that this row describes."),
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Source (dim_source)."),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="Conversation."),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="Account (dim_member)."),
        sa.Column(
            "person_id",
            sa.BigInteger(),
            nullable=False,
            comment="Person at the time of the refresh; count these, distinct.",
        ),
        sa.Column("role", sa.Text(), nullable=False, comment="Role of the account: member, moderator, staff or bot."),
        sa.Column("is_thread_start", sa.Boolean(), nullable=False, comment="Opens its thread."),
        sa.Column("is_spam", sa.Boolean(), nullable=False, comment="Judged spam."),
        sa.Column("is_duplicate", sa.Boolean(), nullable=False, comment="Says the same as an earlier post."),
        sa.Column(
            "is_counted",
            sa.Boolean(),
            nullable=False,
            comment="By a person of the community: not bot, not staff, not spam.",
        ),
        sa.Column("duplicate_of", sa.BigInteger(), nullable=True, comment="The earlier post that says the same."),
        sa.Column("language", sa.Text(), nullable=False, comment="en, id, another code, other or und."),
        sa.Column("sentiment", sa.Text(), nullable=True, comment="negative, neutral or positive; null when unsure."),
        sa.Column("sentiment_score", sa.REAL(), nullable=True, comment="Probability of that sentiment."),
        sa.Column(
            "feedback_type",
            sa.Text(),
            nullable=True,
            comment="bug, request, question, complaint, praise or other; null when unsure.",
        ),
        sa.Column("type_score", sa.REAL(), nullable=True, comment="Probability of that type."),
        sa.Column("toxicity", sa.REAL(), nullable=True, comment="Probability that the text is abusive."),
        sa.Column("words", sa.Integer(), nullable=False, comment="Words of the clean text."),
        sa.Column("rating", sa.SmallInteger(), nullable=True, comment="Stars of a review, 1 to 5."),
        sa.Column("reactions", sa.Integer(), nullable=False, comment="Standing reactions of all kinds."),
        sa.Column("theme_id", sa.BigInteger(), nullable=True, comment="Theme (dim_theme); null when in none."),
        sa.Column("theme_confidence", sa.REAL(), nullable=True, comment="Confidence of the theme."),
        sa.Column("masked", sa.Text(), nullable=False, comment="Clean text with personal data replaced by [kind]."),
        sa.Column("url", sa.Text(), nullable=True, comment="Where a person can read it."),
        sa.PrimaryKeyConstraint("post_id", "created_date", name=op.f("pk_fct_post")),
        schema="mart",
        comment="Live posts with what was understood of them. Grain: one post. Partitioned by month of created_date.",
        postgresql_partition_by="RANGE (created_date)",
    )
    op.create_index("ix_fct_post_person_id", "fct_post", ["person_id"], unique=False, schema="mart")
    op.create_index("ix_fct_post_thread_id", "fct_post", ["thread_id"], unique=False, schema="mart")
    op.create_index("ix_fct_post_week_theme_id", "fct_post", ["week", "theme_id"], unique=False, schema="mart")
    op.create_table(
        "fct_thread_response",
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="Conversation."),
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Source (dim_source)."),
        sa.Column(
            "started_date", sa.Date(), nullable=False, comment="Day of the first live post, in the community's zone."
        ),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of that day's week."),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="Time of the first live post."),
        sa.Column("starter_person_id", sa.BigInteger(), nullable=False, comment="Who asked."),
        sa.Column("starter_role", sa.Text(), nullable=False, comment="Role of who asked."),
        sa.Column(
            "is_counted", sa.Boolean(), nullable=False, comment="Started by a person of the community, not spam."
        ),
        sa.Column("first_post_id", sa.BigInteger(), nullable=False, comment="The post that opens it."),
        sa.Column(
            "first_response_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="First post by another person, no bot, no spam; null while waiting.",
        ),
        sa.Column("first_response_post_id", sa.BigInteger(), nullable=True, comment="That post."),
        sa.Column("first_responder_role", sa.Text(), nullable=True, comment="Role of who answered."),
        sa.Column(
            "first_staff_response_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="First such post by staff or a moderator.",
        ),
        sa.Column(
            "replies", sa.Integer(), nullable=False, comment="Live posts after the first, bots and spam not counted."
        ),
        sa.Column("people", sa.Integer(), nullable=False, comment="Distinct people who wrote in it."),
        sa.Column("last_post_at", sa.DateTime(timezone=True), nullable=False, comment="Newest live post."),
        sa.Column("status", sa.Text(), nullable=False, comment="open, solved or closed."),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_fct_thread_response")),
        schema="mart",
        comment="How a thread was answered, the starter's own replies and bots not counted. Grain: one thread.",
    )
    op.create_index("ix_fct_thread_response_week", "fct_thread_response", ["week"], unique=False, schema="mart")
    op.create_table(
        "fct_theme_week",
        sa.Column("week", sa.Date(), nullable=False, comment="Monday."),
        sa.Column("theme_id", sa.BigInteger(), nullable=False, comment="Theme (dim_theme)."),
        sa.Column("people", sa.Integer(), nullable=False, comment="Distinct people of the community, counted once."),
        sa.Column("posts", sa.Integer(), nullable=False, comment="Their posts, duplicates included."),
        sa.Column("sources", sa.Integer(), nullable=False, comment="Sources in which they wrote."),
        sa.Column("negative_posts", sa.Integer(), nullable=False, comment="Posts judged negative."),
        sa.Column(
            "sentiment_posts",
            sa.Integer(),
            nullable=False,
            comment="Posts with a judged sentiment: what negative_posts is a share of.",
        ),
        sa.Column("bugs", sa.Integer(), nullable=False, comment="Posts that report a bug."),
        sa.Column("requests", sa.Integer(), nullable=False, comment="Posts that ask for something."),
        sa.Column(
            "active_people",
            sa.Integer(),
            nullable=False,
            comment="Distinct people active in the whole community that week.",
        ),
        sa.PrimaryKeyConstraint("week", "theme_id", name=op.f("pk_fct_theme_week")),
        schema="mart",
        comment="Themes by week. Staff, bots and spam not counted. Grain: theme and week.",
    )
    op.execute("create table mart.fct_post_default partition of mart.fct_post default")


def downgrade() -> None:
    for table in (
        "mart.fct_theme_week",
        "mart.fct_thread_response",
        "mart.fct_post",
        "mart.dim_date",
    ):
        op.execute(f"drop table {table}")
