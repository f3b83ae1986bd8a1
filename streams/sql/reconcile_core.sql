-- Objects that the archive speaks of, and those of them that `core` holds: by source and kind. A post counts as held when
-- it stands at the newest version that the archive has, or beyond.
with arrived as materialized (
    select split_part(e.source, ':', 4) as source, e.type,
           replace(e.payload, '\u0000', '\ufffd')::jsonb -> 'data' as said
    from raw.event e {ranges}
),
posts as (
    select source, said ->> 'post_id' as post, said ->> 'thread_id' as thread, said -> 'author' ->> 'id' as member,
           (said ->> 'version')::bigint as version
    from arrived where type like 'community.post.%%'
),
members as (
    select source, member from posts
    union select source, said -> 'member' ->> 'id' from arrived where type like 'community.reaction.%%'
    union select source, said ->> 'member_id' from arrived where type like 'community.member.%%'
),
threads as (
    select source, thread from posts
    union select source, said ->> 'thread_id' from arrived where type = 'community.thread.updated.v1'
),
reactions as (
    select distinct source, said ->> 'post_id' as post, said -> 'member' ->> 'id' as member, said ->> 'kind' as kind
    from arrived where type like 'community.reaction.%%'
),
decisions as (
    select distinct source, said ->> 'decision_id' as decision from arrived where type = 'community.moderation.decided.v1'
),
judged as (
    select w.source, 'posts' as kind, p.version >= w.version as is_held
    from (select source, post, max(version) as version from posts group by source, post) w
    left join core.source s on s.name = w.source
    left join core.post p on p.source_id = s.source_id and p.external_id = w.post
    union all
    select w.source, 'versions of posts', r.version is not null
    from (select distinct source, post, version from posts) w
    left join core.source s on s.name = w.source
    left join core.post_revision r on r.source_id = s.source_id and r.external_id = w.post and r.version = w.version
    union all
    select w.source, 'threads', t.thread_id is not null
    from threads w
    left join core.source s on s.name = w.source
    left join core.thread t on t.source_id = s.source_id and t.external_id = w.thread
    union all
    select w.source, 'members', m.member_id is not null
    from members w
    left join core.source s on s.name = w.source
    left join core.member m on m.source_id = s.source_id and m.external_id = w.member
    union all
    select w.source, 'reactions', r.member_id is not null
    from reactions w
    left join core.source s on s.name = w.source
    left join core.member m on m.source_id = s.source_id and m.external_id = w.member
    left join core.reaction r on r.source_id = s.source_id and r.post_external_id = w.post
        and r.member_id = m.member_id and r.kind = w.kind
    union all
    select w.source, 'decisions', d.external_id is not null
    from decisions w
    left join core.source s on s.name = w.source
    left join core.moderation_decision d on d.source_id = s.source_id and d.external_id = w.decision
)
select source, kind, count(*) filter (where is_held), count(*)
from judged group by source, kind order by source, kind
