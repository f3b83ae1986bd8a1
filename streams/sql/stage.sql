-- Where a batch stands before it is merged: one temporary table a kind, emptied by each commit.
create temp table if not exists stage_event (
    topic text, kafka_partition int, kafka_offset bigint, record_ts timestamptz, event_id text, source text, type text,
    subject text, event_time timestamptz, payload text
) on commit delete rows;

create temp table if not exists stage_source (
    name text, kind text
) on commit delete rows;

create temp table if not exists stage_member (
    source text, external_id text, seen_at timestamptz, described_at timestamptz, version bigint,
    display_name text, role text, joined_at timestamptz, opted_out boolean
) on commit delete rows;

create temp table if not exists stage_thread (
    source text, external_id text, title text, title_at timestamptz, category text, category_at timestamptz,
    version bigint, status text, solved_post_external_id text
) on commit delete rows;

create temp table if not exists stage_post (
    source text, external_id text, version bigint, event_id text, event_type text, event_time timestamptz,
    thread text, member text, created_at timestamptz, is_thread_start boolean, parent_external_id text,
    edited_at timestamptz, title text, body text, body_format text, url text, tags text[], category text,
    rating smallint, app_version text, lang_hint text, reaction_counts text, status text, newest boolean
) on commit delete rows;

create temp table if not exists stage_reaction (
    source text, post_external_id text, member text, kind text, version bigint, reacted_at timestamptz,
    removed_at timestamptz
) on commit delete rows;

create temp table if not exists stage_decision (
    source text, external_id text, post_external_id text, action text, reason_code text, policy_ref text,
    decided_by text, decided_at timestamptz, flagged_at timestamptz, appeal_of text, version bigint
) on commit delete rows;
