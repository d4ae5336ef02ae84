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
  perform identity.queue_mail(v_user.id, 'invite');
  perform catalog.note_action('user_invited', format('user %s', v_user.id), v_user.buyer_id,
    format('user %s was invited as %s', v_user.id, p_role), jsonb_build_object('user_id', v_user.id, 'role', p_role));
  return v_user.id;
end;
$$;
comment on function identity.add_invited_user(text, text, text, bigint, bigint, text) is
  'Makes a user that is sent a link; returns its id. LG400, LG404, LG409.';
