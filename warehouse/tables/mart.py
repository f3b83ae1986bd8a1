"""`mart`: tables that analysts read, refreshed by partition. Views beside them are SQL files in `warehouse/views`."""

from __future__ import annotations

from sqlalchemy import REAL, BigInteger, Boolean, Column, Computed, Date, Index, Integer, SmallInteger, Table
from sqlalchemy.dialects.postgresql import TSVECTOR

from warehouse.tables.base import METADATA, count, instant, text

# What stands for personal data is no word of the post.
LEXEMES = (
    "to_tsvector(case language when 'en' then 'english'::regconfig when 'id' then 'indonesian'::regconfig "
    "else 'simple'::regconfig end, regexp_replace(masked, "
    r"'\[(link|email|phone|nik|card|iban|ip|handle|address|key|name)\]', ' ', 'g'))"
)

dim_date = Table(
    "dim_date",
    METADATA,
    Column("date", Date, primary_key=True, comment="The day, in the community's zone."),
    Column("week", Date, nullable=False, comment="Monday of its ISO week."),
    Column("iso_year", Integer, nullable=False, comment="ISO year."),
    Column("iso_week", Integer, nullable=False, comment="ISO week number."),
    Column("month", Date, nullable=False, comment="First day of its month."),
    Column("weekday", SmallInteger, nullable=False, comment="1 Monday to 7 Sunday."),
    Column("is_weekend", Boolean, nullable=False, comment="Saturday or Sunday."),
    schema="mart",
    comment="Calendar. Grain: one day.",
)

fct_post = Table(
    "fct_post",
    METADATA,
    count("post_id", "The post (core.post).", primary_key=True),
    Column("created_date", Date, primary_key=True, comment="Day it was written, in the community's zone."),
    Column("week", Date, nullable=False, comment="Monday of that day's week."),
    instant("created_at", "When it was written."),
    count("version", "Version of the post that this row describes."),
    Column("source_id", BigInteger, nullable=False, comment="Source (dim_source)."),
    Column("thread_id", BigInteger, nullable=False, comment="Conversation."),
    Column("member_id", BigInteger, nullable=False, comment="Account (dim_member)."),
    Column(
        "person_id", BigInteger, nullable=False, comment="Person at the time of the refresh; count these, distinct."
    ),
    text("role", "Role of the account: member, moderator, staff or bot."),
    Column("is_thread_start", Boolean, nullable=False, comment="Opens its thread."),
    Column("is_spam", Boolean, nullable=False, comment="Judged spam."),
    Column("is_duplicate", Boolean, nullable=False, comment="Says the same as an earlier post."),
    Column(
        "is_counted", Boolean, nullable=False, comment="By a person of the community: not bot, not staff, not spam."
    ),
    count("duplicate_of", "The earlier post that says the same.", nullable=True),
    text("language", "en, id, another code, other or und."),
    text("sentiment", "negative, neutral or positive; null when unsure.", nullable=True),
    Column("sentiment_score", REAL, nullable=True, comment="Probability of that sentiment."),
    text("feedback_type", "bug, request, question, complaint, praise or other; null when unsure.", nullable=True),
    Column("type_score", REAL, nullable=True, comment="Probability of that type."),
    Column("toxicity", REAL, nullable=True, comment="Probability that the text is abusive."),
    Column("words", Integer, nullable=False, comment="Words of the clean text."),
    Column("rating", SmallInteger, nullable=True, comment="Stars of a review, 1 to 5."),
    Column("reactions", Integer, nullable=False, comment="Standing reactions of all kinds."),
    Column("theme_id", BigInteger, nullable=True, comment="Theme (dim_theme); null when in none."),
    Column("theme_confidence", REAL, nullable=True, comment="Confidence of the theme."),
    text("masked", "Clean text with personal data replaced by [kind]."),
    text("url", "Where a person can read it.", nullable=True),
    Column(
        "lexemes",
        TSVECTOR,
        Computed(LEXEMES, persisted=True),
        nullable=True,
        comment="Words of masked for full-text search: stems of English and Indonesian, else as they stand.",
    ),
    Index("ix_fct_post_week_theme_id", "week", "theme_id"),
    Index("ix_fct_post_thread_id", "thread_id"),
    Index("ix_fct_post_person_id", "person_id"),
    Index("ix_fct_post_lexemes", "lexemes", postgresql_using="gin"),
    schema="mart",
    comment="Live posts with what was understood of them. Grain: one post. Partitioned by month of created_date.",
    postgresql_partition_by="RANGE (created_date)",
)

fct_thread_response = Table(
    "fct_thread_response",
    METADATA,
    count("thread_id", "Conversation.", primary_key=True),
    Column("source_id", BigInteger, nullable=False, comment="Source (dim_source)."),
    Column("started_date", Date, nullable=False, comment="Day of the first live post, in the community's zone."),
    Column("week", Date, nullable=False, comment="Monday of that day's week."),
    instant("started_at", "Time of the first live post."),
    Column("starter_person_id", BigInteger, nullable=False, comment="Who asked."),
    text("starter_role", "Role of who asked."),
    Column("is_counted", Boolean, nullable=False, comment="Started by a person of the community, not spam."),
    count("first_post_id", "The post that opens it."),
    instant("first_response_at", "First post by another person, no bot, no spam; null while waiting.", nullable=True),
    Column("first_response_post_id", BigInteger, nullable=True, comment="That post."),
    text("first_responder_role", "Role of who answered.", nullable=True),
    instant("first_staff_response_at", "First such post by staff or a moderator.", nullable=True),
    Column("replies", Integer, nullable=False, comment="Live posts after the first, bots and spam not counted."),
    Column("people", Integer, nullable=False, comment="Distinct people who wrote in it."),
    instant("last_post_at", "Newest live post."),
    text("status", "open, solved or closed."),
    Index("ix_fct_thread_response_week", "week"),
    schema="mart",
    comment="How a thread was answered, the starter's own replies and bots not counted. Grain: one thread.",
)

fct_theme_week = Table(
    "fct_theme_week",
    METADATA,
    Column("week", Date, primary_key=True, comment="Monday."),
    Column("theme_id", BigInteger, primary_key=True, comment="Theme (dim_theme)."),
    Column("people", Integer, nullable=False, comment="Distinct people of the community, counted once."),
    Column("posts", Integer, nullable=False, comment="Their posts, duplicates included."),
    Column("sources", Integer, nullable=False, comment="Sources in which they wrote."),
    Column("negative_posts", Integer, nullable=False, comment="Posts judged negative."),
    Column(
        "sentiment_posts",
        Integer,
        nullable=False,
        comment="Posts with a judged sentiment: what negative_posts is a share of.",
    ),
    Column("bugs", Integer, nullable=False, comment="Posts that report a bug."),
    Column("requests", Integer, nullable=False, comment="Posts that ask for something."),
    Column(
        "active_people", Integer, nullable=False, comment="Distinct people active in the whole community that week."
    ),
    schema="mart",
    comment="Themes by week. Staff, bots and spam not counted. Grain: theme and week.",
)
