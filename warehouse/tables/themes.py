"""`core`, the theme registry. A theme has an identity; a cluster is an artefact of one run and has none.

`theme_event` is the truth about people's edits: append only, replayed after every refit. `theme` is its projection.
"""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warehouse.tables.base import METADATA, count, instant, key, text

theme = Table(
    "theme",
    METADATA,
    key("theme_id", "Stable identity; never reused, never renumbered."),
    text("name", "What people read."),
    text("name_source", "machine, or person: a person's name wins for ever.", server_default="machine"),
    text("status", "active, dormant, merged or retired.", server_default="active"),
    Column("merged_into", ForeignKey("core.theme.theme_id"), nullable=True, comment="The theme that took it over."),
    text("area", "Area of the product, a key of suara.toml.", nullable=True),
    text("area_source", "rule, or person.", nullable=True),
    text("owner", "Who answers for it.", nullable=True),
    Column("born_week", Date, nullable=False, comment="Monday of the week in which it was born."),
    instant("created_at", "When it was made.", server_default=sql("now()")),
    text("owner_source", "rule: the owner of its area; or person.", nullable=True),
    CheckConstraint("status in ('active', 'dormant', 'merged', 'retired')", name="status"),
    CheckConstraint("name_source in ('machine', 'person')", name="name_source"),
    schema="core",
    comment="A stable thing people talk about. Grain: one theme.",
)

theme_event = Table(
    "theme_event",
    METADATA,
    key("event_id", "Order of events."),
    Column("theme_id", ForeignKey("core.theme.theme_id"), nullable=False, comment="The theme."),
    text(
        "kind",
        "born, named, drifted, dormant, revived; by people or runs: renamed; "
        "by people: merged, split, assigned, placed, retired, undone.",
    ),
    Column("week", Date, nullable=True, comment="Monday of the run that made it; null for people's edits."),
    text("actor", "weekly run, or a person's name."),
    Column("detail", JSONB, nullable=False, server_default="{}", comment="What changed, from what to what."),
    instant("created_at", "When it happened.", server_default=sql("now()")),
    Index("ix_theme_event_theme_id_event_id", "theme_id", "event_id"),
    schema="core",
    comment="Life of themes, machine and human. Append only but for a re-run of the same week. Grain: one event.",
)

theme_version = Table(
    "theme_version",
    METADATA,
    Column("theme_id", ForeignKey("core.theme.theme_id"), primary_key=True, comment="The theme."),
    Column("week", Date, primary_key=True, comment="Monday of the run."),
    text("model", "Encoder and projection version; centroids of two models are never compared."),
    Column("centroid", Vector(), nullable=False, comment="Mean direction of its posts in the space, length one."),
    Column(
        "threshold", REAL, nullable=False, comment="Least cosine at which a post is taken, calibrated on its own posts."
    ),
    Column("keywords", ARRAY(Text), nullable=False, comment="Characteristic phrases, strongest first."),
    Column("exemplars", ARRAY(BigInteger), nullable=False, comment="Posts that show it best, most central first."),
    Column("size", Integer, nullable=False, comment="Posts in this week."),
    Column("similarity_to_previous", REAL, nullable=True, comment="Cosine to its centroid in the run before."),
    schema="core",
    comment="What a theme looked like in one weekly run. Grain: theme and week.",
)

mention = Table(
    "mention",
    METADATA,
    Column("post_id", ForeignKey("core.post.post_id"), primary_key=True, comment="The post."),
    Column("theme_id", ForeignKey("core.theme.theme_id"), nullable=False, comment="The theme."),
    Column("week", Date, nullable=False, comment="Monday of the week that the post belongs to."),
    Column("confidence", REAL, nullable=False, comment="0 to 1."),
    text("method", "known, born or person."),
    Index("ix_mention_week_theme_id", "week", "theme_id"),
    schema="core",
    comment="A post in a theme. Grain: one post.",
)

theme_run = Table(
    "theme_run",
    METADATA,
    Column("week", Date, primary_key=True, comment="Monday of the week."),
    text("model", "Encoder and projection version."),
    Column("params", JSONB, nullable=False, comment="Settings and seed of the run."),
    count("posts", "Posts that could be in a theme."),
    count("assigned", "Posts in a theme that was known before."),
    count("born", "Themes born."),
    count("unassigned", "Posts in no theme."),
    Column(
        "continuity",
        REAL,
        nullable=True,
        comment="Share of posts of known themes that stay with their neighbours; null in the first run.",
    ),
    Column("stability", REAL, nullable=True, comment="Agreement of two seeds (adjusted Rand index) on the same posts."),
    instant("finished_at", "When it ended.", server_default=sql("now()")),
    schema="core",
    comment="Quality of each weekly theme run, published beside every theme number. Grain: one week.",
)

theme_space = Table(
    "theme_space",
    METADATA,
    text("model", "Encoder and its version.", primary_key=True),
    text("language", "Language of the posts; '*' for the shared rows.", primary_key=True),
    text("version", "Version of the space; written into theme_version.model and theme_run.model."),
    Column("mean", Vector(384), nullable=False, comment="Mean vector of the language's posts, subtracted."),
    Column("component", Vector(384), nullable=False, comment="First principal component, removed after the mean."),
    Column(
        "posts",
        Integer,
        nullable=False,
        comment="Posts it was fitted on; 0 for the space that comes with Suara, until the first weekly run fits one.",
    ),
    instant("fitted_at", "When it was fitted and frozen.", server_default=sql("now()")),
    Column("words", LargeBinary, nullable=True, comment="Axes of words, in the row of '*'; null where it has none."),
    schema="core",
    comment="The frozen centring that puts both languages into one space. Grain: model and language.",
)
