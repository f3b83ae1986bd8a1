"""Words of posts as lexemes, for full-text search, and the space that a warehouse has before its first weekly run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0013"
down_revision = "0012"

_LEXEMES = (
    "to_tsvector(case language when 'en' then 'english'::regconfig when 'id' then 'indonesian'::regconfig "
    "else 'simple'::regconfig end, regexp_replace(masked, "
    r"'\[(link|email|phone|nik|card|iban|ip|handle|address|key|name)\]', ' ', 'g'))"
)
_BEFORE = "Posts it was fitted on."
_NOW = "Posts it was fitted on; 0 for the space that comes with Suara, until the first weekly run fits one."


def upgrade() -> None:
    op.add_column(
        "fct_post",
        sa.Column(
            "lexemes",
            TSVECTOR(),
            sa.Computed(_LEXEMES, persisted=True),
            nullable=True,
            comment="Words of masked for full-text search: stems of English and Indonesian, else as they stand.",
        ),
        schema="mart",
    )
    op.create_index("ix_fct_post_lexemes", "fct_post", ["lexemes"], schema="mart", postgresql_using="gin")
    op.alter_column("theme_space", "posts", comment=_NOW, existing_comment=_BEFORE, schema="core")


def downgrade() -> None:
    op.alter_column("theme_space", "posts", comment=_BEFORE, existing_comment=_NOW, schema="core")
    op.drop_index("ix_fct_post_lexemes", "fct_post", schema="mart")
    op.drop_column("fct_post", "lexemes", schema="mart")
