-- Accounts. What a member event says wins by version; until one arrives, the newest post or reaction that gave a name or a
-- role does.
insert into core.member as old
    (member_id, source_id, external_id, seen_at, described_at, version, display_name, role, joined_at, opted_out)
select core.key_of(s.name, external_id), source_id, external_id, seen_at, described_at, version, display_name, role, joined_at, opted_out
from pg_temp.stage_member m
join core.source s on s.name = m.source
order by source_id, external_id
on conflict (source_id, external_id) do update set
    seen_at = greatest(old.seen_at, excluded.seen_at),
    described_at = greatest(old.described_at, excluded.described_at),
    (version, display_name, role, joined_at, opted_out) = (
        select version, display_name, role, joined_at, opted_out
        from (values
            (old.version, old.described_at, old.display_name, old.role, old.joined_at, old.opted_out),
            (excluded.version, excluded.described_at, excluded.display_name, excluded.role, excluded.joined_at,
             excluded.opted_out)
        ) either (version, described_at, display_name, role, joined_at, opted_out)
        order by version desc, described_at desc nulls last, display_name collate "C" desc nulls last,
                 array_position(array['member', 'moderator', 'staff', 'bot'], role) desc
        limit 1
    )
