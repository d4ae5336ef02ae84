-- E-mails to users, and the tokens of the links in them. A mail is a row that says what is due to whom; the worker
-- that claims it brings a new token's hash along, so no token is ever in the database, and each attempt has a token
-- of its own.

create or replace function identity.queue_mail(p_user_id bigint, p_kind text)
returns void
language plpgsql
volatile
as $$
-- Nobody is flooded: one that is due is enough, and three of a kind an hour. Of what a stranger may ask for the fourth
-- is none; of what has changed it comes later, or whoever changed it three times more would not be noticed.
declare
  v_now constant timestamptz := leadgen.clock();
  v_third constant timestamptz := (
    select m.created_at from leadgen.user_mails m
    where m.user_id = p_user_id and m.kind = p_kind and m.created_at > v_now - interval '1 hour'
    order by m.created_at desc
    offset 2 limit 1);
begin
  insert into leadgen.user_mails (created_at, user_id, kind, due_at)
  select v_now, p_user_id, p_kind, coalesce(v_third + interval '1 hour', v_now)
  where not exists (
    select from leadgen.user_mails m where m.user_id = p_user_id and m.kind = p_kind and m.due_at is not null
  ) and (
    v_third is null or p_kind not in ('verify', 'invite', 'reset', 'exists', 'invited_elsewhere', 'approved'));
end;
$$;
comment on function identity.queue_mail(bigint, text) is
  'A worker will write to the user; not when such a mail is due already. A fourth in an hour waits, if it says what was '
  'changed, or is none.';

create or replace function identity.tell_owners(p_buyer_id bigint, p_kind text)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  perform identity.queue_mail(o.id, p_kind)
  from (
    select u.id from leadgen.users u
    where u.buyer_id = p_buyer_id and u.member_kind = 'owner' and u.status = 'active'
    order by u.id) o;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function identity.tell_owners(bigint, text) is
  'A worker will write to each active owner of a buyer; how many they are.';

create or replace function identity.claim_user_mails(p_token_hashes text[])
returns table (mail_id bigint, kind text, email text, name text, message_id uuid, token_hash text)
language plpgsql
volatile
as $$
-- A claim moves the row on by longer than a mail takes. In a copy nothing is claimed: its users would get links that
-- lead to another system. All tokens that were sent stay valid until one is used: the mail of an attempt that failed
-- may have arrived.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  if catalog.is_copy() then
    return;
  end if;
  return query
  with due as (
    select m.id from leadgen.user_mails m
    where m.due_at <= v_now
    order by m.due_at, m.id
    limit cardinality(p_token_hashes)
    for no key update skip locked
  ),
  claimed as (
    update leadgen.user_mails m
    set tries = m.tries + 1, due_at = v_now + interval '2 minutes'
    from due
    where m.id = due.id
    returning m.id, m.user_id, m.kind, m.message_id
  ),
  named as (
    select c.*, p_token_hashes[row_number() over (order by c.id)] as token_hash from claimed c
  ),
  made as (
    insert into leadgen.user_tokens (created_at, user_id, purpose, token_hash, expires_at)
    select v_now, n.user_id, n.kind, n.token_hash, v_now + identity.find_lifetime(n.kind)
    from named n
    where n.kind in ('verify', 'invite', 'reset')
  )
  select n.id, n.kind, u.email::text, u.name::text, n.message_id, n.token_hash
  from named n
  join leadgen.users u on u.id = n.user_id
  order by n.id;
end;
$$;
comment on function identity.claim_user_mails(text[]) is 'The work of leadgen.claim_user_mails.';

create or replace function identity.find_lifetime(p_purpose text)
returns interval
language plpgsql
immutable strict parallel safe
as $$
begin
  return case p_purpose
    when 'verify' then interval '1 day'
    when 'invite' then interval '7 days'
    else interval '1 hour' end;
end;
$$;
comment on function identity.find_lifetime(text) is 'How long the link of an e-mail can be used.';

create or replace function identity.make_user_link(p_user_id bigint, p_token_hash text)
returns text
language plpgsql
volatile
as $$
-- In the place of the e-mail, which is not sent then.
declare
  v_now constant timestamptz := leadgen.clock();
  v_user constant leadgen.users := identity.lock_user(p_user_id);
  v_kind constant text := case v_user.status when 'active' then 'reset' else 'invite' end;
begin
  perform identity.check_may_set_password(v_user);
  if v_user.wanted_email is not null then
    perform kernel.refuse('LG409', format('The address of user %s has another user', p_user_id), 'user_id',
      'a user that waits for its address', 'a user that has one', 'Stop it, and invite another address.');
  end if;
  insert into leadgen.user_tokens (created_at, user_id, purpose, token_hash, expires_at)
  values (v_now, p_user_id, v_kind, p_token_hash, v_now + identity.find_lifetime(v_kind));
  update leadgen.user_mails m set due_at = null, last_error = 'the link was shown to an operator'
  where m.user_id = p_user_id and m.kind = v_kind and m.due_at is not null;
  perform catalog.note_action('user_link_made', format('user %s', p_user_id), v_user.buyer_id,
    format('an operator was shown a link by which user %s sets a password', p_user_id),
    jsonb_build_object('user_id', p_user_id, 'purpose', v_kind));
  return v_kind;
end;
$$;
comment on function identity.make_user_link(bigint, text) is 'The work of leadgen.make_user_link.';

create or replace function identity.check_may_set_password(p_user leadgen.users)
returns void
language plpgsql
immutable
as $$
begin
  if p_user.status not in ('active', 'pending') or p_user.approved_at is null then
    perform kernel.refuse('LG409', format('User %s cannot set a password', p_user.id), 'user_id',
      p_user.status, 'a user that is active or invited');
  end if;
end;
$$;
comment on function identity.check_may_set_password(leadgen.users) is
  'Raises LG409 for a user who is stopped, or was never approved.';

create or replace function identity.record_user_mail(p_mail_id bigint, p_outcome text, p_error text)
returns void
language plpgsql
volatile
as $$
-- Some three hours of tries; then it is given up, and the user asks again.
declare
  c_tries constant integer := 9;
  v_now constant timestamptz := leadgen.clock();
begin
  if p_outcome in ('sent', 'failed', 'refused') is not true then
    perform kernel.refuse('LG400', 'There is no such outcome', 'outcome', coalesce(left(p_outcome, 30), 'null'),
      'sent, failed, refused');
  end if;
  update leadgen.user_mails m
  set
    sent_at = case p_outcome when 'sent' then v_now end,
    last_error = case when p_outcome <> 'sent' then left(p_error, 200) end,
    due_at = case when p_outcome = 'failed' and m.tries < c_tries then v_now + interval '30 seconds' * 2 ^ m.tries end
  where m.id = p_mail_id and m.due_at is not null;
end;
$$;
comment on function identity.record_user_mail(bigint, text, text) is 'The work of leadgen.record_user_mail.';

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
