-- Grain: one account.
-- Owner: the sink, which makes a person for each account, and people who link accounts.
-- Meaning: The person that an account belongs to now. Links are facts, appended and never changed: the newest link that
--   no other fact takes back decides, so that taking one back restores what was before it. A fact that takes a link back
--   is final; to link again, write a new link. An account without any standing link is the person it was made for.
create view core.member_person as
select
    m.member_id,
    coalesce(standing.person_id, own.person_id) as person_id
from core.member m
left join core.person own on own.founding_member_id = m.member_id
left join lateral (
    select l.person_id
    from core.identity_link l
    where l.member_id = m.member_id
      and l.undoes_link_id is null
      and not exists (
          select from core.identity_link u where u.member_id = l.member_id and u.undoes_link_id = l.link_id
      )
    order by l.link_id desc
    limit 1
) standing on true;

comment on column core.member_person.member_id is 'Account (core.member).';
comment on column core.member_person.person_id is 'Person (core.person); count these, distinct.';
