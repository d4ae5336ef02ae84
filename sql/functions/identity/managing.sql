-- Users managed by people: an admin manages all, an owner of a buyer its users. Each by a session.

create or replace function identity.open_manager(p_token_hash text, p_changes boolean)
returns leadgen.users
language plpgsql
volatile
as $$
declare
  v_open record;
  v_manager leadgen.users;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  v_manager := v_open.holder;
  if (v_manager.role = 'admin' or v_manager.member_kind = 'owner') is not true then
    perform kernel.refuse('LG403', 'Users are managed by admins, and a buyer''s by its owners', 'role', v_manager.role,
      'admin, or owner of a buyer');
  elsif p_changes then
    perform identity.check_fresh(v_open.session);
  end if;
  return v_manager;
end;
$$;
comment on function identity.open_manager(text, boolean) is
  'The user of a session who manages users; LG401, LG403 for another, and for an old session where something '
  'changes.';

create or replace function identity.check_manages(p_manager leadgen.users, p_user_id bigint)
returns void
language plpgsql
stable
as $$
begin
  if p_manager.id = p_user_id then
    perform kernel.refuse('LG409', 'You cannot manage your own user', 'user_id', 'your own', 'the id of another user');
  elsif not exists (
    select from leadgen.users u
    where u.id = p_user_id and (p_manager.role = 'admin' or u.buyer_id = p_manager.buyer_id)
  ) then
    perform kernel.refuse('LG404', 'There is no such user', 'user_id', p_user_id::text, 'the id of a user you manage');
  end if;
end;
$$;
comment on function identity.check_manages(leadgen.users, bigint) is
  'Raises LG404 for a user that this one does not manage: whether there is one is not said. LG409 for itself.';

create or replace function identity.describe_managed(p_user leadgen.users)
returns jsonb
language plpgsql
stable
as $$
begin
  return identity.describe_user(p_user) || jsonb_build_object(
    'bindings', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'issuer', b.issuer, 'created_at', b.created_at, 'used_at', b.used_at) order by b.id), '[]')
      from leadgen.user_bindings b where b.user_id = p_user.id),
    'company', p_user.company, 'phone', p_user.phone, 'created_at', p_user.created_at,
    'verified_at', p_user.verified_at, 'approved_at', p_user.approved_at, 'signed_in_at', p_user.signed_in_at);
end;
$$;
comment on function identity.describe_managed(leadgen.users) is 'A user as those see it who manage it.';

create or replace function identity.list_users_for(p_token_hash text, p_status text, p_after_id bigint, p_limit integer)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_manager constant leadgen.users := identity.open_manager(p_token_hash, false);
begin
  return coalesce((
    select jsonb_agg(identity.describe_managed(u) order by u.id)
    from (
      select o.* from leadgen.users o
      where (v_manager.role = 'admin' or o.buyer_id = v_manager.buyer_id)
        and (p_status is null or o.status = p_status) and o.id > coalesce(p_after_id, 0)
      order by o.id
      limit least(p_limit, 100)
    ) u), '[]');
end;
$$;
comment on function identity.list_users_for(text, text, bigint, integer) is 'The work of leadgen.list_users_for.';

create or replace function identity.invite_user_for(
  p_token_hash text,
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_manager constant leadgen.users := identity.open_manager(p_token_hash, true);
  v_buyer_id constant bigint := case when v_manager.role = 'admin' then p_buyer_id
    else coalesce(p_buyer_id, v_manager.buyer_id) end;
  v_user_id bigint;
begin
  if v_manager.role <> 'admin' and p_role is distinct from 'buyer' then
    perform kernel.refuse('LG400', 'An owner invites users of its buyer', 'role', coalesce(left(p_role, 30), 'null'),
      'buyer');
  elsif v_manager.role <> 'admin' and p_source_id is not null then
    perform identity.check_role_field('buyer', 'source', 'source_id', p_source_id::text, 'the id of a source');
  elsif v_manager.role <> 'admin' and v_buyer_id <> v_manager.buyer_id then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', v_buyer_id::text, 'your own, or nothing');
  end if;
  v_user_id := case v_manager.role
    when 'admin' then identity.invite_user(p_email, p_name, p_role, v_buyer_id, p_source_id, p_member_kind)
    else identity.invite_member(v_buyer_id, p_email, p_name, p_member_kind) end;
  return identity.describe_managed((select u from leadgen.users u where u.id = v_user_id));
end;
$$;
comment on function identity.invite_user_for(text, text, text, text, bigint, bigint, text) is
  'The work of leadgen.invite_user_for.';

create or replace function identity.approve_user_for(
  p_token_hash text,
  p_user_id bigint,
  p_buyer_id bigint,
  p_member_kind text
)
returns jsonb
language plpgsql
volatile
as $$
-- A sign-up has no buyer yet, so only an admin sees it.
begin
  perform identity.check_manages(identity.open_manager(p_token_hash, true), p_user_id);
  perform identity.approve_user(p_user_id, p_buyer_id, p_member_kind);
  return identity.describe_managed((select u from leadgen.users u where u.id = p_user_id));
end;
$$;
comment on function identity.approve_user_for(text, bigint, bigint, text) is 'The work of leadgen.approve_user_for.';

create or replace function identity.change_user_status_for(
  p_token_hash text,
  p_user_id bigint,
  p_status text,
  p_reason text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_manager constant leadgen.users := identity.open_manager(p_token_hash, true);
begin
  perform identity.check_manages(v_manager, p_user_id);
  perform identity.change_user_status(p_user_id, p_status, p_reason, false, v_manager.role <> 'admin');
  return identity.describe_managed((select u from leadgen.users u where u.id = p_user_id));
end;
$$;
comment on function identity.change_user_status_for(text, bigint, text, text) is
  'The work of leadgen.change_user_status_for.';

create or replace function identity.send_reset_for(p_token_hash text, p_user_id bigint)
returns text
language plpgsql
volatile
as $$
begin
  perform identity.check_manages(identity.open_manager(p_token_hash, true), p_user_id);
  return identity.send_reset(p_user_id);
end;
$$;
comment on function identity.send_reset_for(text, bigint) is 'The work of leadgen.send_reset_for.';

create or replace function identity.revoke_user_sessions_for(p_token_hash text, p_user_id bigint)
returns integer
language plpgsql
volatile
as $$
begin
  perform identity.check_manages(identity.open_manager(p_token_hash, true), p_user_id);
  return identity.revoke_user_sessions(p_user_id);
end;
$$;
comment on function identity.revoke_user_sessions_for(text, bigint) is 'The work of leadgen.revoke_user_sessions_for.';
