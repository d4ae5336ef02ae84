-- Roles of users: who works in the house may do something else there; whose user somebody is does not change.

create or replace function identity.list_next_roles(p_user leadgen.users)
returns text[]
language plpgsql
immutable
as $$
begin
  return case p_user.role
    when 'buyer' then '{buyer}'
    when 'source' then '{source}'
    else '{admin,operator,finance,analyst}' end::text[];
end;
$$;
comment on function identity.list_next_roles(leadgen.users) is
  'The roles that a user may have: one of the house any of the house; a user of a buyer or a source stays that.';

create or replace function identity.change_user_role(
  p_user_id bigint,
  p_role text,
  p_member_kind text,
  p_reason text
)
returns boolean
language plpgsql
volatile
as $$
-- The sessions end: what a session may do is asked at each call, but how long it lasts goes by the role.
declare
  v_reason constant text := identity.read_reason(p_reason);
  v_user leadgen.users;
begin
  if p_role is distinct from 'admin' then
    perform identity.check_admin_stays(p_user_id);
  end if;
  v_user := identity.lock_user(p_user_id);
  if (p_role = any (identity.list_next_roles(v_user))) is not true then
    perform kernel.refuse('LG400', format('User %s cannot have this role', p_user_id), 'role',
      coalesce(left(p_role, 30), 'nothing'), array_to_string(identity.list_next_roles(v_user), ', '),
      'Invite somebody as a user of a buyer or a source; a user does not become one.');
  elsif v_user.role = 'buyer' and v_user.buyer_id is null then
    perform kernel.refuse('LG409', format('User %s waits for approval', p_user_id), 'user_id', 'no buyer',
      'a user of a buyer', 'Approve it: that says what it is.');
  end if;
  perform identity.check_holder(p_role, v_user.buyer_id, v_user.source_id, p_member_kind);
  if (v_user.role, v_user.member_kind) is not distinct from (p_role, p_member_kind) then
    return false;
  end if;
  update leadgen.users u set role = p_role, member_kind = p_member_kind where u.id = p_user_id;
  perform identity.end_sessions(p_user_id, 'status');
  if v_user.member_kind = 'owner' then
    perform identity.settle_keys_left(v_user, false);
  end if;
  perform catalog.note_action('user_role_changed', format('user %s', p_user_id), v_user.buyer_id,
    format('user %s is %s, was %s: %s', p_user_id, coalesce(p_member_kind, p_role),
      coalesce(v_user.member_kind, v_user.role), v_reason),
    jsonb_build_object('user_id', p_user_id, 'is', coalesce(p_member_kind, p_role),
      'was', coalesce(v_user.member_kind, v_user.role), 'reason', v_reason));
  return true;
end;
$$;
comment on function identity.change_user_role(bigint, text, text, text) is
  'Gives a user another role of the house, or of a buyer''s the other kind of member (owner, member); its sessions '
  'end, and of a former owner the keys that it made are told of. False when it has that. LG400, LG404, LG409 for the '
  'only active admin and for a sign-up that waits.';
