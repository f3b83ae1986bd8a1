"""Keys of members, threads and posts that every warehouse gives alike, whatever the order in which events arrive."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        create function core.key_of(source text, external_id text) returns bigint
        language sql immutable strict parallel safe
        return ('x' || left(md5(source || chr(31) || external_id), 16))::bit(64)::bigint & 9223372036854775807
    """)
    op.execute("""
        comment on function core.key_of is
            'The surrogate key of an account, thread or post: 63 bits of a hash of its source''s name and its own id.'
    """)


def downgrade() -> None:
    op.execute("drop function core.key_of")
