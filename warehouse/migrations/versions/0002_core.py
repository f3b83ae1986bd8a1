"""Sources, people, threads, posts and what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("source_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="Name given at import or in suara.toml; the instance in event keys.",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="forum, chat, reviews, tracker, mail or other."),
        sa.Column("url", sa.Text(), nullable=True, comment="Where a person can look at it."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first seen.",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
        schema="core",
        comment="A place where people talk. Grain: one source.",
    )
    op.create_table(
        "person",
        sa.Column(
            "person_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Surrogate key. Every count of people counts these.",
        ),
        sa.Column(
            "founding_member_id", sa.BigInteger(), nullable=False, comment="The account this person was made for."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("founding_member_id", name=op.f("uq_person_founding_member_id")),
        schema="core",
        comment="One or more accounts linked by facts. Grain: one person.",
    )
    op.create_table(
        "member",
        sa.Column("member_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where the account is."),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The source's own id of the account."),
        sa.Column("display_name", sa.Text(), nullable=True, comment="Name shown at the source."),
        sa.Column(
            "role", sa.Text(), server_default="member", nullable=False, comment="member, moderator, staff or bot."
        ),
        sa.Column(
            "joined_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the account was made, where the source says.",
        ),
        sa.Column(
            "opted_out",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Asked not to be quoted.",
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True, comment="When the member was forgotten."),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default="-1",
            nullable=False,
            comment="Version of the newest member event; -1 when known from posts only.",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the newest event that named the account.",
        ),
        sa.Column(
            "described_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the newest post or reaction that gave a name or role.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first seen here.",
        ),
        sa.CheckConstraint("role in ('member', 'moderator', 'staff', 'bot')", name=op.f("ck_member_role")),
        sa.ForeignKeyConstraint(["source_id"], ["core.source.source_id"], name=op.f("fk_member_source_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_member_source_id_external_id")),
        schema="core",
        comment="An account at a source. Grain: one account.",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "identity_link",
        sa.Column(
            "link_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Surrogate key; the newest link that is not undone counts.",
        ),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="The account."),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="The person it belongs to."),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="Why: own (first seen), same_email, said_so, by_hand ..."
        ),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="Probability that the link is right, 0 to 1."),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who said so: sink, a rule, or a person's name."),
        sa.Column("undoes_link_id", sa.BigInteger(), nullable=True, comment="The link that this fact takes back."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was said.",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["core.member.member_id"], name=op.f("fk_identity_link_member_id")),
        sa.ForeignKeyConstraint(["person_id"], ["core.person.person_id"], name=op.f("fk_identity_link_person_id")),
        sa.ForeignKeyConstraint(
            ["undoes_link_id"], ["core.identity_link.link_id"], name=op.f("fk_identity_link_undoes_link_id")
        ),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_identity_link")),
        schema="core",
        comment="Facts that tie accounts to people. Append only; a wrong link is undone by another fact. "
        "Grain: one fact.",
    )
    op.create_index(
        "ix_identity_link_member_id_link_id", "identity_link", ["member_id", "link_id"], unique=False, schema="core"
    )
    op.create_table(
        "thread",
        sa.Column("thread_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where it is."),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The source's own id of the thread."),
        sa.Column("title", sa.Text(), nullable=True, comment="Title, where the source has one."),
        sa.Column(
            "title_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the event that the title comes from: the newest that has one.",
        ),
        sa.Column("category", sa.Text(), nullable=True, comment="Forum category, channel or app."),
        sa.Column(
            "category_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Time of the event that the category comes from: the newest that has one.",
        ),
        sa.Column("status", sa.Text(), server_default="open", nullable=False, comment="open, solved or closed."),
        sa.Column("solved_post_external_id", sa.Text(), nullable=True, comment="The accepted answer."),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default="-1",
            nullable=False,
            comment="Version of the newest thread event; -1 when known from posts only.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first seen here.",
        ),
        sa.CheckConstraint("status in ('open', 'solved', 'closed')", name=op.f("ck_thread_status")),
        sa.ForeignKeyConstraint(["source_id"], ["core.source.source_id"], name=op.f("fk_thread_source_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_thread")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_thread_source_id_external_id")),
        schema="core",
        comment="A conversation. Grain: one thread.",
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "post",
        sa.Column("post_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Surrogate key."),
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where it is."),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The source's own id of the post."),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="The conversation it is in."),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="Who wrote it."),
        sa.Column(
            "parent_external_id", sa.Text(), nullable=True, comment="The post it answers, by the source's own id."
        ),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Grows with every change; the newest wins."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was written, by the source's clock.",
        ),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True, comment="When it was last edited."),
        sa.Column("title", sa.Text(), nullable=True, comment="Title of the post, where it opens a thread."),
        sa.Column("body", sa.Text(), nullable=True, comment="The words as they came; null once deleted or erased."),
        sa.Column("body_format", sa.Text(), server_default="text", nullable=False, comment="text, markdown or html."),
        sa.Column("url", sa.Text(), nullable=True, comment="Where a person can read it."),
        sa.Column("tags", ARRAY(sa.Text()), server_default="{}", nullable=False, comment="Tags given at the source."),
        sa.Column("category", sa.Text(), nullable=True, comment="Forum category, channel or app."),
        sa.Column("rating", sa.SmallInteger(), nullable=True, comment="Stars of a review, 1 to 5."),
        sa.Column("app_version", sa.Text(), nullable=True, comment="Version of the product that a review names."),
        sa.Column(
            "is_thread_start",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Opens its thread.",
        ),
        sa.Column("lang_hint", sa.Text(), nullable=True, comment="Language that the source claims."),
        sa.Column(
            "reaction_counts",
            JSONB(),
            server_default="{}",
            nullable=False,
            comment="Reactions by kind, as the source counts.",
        ),
        sa.Column("status", sa.Text(), server_default="live", nullable=False, comment="live, deleted or erased."),
        sa.Column("last_event_id", sa.Text(), nullable=False, comment="The event that made this state."),
        sa.Column(
            "loaded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the sink first saw it.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the sink last changed it.",
        ),
        sa.CheckConstraint("status in ('live', 'deleted', 'erased')", name=op.f("ck_post_status")),
        sa.CheckConstraint("length(body) <= 200000", name=op.f("ck_post_body_length")),
        sa.ForeignKeyConstraint(["member_id"], ["core.member.member_id"], name=op.f("fk_post_member_id")),
        sa.ForeignKeyConstraint(["source_id"], ["core.source.source_id"], name=op.f("fk_post_source_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["core.thread.thread_id"], name=op.f("fk_post_thread_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_post_source_id_external_id")),
        schema="core",
        comment="A post as it stands now. Grain: one post.",
        postgresql_with={"fillfactor": 85},
    )
    op.create_index("ix_post_created_at", "post", ["created_at"], unique=False, schema="core")
    op.create_index("ix_post_member_id_created_at", "post", ["member_id", "created_at"], unique=False, schema="core")
    op.create_index("ix_post_thread_id_created_at", "post", ["thread_id", "created_at"], unique=False, schema="core")
    op.create_table(
        "post_revision",
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where it is."),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The source's own id of the post."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the post."),
        sa.Column(
            "event_type", sa.Text(), nullable=False, comment="What happened: created, edited, deleted or restored."
        ),
        sa.Column(
            "event_time", sa.DateTime(timezone=True), nullable=False, comment="When it happened, by the source's clock."
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="Title in this version."),
        sa.Column("body", sa.Text(), nullable=True, comment="Words in this version; null once erased."),
        sa.PrimaryKeyConstraint("source_id", "external_id", "version", name=op.f("pk_post_revision")),
        schema="core",
        comment="Every version of a post that arrived, in whatever order. Grain: one version of one post.",
        postgresql_partition_by="HASH (external_id)",
    )
    op.create_table(
        "reaction",
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where it is."),
        sa.Column("post_external_id", sa.Text(), nullable=False, comment="The post, by the source's own id."),
        sa.Column("member_id", sa.BigInteger(), nullable=False, comment="Who reacted."),
        sa.Column("kind", sa.Text(), nullable=False, comment="like, thanks, agree, an emoji name ..."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the newest event."),
        sa.Column(
            "reacted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was last added; null while only its removal has arrived.",
        ),
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was taken back; null while it stands.",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["core.member.member_id"], name=op.f("fk_reaction_member_id")),
        sa.ForeignKeyConstraint(["source_id"], ["core.source.source_id"], name=op.f("fk_reaction_source_id")),
        sa.PrimaryKeyConstraint("source_id", "post_external_id", "member_id", "kind", name=op.f("pk_reaction")),
        schema="core",
        comment="A member's reaction to a post. Grain: post, member and kind.",
    )
    op.create_table(
        "moderation_decision",
        sa.Column("source_id", sa.BigInteger(), nullable=False, comment="Where it is."),
        sa.Column("external_id", sa.Text(), nullable=False, comment="The source's own id of the decision."),
        sa.Column("post_external_id", sa.Text(), nullable=False, comment="The post, by the source's own id."),
        sa.Column("action", sa.Text(), nullable=False, comment="keep, hide, remove, warn, suspend or restore."),
        sa.Column("reason_code", sa.Text(), nullable=True, comment="Reason, in the community's own words."),
        sa.Column("policy_ref", sa.Text(), nullable=True, comment="Rule that was applied."),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="human, rule or model."),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When it was decided."),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True, comment="When the post was first flagged."),
        sa.Column(
            "appeal_of", sa.Text(), nullable=True, comment="The decision that this one answers an appeal against."
        ),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Version of the newest event."),
        sa.ForeignKeyConstraint(
            ["source_id"], ["core.source.source_id"], name=op.f("fk_moderation_decision_source_id")
        ),
        sa.PrimaryKeyConstraint("source_id", "external_id", name=op.f("pk_moderation_decision")),
        schema="core",
        comment="A moderator's decision about a post. Grain: one decision.",
    )
    for part in range(8):
        op.execute(
            f"create table core.post_revision_{part} partition of core.post_revision "
            f"for values with (modulus 8, remainder {part})"
        )
    op.execute(
        """
        grant select, insert, update on core.source, core.person, core.member, core.identity_link, core.thread,
            core.post, core.post_revision, core.reaction, core.moderation_decision to suara_ingest
        """
    )


def downgrade() -> None:
    for table in (
        "core.moderation_decision",
        "core.reaction",
        "core.post_revision",
        "core.post",
        "core.thread",
        "core.identity_link",
        "core.member",
        "core.person",
        "core.source",
    ):
        op.execute(f"drop table {table}")
