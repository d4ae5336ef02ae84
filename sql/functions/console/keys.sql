-- Keys of all kinds on a page: whose each is, what it may do, whether it is in force. Of a key its prefix, never its
-- hash.

create or replace function console.find_keys(p_kind text, p_owner_id bigint, p_state text, p_before bigint)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object('kind', p_kind, 'state', p_state,
    'rows', coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]'),
    'next', case when count(*) = 50 then min(r.id) end)
  from (
    select k.id, k.kind, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.revoked_at, t.state,
      coalesce(k.source_id, k.buyer_id, k.user_id) as owner_id, coalesce(s.name, b.name, u.name) as owner,
      m.name as made_by
    from leadgen.api_keys k
    cross join lateral (
      select case
        when k.revoked_at is not null then 'revoked'
        when k.expires_at <= leadgen.clock() then 'expired'
        else 'active' end as state
    ) t
    left join leadgen.sources s on s.id = k.source_id
    left join leadgen.buyers b on b.id = k.buyer_id
    left join leadgen.users u on u.id = k.user_id
    left join leadgen.users m on m.id = k.made_by
    where (p_kind is null or k.kind = p_kind) and (p_state is null or t.state = p_state)
      and (p_owner_id is null or coalesce(k.source_id, k.buyer_id, k.user_id) = p_owner_id)
      and (p_before is null or k.id < p_before)
    order by k.id desc
    limit 50
  ) r;
$$;
comment on function console.find_keys(text, bigint, text, bigint) is
  'Keys, newest first, 50 a page: of a kind, an owner, a state (active, expired, revoked), or all. made_by: the user '
  'of a buyer or source who made it; null: an operator.';
