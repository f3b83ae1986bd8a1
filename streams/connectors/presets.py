"""Known shapes of exports, as lists of the names that their columns go by, the likeliest first.

A preset decides three things: which column holds which field, whether posts without an author are welcome, and how
posts without a thread are put into one. It never decides silently: the importer says what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kernel.model import SourceKind

Aliases = Mapping[str, tuple[str, ...]]

# Names under which app stores hide people who did not show theirs. Taken as one account, they would be one huge person.
NOBODY = frozenset({"a google user", "google user", "pengguna google", "anonymous", "anonim"})

_ALWAYS: Aliases = {
    "author_name": ("author_name", "display_name", "full_name", "sender_full_name", "real_name", "username"),
    "role": ("role", "author_role", "user_role"),
    "edited_at": ("edited_at", "last_edited_at", "modified_at", "review last update date and time"),
    "title": ("post_title",),
    "tags": ("tags", "labels"),
    "url": ("url", "permalink", "link", "review link"),
    "lang": ("lang", "language", "locale", "reviewer language", "bahasa"),
}
_TIMES = ("created_at", "created", "timestamp", "posted_at", "sent_at", "datetime", "date", "time", "tanggal", "waktu")


@dataclass(frozen=True)
class Preset:
    """One shape of export. `alone` says where a post without a thread goes: its own, or its channel's day."""

    name: str
    kind: SourceKind
    says: str
    aliases: Aliases
    anonymous: bool = False
    alone: Literal["own", "day"] = "own"


_FORUM = Preset(
    name="forum",
    kind="forum",
    says="posts with a topic (Discourse, phpBB, Flarum); one without is a thread of its own",
    aliases={
        **_ALWAYS,
        "post_id": ("post_id", "id", "comment_id"),
        "thread_id": ("topic_id", "thread_id", "discussion_id", "conversation_id"),
        "thread_title": ("topic_title", "thread_title", "title", "subject", "judul"),
        "author": ("author_id", "user_id", "author", "username", "user", "user_name", "poster", "penulis"),
        "created_at": _TIMES,
        "body": ("text", "raw", "body", "content", "cooked", "message", "post", "isi", "komentar"),
        "post_number": ("post_number", "position", "number"),
        "reply_to": ("parent_post_id", "parent_id", "in_reply_to", "reply_to_id", "reply_to"),
        "reply_to_number": ("reply_to_post_number", "reply_to_number", "reply_to"),
        "category": ("category", "category_name", "category_id", "forum", "board", "kategori"),
    },
)
_CHAT = Preset(
    name="chat",
    kind="chat",
    says="messages by channel and topic or thread (Zulip, Slack, Discord); without either, by channel and day",
    aliases={
        **_ALWAYS,
        "post_id": ("msg_id", "message_id", "id", "client_msg_id", "ts"),
        "thread_id": ("thread_id", "conversation_id", "thread_ts"),
        "channel": ("stream", "channel", "channel_name", "room", "community", "channel_id"),
        "topic": ("topic", "subject"),
        "author": ("author_id", "user_id", "sender_id", "author", "user", "sender", "username", "nick", "from"),
        "created_at": (*_TIMES, "ts"),
        "body": ("text", "content", "message", "body", "msg", "pesan"),
        "reply_to": ("reply_to", "reply_to_message_id", "in_reply_to", "parent_id"),
    },
    alone="day",
)
_REVIEWS = Preset(
    name="reviews",
    kind="reviews",
    says="stars with words (app stores); each is a thread of its own",
    aliases={
        **_ALWAYS,
        "post_id": ("review_id", "id"),
        "author": ("user_id", "author_id", "user_name", "author", "name", "nama", "user", "reviewer"),
        "created_at": ("at", *_TIMES, "review submit date and time", "submitted_at"),
        "body": ("content", "ulasan", "review", "review_text", "text", "body", "comment", "komentar", "isi"),
        "title": ("title", "review_title", "judul"),
        "rating": ("score", "rating", "stars", "star_rating", "bintang", "nilai"),
        "app_version": ("review_created_version", "app_version", "app_version_name", "version", "versi"),
        "category": ("app", "app_name", "nama aplikasi", "aplikasi", "product", "package_name"),
    },
    anonymous=True,
)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in (_FORUM, _CHAT, _REVIEWS)}
