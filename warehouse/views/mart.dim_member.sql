-- Grain: one account.
-- Owner: analysts.
-- Meaning: Accounts without names: whose they are, what they may do, and between which days they wrote.
create view mart.dim_member as
select
    m.member_id,
    mp.person_id,
    m.source_id,
    m.role,
    written.first_post_date,
    written.last_post_date,
    m.opted_out,
    m.erased_at is not null as is_erased
from core.member m
join core.member_person mp using (member_id)
left join (
    select member_id, min(created_date) as first_post_date, max(created_date) as last_post_date
    from mart.fct_post
    group by member_id
) written using (member_id);

comment on column mart.dim_member.member_id is 'Key of the account.';
comment on column mart.dim_member.person_id is 'Person it belongs to now.';
comment on column mart.dim_member.source_id is 'Source it is at (dim_source).';
comment on column mart.dim_member.role is 'member, moderator, staff or bot.';
comment on column mart.dim_member.first_post_date is 'Day of its first live post; null when it never wrote.';
comment on column mart.dim_member.last_post_date is 'Day of its newest live post; null when it never wrote.';
comment on column mart.dim_member.opted_out is 'Asked not to be quoted.';
comment on column mart.dim_member.is_erased is 'Asked to be forgotten, and was.';
