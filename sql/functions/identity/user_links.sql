-- What links in e-mails do: sign-ups are verified, passwords are set anew.

create or replace function identity.use_token(p_token_hash text, p_purposes text[])
returns leadgen.users
language plpgsql
volatile
as $$
-- The user is locked before the token is looked at: of two clicks at once the second finds it used.
declare
  v_now constant timestamptz := leadgen.clock();
  v_user leadgen.users;
  v_purpose text;
begin
  select u.* into v_user
  from leadgen.users u
  join leadgen.user_tokens t on t.user_id = u.id
  where t.token_hash = p_token_hash and t.purpose = any (p_purposes)
  for update of u;
  update leadgen.user_tokens t set used_at = v_now
  where t.token_hash = p_token_hash and t.user_id = v_user.id and t.used_at is null and t.expires_at > v_now
  returning t.purpose into v_purpose;
  if v_purpose is null or v_user.status not in ('active', 'pending') then
    perform kernel.refuse('LG404', 'The link is not valid: it was used, has expired, or never was one', 'token',
      'another text', 'the token of a link in the latest e-mail', 'Ask for a new link.');
  end if;
  update leadgen.user_tokens t set used_at = v_now
  where t.user_id = v_user.id and t.purpose = v_purpose and t.used_at is null;
  return v_user;
end;
$$;
comment on function identity.use_token(text, text[]) is
  'The user, locked, whose link this is, if it can be used for one of these purposes: it, and the others of its '
  'purpose, are used up. LG404 otherwise.';

create or replace function identity.sign_up(
  p_email text,
  p_name text,
  p_company text,
  p_phone text,
  p_salt bytea,
  p_digest bytea,
  p_address text
)
returns integer
language plpgsql
volatile
as $$
-- Whether the address has a user is told to whoever reads its mail, and to nobody else. A second sign-up before the
-- first is verified changes nothing of the first: nobody puts a password of theirs behind a link that somebody else
-- expects.
declare
  v_now constant timestamptz := leadgen.clock();
  v_email constant text := identity.read_user_email(p_email);
  v_user leadgen.users;
  v_wait integer;
begin
  perform identity.check_text('name', p_name, 200, true);
  perform identity.check_text('company', p_company, 200, false);
  perform identity.check_text('phone', p_phone, 40, false);
  v_wait := identity.take_mail_try(identity.read_network(p_address));
  if v_wait > 0 then
    return v_wait;
  end if;
  insert into leadgen.users as u (created_at, email, name, company, phone, role, member_kind)
  values (v_now, v_email, btrim(p_name), btrim(p_company), btrim(p_phone), 'buyer', 'owner')
  on conflict on constraint users_email_unique do nothing
  returning u.* into v_user;
  if v_user.id is not null then
    perform identity.write_password(v_user.id, p_salt, p_digest);
    perform identity.queue_mail(v_user.id, 'verify');
    perform catalog.note_action('user_signed_up', format('user %s', v_user.id), null,
      format('user %s signed up as a buyer: `leadgen user approve` once it is verified', v_user.id),
      jsonb_build_object('user_id', v_user.id));
    return 0;
  end if;
  select u.* into v_user from leadgen.users u where u.email = v_email;
  if v_user.status in ('pending', 'active') then
    perform identity.queue_mail(v_user.id, case
      when v_user.verified_at is not null then 'exists'
      when v_user.approved_at is null then 'verify' else 'invite' end);
  end if;
  return 0;
end;
$$;
comment on function identity.sign_up(text, text, text, text, bytea, bytea, text) is 'The work of leadgen.sign_up.';

create or replace function identity.verify_user(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user leadgen.users := identity.use_token(p_token_hash, '{verify}');
begin
  update leadgen.users u set verified_at = coalesce(u.verified_at, leadgen.clock())
  where u.id = v_user.id
  returning u.* into v_user;
  if v_user.status = 'pending' and v_user.approved_at is not null then
    perform identity.settle_user(v_user, 'active', 'verified');
  end if;
  return jsonb_build_object('status', (select u.status from leadgen.users u where u.id = v_user.id));
end;
$$;
comment on function identity.verify_user(text) is 'The work of leadgen.verify_user.';

create or replace function identity.forgot_password(p_email text, p_address text)
returns integer
language plpgsql
volatile
as $$
-- The caller learns nothing. A user that was invited and never came gets its invitation again.
declare
  v_wait constant integer := identity.take_mail_try(identity.read_network(p_address));
  v_user leadgen.users;
begin
  if v_wait > 0 then
    return v_wait;
  end if;
  select u.* into v_user from leadgen.users u where u.email = ref.read_email(left(p_email, 1000));
  if v_user.status = 'active' then
    perform identity.queue_mail(v_user.id, 'reset');
  elsif v_user.status = 'pending' and v_user.approved_at is not null and v_user.verified_at is null then
    perform identity.queue_mail(v_user.id, 'invite');
  end if;
  return 0;
end;
$$;
comment on function identity.forgot_password(text, text) is 'The work of leadgen.forgot_password.';

create or replace function identity.reset_password(p_token_hash text, p_salt bytea, p_digest bytea, p_device_hash text)
returns jsonb
language plpgsql
volatile
as $$
-- Whoever opens the link reads the user's mail. That verifies an invitation, and makes the browser a known one. It does
-- not stand in for a code: has_totp stays.
declare
  v_now constant timestamptz := leadgen.clock();
  v_user leadgen.users := identity.use_token(p_token_hash, '{invite,reset}');
begin
  perform identity.change_password(v_user, p_salt, p_digest, 'by a link');
  perform identity.keep_device(v_user.id, null, p_device_hash);
  if v_user.status = 'pending' and v_user.approved_at is not null then
    update leadgen.users u set verified_at = v_now where u.id = v_user.id returning u.* into v_user;
    perform identity.settle_user(v_user, 'active', 'the invitation was accepted');
  end if;
  return jsonb_build_object('status', (select u.status from leadgen.users u where u.id = v_user.id));
end;
$$;
comment on function identity.reset_password(text, bytea, bytea, text) is 'The work of leadgen.reset_password.';

create or replace function identity.send_reset(p_user_id bigint)
returns text
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.lock_user(p_user_id);
  v_kind constant text := case v_user.status when 'active' then 'reset' else 'invite' end;
begin
  perform identity.check_may_set_password(v_user);
  if v_kind = 'invite' then
    perform identity.send_invitation(p_user_id);
  else
    perform identity.queue_mail(p_user_id, v_kind);
  end if;
  perform catalog.note_action('user_reset_sent', format('user %s', p_user_id), v_user.buyer_id,
    format('user %s is sent a link to set a password', p_user_id), jsonb_build_object('user_id', p_user_id));
  return v_kind;
end;
$$;
comment on function identity.send_reset(bigint) is 'The work of leadgen.send_reset.';
