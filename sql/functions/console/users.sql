-- Users on pages: the list with the sign-ups that wait, and one with how it signs in, its sessions and its keys.

create or replace function console.describe_wait(p_user leadgen.users)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_user.status <> 'pending' then null
    when p_user.approved_at is null then 'approval'
    else 'verification' end;
end;
$$;
comment on function console.describe_wait(leadgen.users) is
  'What a pending user waits for: approval by an admin, or verification of its address. null: nothing.';

create or replace function console.count_sign_ups()
returns bigint
language sql
stable
as $$
  select count(*) from leadgen.users u
  where u.status = 'pending' and u.approved_at is null and u.verified_at is not null;
$$;
comment on function console.count_sign_ups() is
  'Sign-ups that wait for an admin: the address is verified. Others may never have been asked for by its owner.';

create or replace function console.list_users(p_text text, p_role text, p_status text, p_before bigint)
returns jsonb
language plpgsql
stable
as $$
-- Newest first. A status may also be waiting: sign-ups that nobody has approved yet.
declare
  v_text constant text := lower(nullif(btrim(left(p_text, 200)), ''));
begin
  return jsonb_build_object(
    'text', v_text, 'role', p_role, 'status', p_status, 'waiting', console.count_sign_ups()) || (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(to_jsonb(r) order by r.id desc), '[]'),
      'next', case when count(*) = 50 then min(r.id) end)
    from (
      select u.id, u.name, coalesce(u.wanted_email, u.email) as email, u.role, u.member_kind, u.status,
        console.describe_wait(u) as waits_for, u.created_at, u.signed_in_at, u.buyer_id, u.source_id, b.name as buyer,
        s.name as source, exists (
          select from leadgen.user_totp t where t.user_id = u.id and t.confirmed_at is not null) as has_totp,
        (select count(*) from leadgen.user_passkeys p where p.user_id = u.id) as passkeys
      from leadgen.users u
      left join leadgen.buyers b on b.id = u.buyer_id
      left join leadgen.sources s on s.id = u.source_id
      where (v_text is null or strpos(lower(concat_ws(' ', u.id, u.name, u.email, u.company, b.name)), v_text) > 0)
        and (p_role is null or u.role = p_role)
        and (p_status is null or u.status = p_status or (
          p_status = 'waiting' and u.status = 'pending' and u.approved_at is null))
        and (p_before is null or u.id < p_before)
      order by u.id desc
      limit 50
    ) r);
end;
$$;
comment on function console.list_users(text, text, text, bigint) is
  'Users, newest first, 50 a page: all, or those that a text finds in id, name, e-mail or company, of a role or a '
  'status; status waiting: sign-ups that nobody has approved. With how many of those have verified their address.';

create or replace function console.list_likely_buyers(p_user leadgen.users)
returns jsonb
language sql
stable
as $$
-- A domain that several buyers have, such as a mail provider's, says nothing.
  select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'name', b.name, 'company', b.company,
    'has_address', b.has_address) order by b.has_address desc, b.id), '[]')
  from (
    select o.id, o.name, o.company, lower(o.email) = lower(p_user.email) as has_address
    from leadgen.buyers o
    where lower(o.email) = lower(p_user.email) or lower(o.company) = lower(p_user.company)
      or lower(o.name) = lower(p_user.company)
    order by has_address desc, o.id
    limit 10
  ) b;
$$;
comment on function console.list_likely_buyers(leadgen.users) is
  'Buyers with the e-mail address (has_address) or the company of a sign-up, 10 at most: whose user it may be. A '
  'company is what a stranger has typed.';

create or replace function console.list_sessions(p_user_id bigint, p_now timestamptz)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', s.id, 'created_at', s.created_at, 'seen_at', s.seen_at, 'expires_at', s.expires_at, 'address', s.address,
    'agent', s.agent, 'ended_at', s.ended_at, 'ended_because', s.ended_because,
    'state', case when s.ended_at is not null then 'ended' when s.expires_at <= p_now then 'expired' else 'active' end)
    order by s.id desc), '[]')
  from (
    select u.* from leadgen.user_sessions u where u.user_id = p_user_id order by u.id desc limit 20
  ) s;
$$;
comment on function console.list_sessions(bigint, timestamptz) is 'The latest 20 sessions of a user.';

create or replace function console.describe_factors(p_user_id bigint)
returns jsonb
language sql
stable
as $$
  select jsonb_build_object(
    'has_password', exists (select from leadgen.user_passwords p where p.user_id = p_user_id),
    'totp_since', (select t.confirmed_at from leadgen.user_totp t where t.user_id = p_user_id),
    'recovery_codes', (
      select count(*) from leadgen.user_recovery_codes r where r.user_id = p_user_id and r.used_at is null),
    'passkeys', (
      select coalesce(jsonb_agg(jsonb_build_object('name', k.name, 'created_at', k.created_at, 'used_at', k.used_at)
        order by k.id), '[]')
      from leadgen.user_passkeys k where k.user_id = p_user_id),
    'bindings', (
      select coalesce(jsonb_agg(jsonb_build_object('issuer', b.issuer, 'created_at', b.created_at, 'used_at', b.used_at)
        order by b.id), '[]')
      from leadgen.user_bindings b where b.user_id = p_user_id));
$$;
comment on function console.describe_factors(bigint) is
  'How a user may sign in: by password, an app and recovery codes that are left, passkeys, accounts at an identity '
  'provider. No secret of any of them.';

create or replace function console.describe_user(p_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_user leadgen.users;
begin
  select u.* into v_user from leadgen.users u where u.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such user', 'id', coalesce(p_id::text, 'nothing'), 'the id of a user');
  end if;
  return jsonb_build_object(
    'user', jsonb_build_object(
      'id', v_user.id, 'name', v_user.name, 'email', coalesce(v_user.wanted_email, v_user.email),
      'company', v_user.company, 'phone', v_user.phone, 'role', v_user.role, 'member_kind', v_user.member_kind,
      'status', v_user.status, 'waits_for', console.describe_wait(v_user), 'buyer_id', v_user.buyer_id,
      'buyer', (select b.name from leadgen.buyers b where b.id = v_user.buyer_id),
      'source_id', v_user.source_id, 'source', (select s.name from leadgen.sources s where s.id = v_user.source_id),
      'created_at', v_user.created_at, 'verified_at', v_user.verified_at, 'approved_at', v_user.approved_at,
      'signed_in_at', v_user.signed_in_at),
    'likely_buyers', case when console.describe_wait(v_user) = 'approval' then console.list_likely_buyers(v_user) end,
    'factors', console.describe_factors(p_id), 'sessions', console.list_sessions(p_id, p_now),
    'keys', console.find_keys('user', p_id, null, null) -> 'rows');
end;
$$;
comment on function console.describe_user(bigint, timestamptz) is
  'A user with how it signs in, its latest sessions and its keys; of a sign-up that waits, the buyers whose user it '
  'may be. LG404 for none.';
