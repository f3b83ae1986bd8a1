-- Moderators' decisions: the newest version wins.
insert into core.moderation_decision as old
    (source_id, external_id, post_external_id, action, reason_code, policy_ref, decided_by, decided_at, flagged_at,
     appeal_of, version)
select s.source_id, d.external_id, d.post_external_id, d.action, d.reason_code, d.policy_ref, d.decided_by, d.decided_at,
       d.flagged_at, d.appeal_of, d.version
from pg_temp.stage_decision d
join core.source s on s.name = d.source
order by s.source_id, d.external_id
on conflict (source_id, external_id) do update set
    post_external_id = excluded.post_external_id, action = excluded.action, reason_code = excluded.reason_code,
    policy_ref = excluded.policy_ref, decided_by = excluded.decided_by, decided_at = excluded.decided_at,
    flagged_at = excluded.flagged_at, appeal_of = excluded.appeal_of, version = excluded.version
where old.version < excluded.version
