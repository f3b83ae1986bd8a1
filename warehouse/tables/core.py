"""`core`: current state and history. Natural keys are kept; `version` decides what is newer.

Reactions and moderation decisions refer to posts by natural key, because they may arrive before the post does.
"""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warehouse.tables.base import METADATA, count, instant, key, text

source = Table(
    "source",
    METADATA,
    key("source_id", "Surrogate key."),
    text("name", "Name given at import or in suara.toml; the instance in event keys.", unique=True),
    text("kind", "forum, chat, reviews, tracker, mail or other."),
    text("url", "Where a person can look at it.", nullable=True),
    instant("created_at", "When it was first seen.", server_default=sql("now()")),
    schema="core",
    comment="A place where people talk. Grain: one source.",
)

person = Table(
    "person",
    METADATA,
    key("person_id", "Surrogate key. Every count of people counts these."),
    Column(
        "founding_member_id",
        BigInteger,
        nullable=False,
        unique=True,
        comment="The account this person was made for.",
    ),
    instant("created_at", "When it was made.", server_default=sql("now()")),
    schema="core",
    comment="One or more accounts linked by facts. Grain: one person.",
)

member = Table(
    "member",
    METADATA,
    key("member_id", "Surrogate key."),
    Column("source_id", ForeignKey("core.source.source_id"), nullable=False, comment="Where the account is."),
    text("external_id", "The source's own id of the account."),
    text("display_name", "Name shown at the source.", nullable=True),
    text("role", "member, moderator, staff or bot.", server_default="member"),
    instant("joined_at", "When the account was made, where the source says.", nullable=True),
    Column("opted_out", Boolean, nullable=False, server_default=sql("false"), comment="Asked not to be quoted."),
    instant("erased_at", "When the member was forgotten.", nullable=True),
    count("version", "Version of the newest member event; -1 when known from posts only.", server_default="-1"),
    instant("seen_at", "Time of the newest event that named the account.", nullable=True),
    instant("described_at", "Time of the newest post or reaction that gave a name or role.", nullable=True),
    instant("created_at", "When it was first seen here.", server_default=sql("now()")),
    UniqueConstraint("source_id", "external_id"),
    CheckConstraint("role in ('member', 'moderator', 'staff', 'bot')", name="role"),
    schema="core",
    comment="An account at a source. Grain: one account.",
    postgresql_with={"fillfactor": 70},
)

identity_link = Table(
    "identity_link",
    METADATA,
    key("link_id", "Surrogate key; the newest link that is not undone counts."),
    Column("member_id", ForeignKey("core.member.member_id"), nullable=False, comment="The account."),
    Column("person_id", ForeignKey("core.person.person_id"), nullable=False, comment="The person it belongs to."),
    text("reason", "Why: own (first seen), same_email, said_so, by_hand ..."),
    Column("confidence", REAL, nullable=False, comment="Probability that the link is right, 0 to 1."),
    text("actor", "Who said so: sink, a rule, or a person's name."),
    Column(
        "undoes_link_id",
        ForeignKey("core.identity_link.link_id"),
        nullable=True,
        comment="The link that this fact takes back.",
    ),
    instant("created_at", "When it was said.", server_default=sql("now()")),
    Index("ix_identity_link_member_id_link_id", "member_id", "link_id"),
    schema="core",
    comment="Facts that tie accounts to people. Append only; a wrong link is undone by another fact. Grain: one fact.",
)

thread = Table(
    "thread",
    METADATA,
    key("thread_id", "Surrogate key."),
    Column("source_id", ForeignKey("core.source.source_id"), nullable=False, comment="Where it is."),
    text("external_id", "The source's own id of the thread."),
    text("title", "Title, where the source has one.", nullable=True),
    instant("title_at", "Time of the event that the title comes from: the newest that has one.", nullable=True),
    text("category", "Forum category, channel or app.", nullable=True),
    instant("category_at", "Time of the event that the category comes from: the newest that has one.", nullable=True),
    text("status", "open, solved or closed.", server_default="open"),
    text("solved_post_external_id", "The accepted answer.", nullable=True),
    count("version", "Version of the newest thread event; -1 when known from posts only.", server_default="-1"),
    instant("created_at", "When it was first seen here.", server_default=sql("now()")),
    UniqueConstraint("source_id", "external_id"),
    CheckConstraint("status in ('open', 'solved', 'closed')", name="status"),
    schema="core",
    comment="A conversation. Grain: one thread.",
    postgresql_with={"fillfactor": 70},
)

post = Table(
    "post",
    METADATA,
    key("post_id", "Surrogate key."),
    Column("source_id", ForeignKey("core.source.source_id"), nullable=False, comment="Where it is."),
    text("external_id", "The source's own id of the post."),
    Column("thread_id", ForeignKey("core.thread.thread_id"), nullable=False, comment="The conversation it is in."),
    Column("member_id", ForeignKey("core.member.member_id"), nullable=False, comment="Who wrote it."),
    text("parent_external_id", "The post it answers, by the source's own id.", nullable=True),
    count("version", "Grows with every change; the newest wins."),
    instant("created_at", "When it was written, by the source's clock."),
    instant("edited_at", "When it was last edited.", nullable=True),
    text("title", "Title of the post, where it opens a thread.", nullable=True),
    text("body", "The words as they came; null once deleted or erased.", nullable=True),
    text("body_format", "text, markdown or html.", server_default="text"),
    text("url", "Where a person can read it.", nullable=True),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}", comment="Tags given at the source."),
    text("category", "Forum category, channel or app.", nullable=True),
    Column("rating", SmallInteger, nullable=True, comment="Stars of a review, 1 to 5."),
    text("app_version", "Version of the product that a review names.", nullable=True),
    Column("is_thread_start", Boolean, nullable=False, server_default=sql("false"), comment="Opens its thread."),
    text("lang_hint", "Language that the source claims.", nullable=True),
    Column(
        "reaction_counts",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="Reactions by kind, as the source counts.",
    ),
    text("status", "live, deleted or erased.", server_default="live"),
    text("last_event_id", "The event that made this state."),
    instant("loaded_at", "When the sink first saw it.", server_default=sql("now()")),
    instant("changed_at", "When the sink last changed it.", server_default=sql("now()")),
    UniqueConstraint("source_id", "external_id"),
    CheckConstraint("status in ('live', 'deleted', 'erased')", name="status"),
    CheckConstraint("length(body) <= 200000", name="body_length"),
    Index("ix_post_created_at", "created_at"),
    Index("ix_post_thread_id_created_at", "thread_id", "created_at"),
    Index("ix_post_member_id_created_at", "member_id", "created_at"),
    schema="core",
    comment="A post as it stands now. Grain: one post.",
    postgresql_with={"fillfactor": 85},
)

post_revision = Table(
    "post_revision",
    METADATA,
    Column("source_id", BigInteger, primary_key=True, comment="Where it is."),
    text("external_id", "The source's own id of the post.", primary_key=True),
    count("version", "Version of the post.", primary_key=True),
    text("event_type", "What happened: created, edited, deleted or restored."),
    instant("event_time", "When it happened, by the source's clock."),
    text("title", "Title in this version.", nullable=True),
    text("body", "Words in this version; null once erased.", nullable=True),
    schema="core",
    comment="Every version of a post that arrived, in whatever order. Grain: one version of one post.",
    postgresql_partition_by="HASH (external_id)",
)

reaction = Table(
    "reaction",
    METADATA,
    Column("source_id", ForeignKey("core.source.source_id"), primary_key=True, comment="Where it is."),
    text("post_external_id", "The post, by the source's own id.", primary_key=True),
    Column("member_id", ForeignKey("core.member.member_id"), primary_key=True, comment="Who reacted."),
    text("kind", "like, thanks, agree, an emoji name ...", primary_key=True),
    count("version", "Version of the newest event."),
    instant("reacted_at", "When it was last added; null while only its removal has arrived.", nullable=True),
    instant("removed_at", "When it was taken back; null while it stands.", nullable=True),
    schema="core",
    comment="A member's reaction to a post. Grain: post, member and kind.",
)

moderation_decision = Table(
    "moderation_decision",
    METADATA,
    Column("source_id", ForeignKey("core.source.source_id"), primary_key=True, comment="Where it is."),
    text("external_id", "The source's own id of the decision.", primary_key=True),
    text("post_external_id", "The post, by the source's own id."),
    text("action", "keep, hide, remove, warn, suspend or restore."),
    text("reason_code", "Reason, in the community's own words.", nullable=True),
    text("policy_ref", "Rule that was applied.", nullable=True),
    text("decided_by", "human, rule or model."),
    instant("decided_at", "When it was decided."),
    instant("flagged_at", "When the post was first flagged.", nullable=True),
    text("appeal_of", "The decision that this one answers an appeal against.", nullable=True),
    count("version", "Version of the newest event."),
    schema="core",
    comment="A moderator's decision about a post. Grain: one decision.",
)

post_annotation = Table(
    "post_annotation",
    METADATA,
    Column("post_id", ForeignKey("core.post.post_id"), primary_key=True, comment="The post."),
    count("post_version", "The version that was read."),
    text("steps", "Names and versions of the steps that made this row."),
    text("language", "en, id, another code, other, or und below three letters."),
    Column("language_confidence", REAL, nullable=False, comment="0 to 1."),
    text("masked", "Clean text with personal data replaced by [kind]."),
    text("encoded", "The stretch of masked text that is encoded and clustered."),
    Column("text_sha256", LargeBinary, nullable=False, comment="sha256 of `encoded`; the key of its vector."),
    Column("words", Integer, nullable=False, comment="Words of the clean text."),
    text("sentiment", "negative, neutral, positive; null when unsure.", nullable=True),
    Column("sentiment_score", REAL, nullable=True, comment="Probability of that sentiment."),
    text("feedback_type", "bug, request, question, complaint, praise, other; null when unsure.", nullable=True),
    Column("type_score", REAL, nullable=True, comment="Probability of that type."),
    Column("toxicity", REAL, nullable=True, comment="Probability that the text is abusive."),
    Column("spam", REAL, nullable=True, comment="Probability that the text is spam."),
    Column("is_spam", Boolean, nullable=False, comment="Spam above the calibrated threshold."),
    count("duplicate_of", "The earliest post that says the same, exactly or nearly; no copy itself.", nullable=True),
    instant("annotated_at", "When it was made.", server_default=sql("now()")),
    Index("ix_post_annotation_text_sha256", "text_sha256"),
    schema="core",
    comment="What the text steps found in the current version of a post. Grain: one post.",
)

post_embedding = Table(
    "post_embedding",
    METADATA,
    Column("text_sha256", LargeBinary, primary_key=True, comment="sha256 of the encoded text."),
    text("model", "Encoder and its version; vectors of two models are never compared.", primary_key=True),
    Column("embedding", Vector(384), nullable=False, comment="The encoder's own vector, before any centring."),
    schema="core",
    comment="Vectors of texts, so that equal texts are encoded once. Grain: text and model.",
)
