-- Passkeys: keys in a device or a password manager, which sign a challenge for our host and for no other. The API
-- verifies the signature (SQL has no elliptic curves); who may come in by it is judged here: the challenge is one that
-- was given, and not yet used; the key is an active user's; its counter has not gone back, as that of a copy would.

create or replace function identity.give_challenge(p_challenge_hash text, p_user_id bigint)
returns void
language plpgsql
volatile
as $$
-- Those that nobody answered are gone after ten minutes.
begin
  delete from leadgen.user_challenges c
  where c.challenge_hash in (
    select o.challenge_hash from leadgen.user_challenges o
    where o.created_at < leadgen.clock() - interval '10 minutes'
    limit 100 for update skip locked);
  insert into leadgen.user_challenges (challenge_hash, created_at, user_id)
  values (p_challenge_hash, leadgen.clock(), p_user_id);
end;
$$;
comment on function identity.give_challenge(text, bigint) is
  'Remembers a challenge: to add a passkey to a user, or, without one, to sign in.';

create or replace function identity.start_passkey_sign_in(p_challenge_hash text)
returns void
language plpgsql
volatile
as $$
begin
  perform identity.give_challenge(p_challenge_hash, null);
end;
$$;
comment on function identity.start_passkey_sign_in(text) is 'The work of leadgen.start_passkey_sign_in.';

create or replace function identity.take_challenge(p_challenge_hash text, p_user_id bigint)
returns boolean
language plpgsql
volatile
as $$
begin
  delete from leadgen.user_challenges c
  where c.challenge_hash = p_challenge_hash and c.user_id is not distinct from p_user_id
    and c.created_at > leadgen.clock() - interval '5 minutes';
  return found;
end;
$$;
comment on function identity.take_challenge(text, bigint) is
  'Whether a challenge was given for this, in the last 5 minutes, and not yet used; it is used then.';

create or replace function identity.describe_passkey(p_passkey leadgen.user_passkeys)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'id', p_passkey.id, 'name', p_passkey.name, 'created_at', p_passkey.created_at, 'used_at', p_passkey.used_at);
end;
$$;
comment on function identity.describe_passkey(leadgen.user_passkeys) is 'A passkey as its user sees it.';

create or replace function identity.start_passkey(p_token_hash text, p_challenge_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  perform identity.give_challenge(p_challenge_hash, (v_open.holder).id);
  return jsonb_build_object(
    'user_id', (v_open.holder).id, 'email', (v_open.holder).email, 'name', (v_open.holder).name, 'known', coalesce((
      select jsonb_agg(encode(p.credential_id, 'hex') order by p.id)
      from leadgen.user_passkeys p where p.user_id = (v_open.holder).id), '[]'));
end;
$$;
comment on function identity.start_passkey(text, text) is 'The work of leadgen.start_passkey.';

create or replace function identity.add_passkey(
  p_token_hash text,
  p_challenge_hash text,
  p_name text,
  p_credential_id bytea,
  p_public_key bytea,
  p_sign_count bigint
)
returns jsonb
language plpgsql
volatile
as $$
declare
  c_most constant integer := 20;
  v_open record;
  v_user leadgen.users;
  v_passkey leadgen.user_passkeys;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  perform identity.check_text('name', p_name, 200, true);
  v_user := v_open.holder;
  if not identity.take_challenge(p_challenge_hash, v_user.id) then
    perform kernel.refuse('LG400', 'The passkey does not answer a challenge of ours', 'credential', 'another challenge',
      'the latest challenge, within 5 minutes, once', 'Ask for a new one.');
  elsif (select count(*) from leadgen.user_passkeys p where p.user_id = v_user.id) >= c_most then
    perform kernel.refuse('LG409', 'There are too many passkeys', 'passkeys', kernel.count_of(c_most, 'passkey'),
      format('%s for each user', c_most), 'Remove one that is not used any more.');
  end if;
  insert into leadgen.user_passkeys as p (created_at, user_id, name, credential_id, public_key, sign_count)
  values (leadgen.clock(), v_user.id, btrim(p_name), p_credential_id, p_public_key, p_sign_count)
  on conflict do nothing
  returning p.* into v_passkey;
  if v_passkey.id is null then
    perform kernel.refuse('LG409', 'The passkey is there already', 'credential', 'a passkey that is known',
      'a new one');
  end if;
  perform catalog.note_action('user_passkey_changed', format('user %s', v_user.id), v_user.buyer_id,
    format('user %s can sign in with passkey %s from now on', v_user.id, v_passkey.id),
    jsonb_build_object('user_id', v_user.id, 'passkey_id', v_passkey.id, 'is', 'added'));
  perform identity.queue_mail(v_user.id, 'passkey_added');
  return identity.describe_passkey(v_passkey);
end;
$$;
comment on function identity.add_passkey(text, text, text, bytea, bytea, bigint) is 'The work of leadgen.add_passkey.';

create or replace function identity.list_own_passkeys(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  return coalesce((
    select jsonb_agg(identity.describe_passkey(p) order by p.id)
    from leadgen.user_passkeys p where p.user_id = (v_open.holder).id), '[]');
end;
$$;
comment on function identity.list_own_passkeys(text) is 'The work of leadgen.list_own_passkeys.';

create or replace function identity.remove_passkeys(p_user leadgen.users, p_passkey_id bigint, p_how text)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  delete from leadgen.user_passkeys p
  where p.user_id = p_user.id and (p_passkey_id is null or p.id = p_passkey_id);
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform catalog.note_action('user_passkey_changed', format('user %s', p_user.id), p_user.buyer_id,
      format('%s of user %s removed %s', kernel.count_of(v_count, 'passkey'), p_user.id, p_how),
      jsonb_build_object('user_id', p_user.id, 'passkey_id', p_passkey_id, 'is', 'removed', 'how', p_how));
    perform identity.queue_mail(p_user.id, 'passkey_removed');
  end if;
  return v_count;
end;
$$;
comment on function identity.remove_passkeys(leadgen.users, bigint, text) is
  'Removes one passkey of a locked user, or all, with an event and an e-mail; how many.';

create or replace function identity.remove_own_passkey(p_token_hash text, p_passkey_id bigint)
returns void
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  if identity.remove_passkeys(v_open.holder, p_passkey_id, 'by the user') = 0 then
    perform kernel.refuse('LG404', 'There is no such passkey', 'passkey_id', p_passkey_id::text,
      'the id of one of your passkeys');
  end if;
end;
$$;
comment on function identity.remove_own_passkey(text, bigint) is 'The work of leadgen.remove_own_passkey.';

create or replace function identity.remove_user_passkeys(p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
as $$
begin
  return identity.remove_passkeys(identity.lock_user(p_user_id), null,
    'by an operator: ' || identity.read_reason(p_reason));
end;
$$;
comment on function identity.remove_user_passkeys(bigint, text) is 'The work of leadgen.remove_user_passkeys.';

create or replace function identity.find_passkey(p_credential_id bytea, out public_key bytea, out sign_count bigint)
language plpgsql
stable
as $$
begin
  select p.public_key, p.sign_count into public_key, sign_count
  from leadgen.user_passkeys p where p.credential_id = p_credential_id;
end;
$$;
comment on function identity.find_passkey(bytea) is 'The work of leadgen.find_passkey.';

create or replace function identity.judge_passkey(p_challenge_hash text, p_credential_id bytea, p_sign_count bigint)
returns leadgen.users
language plpgsql
volatile
as $$
-- The user is locked before its passkey is read: of two answers at once the second finds the counter moved. A passkey
-- that has no counter always says 0.
declare
  v_is_given constant boolean := identity.take_challenge(p_challenge_hash, null);
  v_user leadgen.users;
  v_passkey leadgen.user_passkeys;
begin
  select u.* into v_user
  from leadgen.users u
  join leadgen.user_passkeys p on p.user_id = u.id
  where p.credential_id = p_credential_id
  for update of u;
  select p.* into v_passkey from leadgen.user_passkeys p where p.credential_id = p_credential_id;
  if (v_is_given and v_passkey.user_id = v_user.id and v_user.status = 'active') is not true then
    return null;
  elsif p_sign_count > v_passkey.sign_count or (p_sign_count = 0 and v_passkey.sign_count = 0) then
    return v_user;
  end if;
  perform catalog.note_action('user_passkey_suspect', format('user %s', v_user.id), v_user.buyer_id,
    format('passkey %s of user %s may have been copied: its counter went back', v_passkey.id, v_user.id),
    jsonb_build_object('user_id', v_user.id, 'passkey_id', v_passkey.id));
  return null;
end;
$$;
comment on function identity.judge_passkey(text, bytea, bigint) is
  'The user, locked, who may come in by a passkey whose signature was verified; null: nobody. A counter that went back '
  'is an event.';

create or replace function identity.finish_passkey_sign_in(
  p_challenge_hash text,
  p_credential_id bytea,
  p_sign_count bigint,
  p_token_hash text,
  p_device_hash text,
  p_old_token_hash text,
  p_address text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
as $$
-- No code is asked for: whoever unlocked the device has shown two things, the device and a finger, a face or a PIN.
declare
  v_now constant timestamptz := leadgen.clock();
  v_network constant text := identity.read_network(p_address);
  v_user leadgen.users := identity.judge_passkey(p_challenge_hash, p_credential_id, p_sign_count);
begin
  insert into leadgen.sign_in_attempts (
    created_at, user_id, subjects, address, network, finished_at, outcome)
  values (
    v_now, (select p.user_id from leadgen.user_passkeys p where p.credential_id = p_credential_id), '{}', p_address,
    v_network, v_now, case when v_user.id is null then 'failed' else 'signed_in' end);
  if v_user.id is null then
    return jsonb_build_object('status', 'failed');
  end if;
  update leadgen.user_passkeys p set sign_count = p_sign_count, used_at = v_now
  where p.credential_id = p_credential_id;
  update leadgen.user_sessions s set ended_at = v_now, ended_because = 'rotated'
  where s.token_hash = p_old_token_hash and s.ended_at is null;
  perform identity.keep_device(v_user.id, null, p_device_hash);
  update leadgen.users u set signed_in_at = v_now where u.id = v_user.id returning u.* into v_user;
  return jsonb_build_object('status', 'signed_in', 'user', identity.describe_user(v_user), 'session',
    identity.start_session(v_user, p_token_hash, p_address, v_network, p_agent));
end;
$$;
comment on function identity.finish_passkey_sign_in(text, bytea, bigint, text, text, text, text, text) is
  'The work of leadgen.finish_passkey_sign_in.';
