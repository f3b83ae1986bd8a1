"""What the text steps found, and the theme registry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "post_annotation",
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column("post_version", sa.BigInteger(), nullable=False, comment="The version that was read."),
        sa.Column("steps", sa.Text(), nullable=False, comment="Names and versions of the steps that made this row."),
        sa.Column(
            "language", sa.Text(), nullable=False, comment="en, id, another code, other, or und below three letters."
        ),
        sa.Column("language_confidence", sa.REAL(), nullable=False, comment="0 to 1."),
        sa.Column("masked", sa.Text(), nullable=False, comment="Clean text with personal data replaced by [kind]."),
        sa.Column(
            "encoded", sa.Text(), nullable=False, comment="The stretch of masked text that is encoded and clustered."
        ),
        sa.Column(
            "text_sha256", sa.LargeBinary(), nullable=False, comment="sha256 of `encoded`; the key of its vector."
        ),
        sa.Column("words", sa.Integer(), nullable=False, comment="Words of the clean text."),
        sa.Column("sentiment", sa.Text(), nullable=True, comment="negative, neutral, positive; null when unsure."),
        sa.Column("sentiment_score", sa.REAL(), nullable=True, comment="Probability of that sentiment."),
        sa.Column(
            "feedback_type",
            sa.Text(),
            nullable=True,
            comment="bug, request, question, complaint, praise, other; null when unsure.",
        ),
        sa.Column("type_score", sa.REAL(), nullable=True, comment="Probability of that type."),
        sa.Column("toxicity", sa.REAL(), nullable=True, comment="Probability that the text is abusive."),
        sa.Column("spam", sa.REAL(), nullable=True, comment="Probability that the text is spam."),
        sa.Column("is_spam", sa.Boolean(), nullable=False, comment="Spam above the calibrated threshold."),
        sa.Column(
            "duplicate_of",
            sa.BigInteger(),
            nullable=True,
            comment="The earlier post that says the same, exactly or nearly.",
        ),
        sa.Column(
            "annotated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.ForeignKeyConstraint(["post_id"], ["core.post.post_id"], name=op.f("fk_post_annotation_post_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_annotation")),
        schema="core",
        comment="What the text steps found in the current version of a post. Grain: one post.",
    )
    op.create_index("ix_post_annotation_text_sha256", "post_annotation", ["text_sha256"], unique=False, schema="core")
    op.create_table(
        "post_embedding",
        sa.Column("text_sha256", sa.LargeBinary(), nullable=False, comment="sha256 of the encoded text."),
        sa.Column(
            "model",
            sa.Text(),
            nullable=False,
            comment="Encoder and its version; vectors of two models are never compared.",
        ),
        sa.Column("embedding", Vector(384), nullable=False, comment="The encoder's own vector, before any centring."),
        sa.PrimaryKeyConstraint("text_sha256", "model", name=op.f("pk_post_embedding")),
        schema="core",
        comment="Vectors of texts, so that equal texts are encoded once. Grain: text and model.",
    )
    op.create_table(
        "theme",
        sa.Column(
            "theme_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Stable identity; never reused, never renumbered.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="What people read."),
        sa.Column(
            "name_source",
            sa.Text(),
            server_default="machine",
            nullable=False,
            comment="machine, or person: a person's name wins for ever.",
        ),
        sa.Column(
            "status", sa.Text(), server_default="active", nullable=False, comment="active, dormant, merged or retired."
        ),
        sa.Column("merged_into", sa.BigInteger(), nullable=True, comment="The theme that took it over."),
        sa.Column("area", sa.Text(), nullable=True, comment="Area of the product, a key of suara.toml."),
        sa.Column("area_source", sa.Text(), nullable=True, comment="rule, or person."),
        sa.Column("owner", sa.Text(), nullable=True, comment="Who answers for it."),
        sa.Column("born_week", sa.Date(), nullable=False, comment="Monday of the week in which it was born."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.CheckConstraint("name_source in ('machine', 'person')", name=op.f("ck_theme_name_source")),
        sa.CheckConstraint("status in ('active', 'dormant', 'merged', 'retired')", name=op.f("ck_theme_status")),
        sa.ForeignKeyConstraint(["merged_into"], ["core.theme.theme_id"], name=op.f("fk_theme_merged_into")),
        sa.PrimaryKeyConstraint("theme_id", name=op.f("pk_theme")),
        schema="core",
        comment="A stable thing people talk about. Grain: one theme.",
    )
    op.create_table(
        "theme_event",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Order of events."),
        sa.Column("theme_id", sa.BigInteger(), nullable=False, comment="The theme."),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="born, named, drifted, dormant, revived; by people: renamed, merged, split, assigned, "
            "retired, undone.",
        ),
        sa.Column("week", sa.Date(), nullable=True, comment="Monday of the run that made it; null for people's edits."),
        sa.Column("actor", sa.Text(), nullable=False, comment="weekly run, or a person's name."),
        sa.Column("detail", JSONB(), server_default="{}", nullable=False, comment="What changed, from what to what."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it happened.",
        ),
        sa.ForeignKeyConstraint(["theme_id"], ["core.theme.theme_id"], name=op.f("fk_theme_event_theme_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_theme_event")),
        schema="core",
        comment="Life of themes, machine and human. Append only but for a re-run of the same week. Grain: one event.",
    )
    op.create_index(
        "ix_theme_event_theme_id_event_id", "theme_event", ["theme_id", "event_id"], unique=False, schema="core"
    )
    op.create_table(
        "theme_version",
        sa.Column("theme_id", sa.BigInteger(), nullable=False, comment="The theme."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the run."),
        sa.Column(
            "model",
            sa.Text(),
            nullable=False,
            comment="Encoder and projection version; centroids of two models are never compared.",
        ),
        sa.Column("centroid", Vector(384), nullable=False, comment="Mean direction of its posts, centred, length one."),
        sa.Column(
            "threshold",
            sa.REAL(),
            nullable=False,
            comment="Least cosine at which a post is taken, calibrated on its own posts.",
        ),
        sa.Column("keywords", ARRAY(sa.Text()), nullable=False, comment="Characteristic phrases, strongest first."),
        sa.Column(
            "exemplars", ARRAY(sa.BigInteger()), nullable=False, comment="Posts that show it best, most central first."
        ),
        sa.Column("size", sa.Integer(), nullable=False, comment="Posts in this week."),
        sa.Column(
            "similarity_to_previous", sa.REAL(), nullable=True, comment="Cosine to its centroid in the run before."
        ),
        sa.ForeignKeyConstraint(["theme_id"], ["core.theme.theme_id"], name=op.f("fk_theme_version_theme_id")),
        sa.PrimaryKeyConstraint("theme_id", "week", name=op.f("pk_theme_version")),
        schema="core",
        comment="What a theme looked like in one weekly run. Grain: theme and week.",
    )
    op.create_table(
        "mention",
        sa.Column("post_id", sa.BigInteger(), nullable=False, comment="The post."),
        sa.Column("theme_id", sa.BigInteger(), nullable=False, comment="The theme."),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week that the post belongs to."),
        sa.Column("confidence", sa.REAL(), nullable=False, comment="0 to 1."),
        sa.Column("method", sa.Text(), nullable=False, comment="known, born or person."),
        sa.ForeignKeyConstraint(["post_id"], ["core.post.post_id"], name=op.f("fk_mention_post_id")),
        sa.ForeignKeyConstraint(["theme_id"], ["core.theme.theme_id"], name=op.f("fk_mention_theme_id")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_mention")),
        schema="core",
        comment="A post in a theme. Grain: one post.",
    )
    op.create_index("ix_mention_week_theme_id", "mention", ["week", "theme_id"], unique=False, schema="core")
    op.create_table(
        "theme_run",
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of the week."),
        sa.Column("model", sa.Text(), nullable=False, comment="Encoder and projection version."),
        sa.Column("params", JSONB(), nullable=False, comment="Settings and seed of the run."),
        sa.Column("posts", sa.BigInteger(), nullable=False, comment="Posts that could be in a theme."),
        sa.Column("assigned", sa.BigInteger(), nullable=False, comment="Posts in a theme that was known before."),
        sa.Column("born", sa.BigInteger(), nullable=False, comment="Themes born."),
        sa.Column("unassigned", sa.BigInteger(), nullable=False, comment="Posts in no theme."),
        sa.Column(
            "continuity",
            sa.REAL(),
            nullable=True,
            comment="Share of posts of known themes that stay with their neighbours; null in the first run.",
        ),
        sa.Column(
            "stability",
            sa.REAL(),
            nullable=True,
            comment="Agreement of two seeds (adjusted Rand index) on the same posts.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it ended.",
        ),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_theme_run")),
        schema="core",
        comment="Quality of each weekly theme run, published beside every theme number. Grain: one week.",
    )
    op.create_table(
        "theme_space",
        sa.Column("model", sa.Text(), nullable=False, comment="Encoder and its version."),
        sa.Column("language", sa.Text(), nullable=False, comment="Language of the posts; '*' for the shared rows."),
        sa.Column(
            "version",
            sa.Text(),
            nullable=False,
            comment="Version of the space; written into theme_version.model and theme_run.model.",
        ),
        sa.Column("mean", Vector(384), nullable=False, comment="Mean vector of the language's posts, subtracted."),
        sa.Column(
            "component", Vector(384), nullable=False, comment="First principal component, removed after the mean."
        ),
        sa.Column("posts", sa.Integer(), nullable=False, comment="Posts it was fitted on."),
        sa.Column(
            "fitted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was fitted and frozen.",
        ),
        sa.PrimaryKeyConstraint("model", "language", name=op.f("pk_theme_space")),
        schema="core",
        comment="The frozen centring that puts both languages into one space. Grain: model and language.",
    )


def downgrade() -> None:
    for table in (
        "core.theme_space",
        "core.theme_run",
        "core.mention",
        "core.theme_version",
        "core.theme_event",
        "core.theme",
        "core.post_embedding",
        "core.post_annotation",
    ):
        op.execute(f"drop table {table}")
