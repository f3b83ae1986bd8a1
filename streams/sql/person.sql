-- Every new account is its own person, under the account's key, until a fact says otherwise.
with people as (
    insert into core.person (person_id, founding_member_id)
    select known.member_id, known.member_id
    from pg_temp.stage_member m
    join core.source s on s.name = m.source
    join core.member known on known.source_id = s.source_id and known.external_id = m.external_id
    where not exists (select from core.person p where p.founding_member_id = known.member_id)
    order by known.member_id
    on conflict do nothing
    returning person_id, founding_member_id
)
insert into core.identity_link (member_id, person_id, reason, confidence, actor)
select founding_member_id, person_id, 'own', 1, 'sink'
from people
