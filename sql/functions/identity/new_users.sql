-- New users that operators want: made with a password, or invited. Sign-ups are in user_mails.sql.

create or replace function identity.add_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text,
  p_is_verified boolean
)
returns leadgen.users
language plpgsql
volatile
as $$
-- `on conflict`, because a unique violation would write the address into the server's log.
declare
  v_now constant timestamptz := leadgen.clock();
  v_user leadgen.users;
begin
  perform identity.check_text('name', p_name, 200, true);
  perform identity.check_holder(p_role, p_buyer_id, p_source_id, p_member_kind);
  insert into leadgen.users as u (
    created_at, email, name, role, buyer_id, source_id, member_kind, status, verified_at, approved_at)
  values (
    v_now, identity.read_user_email(p_email), btrim(p_name), p_role, p_buyer_id, p_source_id, p_member_kind,
    case when p_is_verified then 'active' else 'pending' end, case when p_is_verified then v_now end, v_now)
  on conflict on constraint users_email_unique do nothing
  returning u.* into v_user;
  if v_user.id is null then
    perform kernel.refuse('LG409', 'The e-mail address has a user', 'email', 'the address of a user',
      'an address that no user has', '`leadgen user list` shows the users.');
  end if;
  return v_user;
end;
$$;
comment on function identity.add_user(text, text, text, bigint, bigint, text, boolean) is
  'Makes a user that an operator wants: active if it is verified, else pending. LG400, LG404, and LG409 for an '
  'address that has one.';

create or replace function identity.free_address(p_email text)
returns void
language plpgsql
volatile
as $$
-- Of these the retention rule sign_ups deletes what is a week old.
begin
  delete from leadgen.users u
  where u.email = identity.read_user_email(p_email)
    and u.status = 'pending' and u.verified_at is null and u.approved_at is null;
end;
$$;
comment on function identity.free_address(text) is
  'Deletes the sign-up with an address that nobody has verified or approved: a stranger who types the address of '
  'somebody who is to be invited is not in the way.';

create or replace function identity.create_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text,
  p_salt bytea,
  p_digest bytea
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user leadgen.users;
begin
  perform identity.free_address(p_email);
  v_user := identity.add_user(p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind, true);
  perform identity.write_password(v_user.id, p_salt, p_digest);
  perform catalog.note_action('user_created', format('user %s', v_user.id), v_user.buyer_id,
    format('user %s was created as %s', v_user.id, p_role), jsonb_build_object('user_id', v_user.id, 'role', p_role));
  return v_user.id;
end;
$$;
comment on function identity.create_user(text, text, text, bigint, bigint, text, bytea, bytea) is
  'The work of leadgen.create_user.';

create or replace function identity.invite_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text
)
returns bigint
language plpgsql
volatile
as $$
begin
  perform identity.free_address(p_email);
  return identity.add_invited_user(p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind);
end;
$$;
comment on function identity.invite_user(text, text, text, bigint, bigint, text) is 'The work of leadgen.invite_user.';

create or replace function identity.add_invited_user(
  p_email text,
  p_name text,
  p_role text,
  p_buyer_id bigint,
  p_source_id bigint,
  p_member_kind text
)
returns bigint
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.add_user(
    p_email, p_name, p_role, p_buyer_id, p_source_id, p_member_kind, false);
begin
  perform identity.send_invitation(v_user.id);
  perform catalog.note_action('user_invited', format('user %s', v_user.id), v_user.buyer_id,
    format('user %s was invited as %s', v_user.id, p_role), jsonb_build_object('user_id', v_user.id, 'role', p_role));
  return v_user.id;
end;
$$;
comment on function identity.add_invited_user(text, text, text, bigint, bigint, text) is
  'Makes a user that is sent a link; returns its id. LG400, LG404, LG409.';

create or replace function identity.check_invitations(p_buyer_id bigint)
returns void
language plpgsql
volatile
as $$
-- Its owners are locked, by id: of two who invite at once the second sees the first one's.
declare
  v_most constant integer := (select s.invitations_per_day from leadgen.settings s);
  v_count integer;
begin
  perform from leadgen.users u
  where u.buyer_id = p_buyer_id and u.member_kind = 'owner' and u.status = 'active'
  order by u.id
  for update;
  v_count := (
    select count(*) from leadgen.users u
    where u.buyer_id = p_buyer_id and u.created_at > leadgen.clock() - interval '1 day');
  if v_count >= v_most then
    perform kernel.refuse('LG409', 'Too many users were invited today', 'invitations',
      kernel.count_of(v_count, 'new user') || ' within 24 hours', format('%s for each buyer', v_most),
      'Go on tomorrow, or ask the operator, whose settings.invitations_per_day says how many.');
  end if;
end;
$$;
comment on function identity.check_invitations(bigint) is
  'Raises LG409 when a buyer has as many new users of the last 24 hours as its owners may invite.';

create or replace function identity.invite_member(
  p_buyer_id bigint,
  p_email text,
  p_name text,
  p_member_kind text
)
returns bigint
language plpgsql
volatile
as $$
-- Who invites does not learn who has a user elsewhere. Where the address has one, the new user waits under a
-- placeholder, looks like any other that was invited, and the person hears of it by e-mail.
declare
  v_now constant timestamptz := leadgen.clock();
  v_email constant text := identity.read_user_email(p_email);
  v_id bigint;
begin
  perform identity.check_text('name', p_name, 200, true);
  perform identity.check_holder('buyer', p_buyer_id, null, p_member_kind);
  perform identity.check_invitations(p_buyer_id);
  if exists (
    select from leadgen.users u where u.buyer_id = p_buyer_id and v_email in (u.email, u.wanted_email)
  ) then
    perform kernel.refuse('LG409', 'The e-mail address has a user', 'email', 'the address of a user of this buyer',
      'an address that none of its users has');
  end if;
  insert into leadgen.users (created_at, email, name, role, buyer_id, member_kind, approved_at)
  values (v_now, v_email, btrim(p_name), 'buyer', p_buyer_id, p_member_kind, v_now)
  on conflict on constraint users_email_unique do nothing
  returning id into v_id;
  if v_id is null then
    insert into leadgen.users (created_at, email, wanted_email, name, role, buyer_id, member_kind, approved_at)
    values (v_now, format('%s@invited.invalid', gen_random_uuid()), v_email, btrim(p_name), 'buyer', p_buyer_id,
      p_member_kind, v_now)
    returning id into v_id;
  end if;
  perform identity.send_invitation(v_id);
  perform catalog.note_action('user_invited', format('user %s', v_id), p_buyer_id,
    format('user %s was invited as buyer', v_id), jsonb_build_object('user_id', v_id, 'role', 'buyer'));
  return v_id;
end;
$$;
comment on function identity.invite_member(bigint, text, text, text) is
  'Makes a user of a buyer that an owner invites; returns its id. LG400; LG409 for the address of a user of the same '
  'buyer, and for too many invitations.';

create or replace function identity.send_invitation(p_user_id bigint)
returns void
language plpgsql
volatile
as $$
-- An address that has become free is the user's from now on.
declare
  v_user leadgen.users;
  v_holder leadgen.users;
begin
  update leadgen.users u set email = u.wanted_email, wanted_email = null
  where u.id = p_user_id and u.wanted_email is not null
    and not exists (select from leadgen.users o where o.email = u.wanted_email);
  select u.* into v_user from leadgen.users u where u.id = p_user_id;
  if v_user.wanted_email is null then
    perform identity.queue_mail(p_user_id, 'invite');
    return;
  end if;
  select u.* into v_holder from leadgen.users u where u.email = v_user.wanted_email;
  if v_holder.status in ('pending', 'active') then
    perform identity.queue_mail(v_holder.id, 'invited_elsewhere');
  end if;
end;
$$;
comment on function identity.send_invitation(bigint) is
  'A worker will send an invited user its link; where another user has the address, tell that one that it was invited.';
