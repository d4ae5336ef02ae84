-- Users: who there is, and what may happen to them. See sql/tables/people.sql.

create or replace function identity.lock_user(p_user_id bigint)
returns leadgen.users
language plpgsql
volatile
as $$
declare
  v_user leadgen.users;
begin
  select u.* into v_user from leadgen.users u where u.id = p_user_id for update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such user', 'user_id', p_user_id::text, 'the id of a user',
      '`leadgen user list` shows them.');
  end if;
  return v_user;
end;
$$;
comment on function identity.lock_user(bigint) is
  'The user, locked: whoever changes it, or lets it in, holds this lock first. LG404 when there is none.';

create or replace function identity.read_reason(p_reason text)
returns text
language plpgsql
immutable
as $$
begin
  if (btrim(p_reason) <> '' and length(p_reason) <= 300 and p_reason !~ '[[:cntrl:]]') is not true then
    perform kernel.refuse('LG400', 'Say why', 'reason', case when p_reason is null then 'null' else 'another text' end,
      '1 to 300 characters, none of them control characters; no names: it is kept');
  end if;
  return btrim(p_reason);
end;
$$;
comment on function identity.read_reason(text) is 'Why something is done to a user; LG400 when nothing is said.';

create or replace function identity.read_user_email(p_email text)
returns text
language plpgsql
immutable
as $$
declare
  v_email constant text := ref.read_email(left(p_email, 1000));
begin
  if ref.is_email(v_email) is not true then
    perform kernel.refuse('LG400', 'The e-mail address is not well-formed', 'email', 'another text',
      'an address such as ann@example.com, of at most 200 characters');
  end if;
  return v_email;
end;
$$;
comment on function identity.read_user_email(text) is
  'The address of a user, as users.email has it; LG400 when it is none. What was found is not repeated: it is '
  'personal.';

create or replace function identity.check_text(p_field text, p_text text, p_most integer, p_is_needed boolean)
returns void
language plpgsql
immutable
as $$
begin
  if p_text is null and not p_is_needed then
    return;
  elsif (btrim(p_text) <> '' and length(p_text) <= p_most and p_text !~ '[[:cntrl:]]') is not true then
    perform kernel.refuse('LG400', format('%s is not acceptable', p_field), p_field,
      case when p_text is null then 'nothing' else kernel.count_of(length(p_text), 'character') end,
      format('1 to %s characters, none of them control characters', p_most));
  end if;
end;
$$;
comment on function identity.check_text(text, text, integer, boolean) is
  'Raises LG400 for a text of a user that is too long, blank or odd.';

create or replace function identity.check_role_field(
  p_role text,
  p_wants_it text,
  p_field text,
  p_value text,
  p_allowed text
)
returns void
language plpgsql
immutable
as $$
begin
  if p_role = p_wants_it and p_value is null then
    perform kernel.refuse('LG400', format('A user with the role %s needs a %s', p_role, p_field), p_field, 'nothing',
      p_allowed);
  elsif p_role <> p_wants_it and p_value is not null then
    perform kernel.refuse('LG400', format('A user with the role %s has no %s', p_role, p_field), p_field,
      left(p_value, 30), format('nothing: only users with the role %s have one', p_wants_it));
  end if;
end;
$$;
comment on function identity.check_role_field(text, text, text, text, text) is
  'Raises LG400 for a field that the role needs and that is missing, or that another role has.';

create or replace function identity.check_holder(p_role text, p_buyer_id bigint, p_source_id bigint, p_member_kind text)
returns void
language plpgsql
stable
as $$
-- The role decides what else is said. Buyer and source are looked up, so that the refusal names the field.
begin
  if p_role in ('admin', 'operator', 'analyst', 'finance', 'buyer', 'source') is not true then
    perform kernel.refuse('LG400', 'There is no such role', 'role', coalesce(left(p_role, 30), 'null'),
      'admin, operator, analyst, finance, buyer, source');
  end if;
  perform identity.check_role_field(p_role, 'buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  perform identity.check_role_field(p_role, 'source', 'source_id', p_source_id::text, 'the id of a source');
  perform identity.check_role_field(p_role, 'buyer', 'member_kind', p_member_kind, 'owner or member');
  if p_member_kind not in ('owner', 'member') then
    perform kernel.refuse('LG400', 'There is no such kind of member', 'member_kind', left(p_member_kind, 30),
      'owner, member');
  end if;
  if p_buyer_id is not null and not exists (select from leadgen.buyers b where b.id = p_buyer_id) then
    perform kernel.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  elsif p_source_id is not null and not exists (select from leadgen.sources s where s.id = p_source_id) then
    perform kernel.refuse('LG404', 'There is no such source', 'source_id', p_source_id::text, 'the id of a source');
  end if;
end;
$$;
comment on function identity.check_holder(text, bigint, bigint, text) is
  'Raises LG400 unless buyer, source and kind of member are given exactly where the role wants them, LG404 for '
  'one that is not there.';

create or replace function identity.settle_user(
  p_user leadgen.users,
  p_status text,
  p_reason text,
  p_revokes_keys boolean default false
)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.users u set status = p_status where u.id = p_user.id;
  if p_user.status = 'active' then
    perform identity.end_sessions(p_user.id, 'status');
    perform identity.end_user_keys(p_user.id);
  end if;
  perform catalog.note_action('user_status_changed', format('user %s', p_user.id), p_user.buyer_id,
    format('user %s is %s, was %s: %s', p_user.id, p_status, p_user.status, p_reason),
    jsonb_build_object('user_id', p_user.id, 'is', p_status, 'was', p_user.status, 'reason', p_reason));
  if p_status in ('suspended', 'deactivated') then
    perform identity.settle_keys_left(p_user, p_revokes_keys);
  end if;
end;
$$;
comment on function identity.settle_user(leadgen.users, text, text, boolean) is
  'Moves a locked user to a status, ends its sessions where it was active, and writes the event: by whom and why. Of '
  'keys of its buyer that a stopped user made, people are told, or they are revoked.';

create or replace function identity.check_admin_stays(p_user_id bigint)
returns void
language plpgsql
volatile
as $$
-- All active admins are locked, by id: of two who stop each other at once the second is refused.
begin
  perform from leadgen.users u where u.role = 'admin' and u.status = 'active' order by u.id for update;
  if exists (select from leadgen.users u where u.id = p_user_id and u.role = 'admin' and u.status = 'active')
    and not exists (
      select from leadgen.users u where u.id <> p_user_id and u.role = 'admin' and u.status = 'active') then
    perform kernel.refuse('LG409', format('User %s is the only active admin', p_user_id), 'user_id', 'the only one',
      'a user beside whom there is an active admin', 'Let another admin in first: `leadgen user create`.');
  end if;
end;
$$;
comment on function identity.check_admin_stays(bigint) is
  'Raises LG409 for the only active admin: somebody must be able to let people in.';

create or replace function identity.change_user_status(
  p_user_id bigint,
  p_status text,
  p_reason text,
  p_revokes_keys boolean default false,
  p_by_owner boolean default false
)
returns text
language plpgsql
volatile
as $$
-- Whoever was deactivated before it was verified or approved waits for that again. A suspension is the operator's: an
-- owner of the buyer lets nobody in again whom the operator has suspended.
declare
  v_reason constant text := identity.read_reason(p_reason);
  v_user leadgen.users;
  v_is_ready boolean;
  v_status text;
begin
  if p_status in ('suspended', 'deactivated') then
    perform identity.check_admin_stays(p_user_id);
  end if;
  v_user := identity.lock_user(p_user_id);
  v_is_ready := v_user.verified_at is not null and v_user.approved_at is not null;
  v_status := case when p_status = 'active' and not v_is_ready then 'pending' else p_status end;
  if p_status in ('active', 'suspended', 'deactivated') is not true then
    perform kernel.refuse('LG400', 'There is no such status to move to', 'status', coalesce(left(p_status, 30), 'null'),
      'active, suspended, deactivated');
  elsif p_by_owner and 'suspended' in (p_status, v_user.status) then
    perform kernel.refuse('LG403', 'Suspensions are the operator''s', 'status', 'suspended',
      'active, deactivated, of a user who is not suspended');
  elsif p_status = 'active' and v_user.status = 'pending' then
    perform kernel.refuse('LG409', format('User %s is not verified and approved', p_user_id), 'status', v_user.status,
      'a user that is both', 'leadgen.approve_user approves a sign-up; the link in the e-mail verifies it.');
  elsif v_user.status = v_status then
    if p_revokes_keys then
      perform identity.settle_keys_left(v_user, true);
    end if;
    return null;
  end if;
  perform identity.settle_user(v_user, v_status, v_reason, p_revokes_keys);
  return v_status;
end;
$$;
comment on function identity.change_user_status(bigint, text, text, boolean, boolean) is
  'The work of leadgen.change_user_status; p_by_owner: for an owner of the user''s buyer.';

create or replace function identity.approve_user(p_user_id bigint, p_buyer_id bigint, p_member_kind text)
returns text
language plpgsql
volatile
as $$
-- Approved before it is verified, it becomes active with the click on the link.
declare
  v_user leadgen.users := identity.lock_user(p_user_id);
begin
  if v_user.status <> 'pending' or v_user.approved_at is not null then
    perform kernel.refuse('LG409', format('User %s is no sign-up that waits', p_user_id), 'user_id',
      v_user.status || case when v_user.approved_at is null then '' else ', approved' end, 'pending, not approved');
  end if;
  perform identity.check_holder('buyer', p_buyer_id, null, p_member_kind);
  update leadgen.users u
  set buyer_id = p_buyer_id, member_kind = p_member_kind, approved_at = leadgen.clock()
  where u.id = p_user_id
  returning u.* into v_user;
  perform catalog.note_action('user_approved', format('user %s', p_user_id), p_buyer_id,
    format('user %s was approved as %s of buyer %s', p_user_id, p_member_kind, p_buyer_id),
    jsonb_build_object('user_id', p_user_id, 'member_kind', p_member_kind));
  if v_user.verified_at is null then
    return 'pending';
  end if;
  perform identity.settle_user(v_user, 'active', 'approved');
  perform identity.queue_mail(p_user_id, 'approved');
  return 'active';
end;
$$;
comment on function identity.approve_user(bigint, bigint, text) is 'The work of leadgen.approve_user.';

create or replace function identity.describe_user(p_user leadgen.users)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'id', p_user.id, 'email', coalesce(p_user.wanted_email, p_user.email), 'name', p_user.name,
    'role', p_user.role, 'status', p_user.status,
    'buyer_id', p_user.buyer_id, 'source_id', p_user.source_id, 'member_kind', p_user.member_kind,
    'has_totp', exists (select from leadgen.user_totp t where t.user_id = p_user.id and t.confirmed_at is not null));
end;
$$;
comment on function identity.describe_user(leadgen.users) is 'A user as it sees itself.';
