-- Passwords. The API computes Argon2id, which costs memory and time on purpose, over the password and a salt from
-- here; what it hands in is the digest, and only SHA-256 of that is kept. So no login but the owner's ever reads what
-- a password could be guessed from offline, and a guess has to come through finish_sign_in, which slows it down.

create or replace function identity.list_password_costs(out memory_kib integer, out passes integer, out lanes integer)
language plpgsql
immutable
as $$
begin
  memory_kib := 65536;
  passes := 3;
  lanes := 4;
end;
$$;
comment on function identity.list_password_costs() is
  'What Argon2id costs for a new password: the default profile of argon2-cffi, RFC 9106''s for little memory.';

create or replace function identity.find_challenge(
  p_user_id bigint,
  p_email text,
  out salt bytea,
  out memory_kib integer,
  out passes integer,
  out lanes integer
)
language plpgsql
stable
as $$
-- An address that nobody has gets a salt, too, always the same one: the API does the same work for it, and cannot tell.
begin
  select p.salt, p.memory_kib, p.passes, p.lanes into salt, memory_kib, passes, lanes
  from leadgen.user_passwords p
  where p.user_id = p_user_id;
  if not found then
    select c.* into memory_kib, passes, lanes from identity.list_password_costs() c;
    salt := substr(kernel.compute_hmac(
      (select s.secret from leadgen.link_secrets s), convert_to(concat('salt:', p_email), 'UTF8')), 1, 16);
  end if;
end;
$$;
comment on function identity.find_challenge(bigint, text) is
  'By which salt, and at which cost, Argon2id is computed for whoever says to be this user; null: for nobody.';

create or replace function identity.is_password(p_user_id bigint, p_digest bytea)
returns boolean
language plpgsql
stable
as $$
-- What is compared are hashes of digests: how long that takes says nothing about the right one.
begin
  return coalesce((
    select p.verifier = sha256(p_digest) from leadgen.user_passwords p where p.user_id = p_user_id), false);
end;
$$;
comment on function identity.is_password(bigint, bytea) is 'Whether a digest is that of the user''s password.';

create or replace function identity.write_password(p_user_id bigint, p_salt bytea, p_digest bytea)
returns void
language plpgsql
volatile
as $$
begin
  if (length(p_salt) = 16 and length(p_digest) = 32) is not true then
    perform kernel.refuse('LG400', 'The password''s digest is not acceptable', 'digest', 'another length',
      'a salt of 16 bytes, and 32 bytes of Argon2id');
  end if;
  insert into leadgen.user_passwords as p (user_id, changed_at, salt, memory_kib, passes, lanes, verifier)
  select p_user_id, leadgen.clock(), p_salt, c.memory_kib, c.passes, c.lanes, sha256(p_digest)
  from identity.list_password_costs() c
  on conflict (user_id) do update
  set changed_at = excluded.changed_at, salt = excluded.salt, memory_kib = excluded.memory_kib,
    passes = excluded.passes, lanes = excluded.lanes, verifier = excluded.verifier;
end;
$$;
comment on function identity.write_password(bigint, bytea, bytea) is
  'Keeps a new password: a salt, and SHA-256 of the Argon2id digest that the API computed at the cost of '
  'list_password_costs.';

create or replace function identity.change_password(p_user leadgen.users, p_salt bytea, p_digest bytea, p_how text)
returns void
language plpgsql
volatile
as $$
-- Whoever knew the old password may have made keys with it, and passkeys.
begin
  perform identity.end_sessions(p_user.id, 'password');
  perform identity.end_user_keys(p_user.id);
  perform identity.remove_passkeys(p_user, null, format('with the password, which was set %s', p_how));
  perform identity.replace_password(p_user, p_salt, p_digest, p_how);
end;
$$;
comment on function identity.change_password(leadgen.users, bytea, bytea, text) is
  'Gives a locked user who has not shown the old one a new password: its sessions, the keys of its programs and its '
  'passkeys end.';

create or replace function identity.replace_password(p_user leadgen.users, p_salt bytea, p_digest bytea, p_how text)
returns void
language plpgsql
volatile
as $$
begin
  perform identity.write_password(p_user.id, p_salt, p_digest);
  update leadgen.user_tokens t set used_at = leadgen.clock()
  where t.user_id = p_user.id and t.purpose in ('invite', 'reset') and t.used_at is null;
  perform identity.queue_mail(p_user.id, 'password_changed');
  perform catalog.note_action('user_password_changed', format('user %s', p_user.id), p_user.buyer_id,
    format('user %s has a new password, set %s', p_user.id, p_how),
    jsonb_build_object('user_id', p_user.id, 'how', p_how));
end;
$$;
comment on function identity.replace_password(leadgen.users, bytea, bytea, text) is
  'Writes the new password of a locked user: links to set one are void, the user is told, and an event is written.';

create or replace function identity.find_own_challenge(
  p_token_hash text,
  out salt bytea,
  out memory_kib integer,
  out passes integer,
  out lanes integer
)
language plpgsql
volatile
as $$
declare
  v_user leadgen.users;
begin
  select (o.holder).* into v_user from identity.open_session(p_token_hash) o;
  select c.* into salt, memory_kib, passes, lanes from identity.find_challenge(v_user.id, v_user.email) c;
end;
$$;
comment on function identity.find_own_challenge(text) is 'The work of leadgen.find_own_challenge.';

create or replace function identity.change_own_password(
  p_token_hash text,
  p_digest_now bytea,
  p_salt bytea,
  p_digest bytea
)
returns jsonb
language plpgsql
volatile
as $$
-- The old password is asked for, and guesses wait: a browser that was found open does not take the account over. This
-- session goes on, and so do keys, which their user has made with what is known to it alone.
declare
  v_open record;
  v_user leadgen.users;
  v_subjects bytea[];
  v_wait integer;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  v_user := v_open.holder;
  v_subjects := array[identity.name_subject('device', format('password of %s', v_user.id))];
  v_wait := identity.take_try('{device}', v_subjects, '{5}');
  if v_wait > 0 then
    return jsonb_build_object('status', 'wait', 'retry_after', v_wait);
  elsif not identity.is_password(v_user.id, p_digest_now) then
    return jsonb_build_object('status', 'wrong_password');
  end if;
  perform identity.give_try_back(v_subjects, true);
  perform identity.replace_password(v_user, p_salt, p_digest, 'by the user');
  return jsonb_build_object('status', 'done', 'ended',
    identity.end_sessions(v_user.id, 'password', (v_open.session).id));
end;
$$;
comment on function identity.change_own_password(text, bytea, bytea, bytea) is
  'The work of leadgen.change_own_password.';

create or replace function identity.is_cheap_password(p_user_id bigint)
returns boolean
language plpgsql
stable
as $$
begin
  return exists (
    select from leadgen.user_passwords p, identity.list_password_costs() c
    where p.user_id = p_user_id
      and (p.memory_kib, p.passes, p.lanes) is distinct from (c.memory_kib, c.passes, c.lanes));
end;
$$;
comment on function identity.is_cheap_password(bigint) is
  'Whether a password was computed at another cost than new ones are: it is computed anew at the next sign-in.';

create or replace function identity.renew_own_digest(
  p_token_hash text,
  p_digest_now bytea,
  p_salt bytea,
  p_digest bytea
)
returns boolean
language plpgsql
volatile
as $$
declare
  v_user leadgen.users;
begin
  perform identity.lock_holder(p_token_hash);
  select (o.holder).* into v_user from identity.open_session(p_token_hash) o;
  if not (identity.is_cheap_password(v_user.id) and identity.is_password(v_user.id, p_digest_now)) then
    return false;
  end if;
  perform identity.write_password(v_user.id, p_salt, p_digest);
  return true;
end;
$$;
comment on function identity.renew_own_digest(text, bytea, bytea, bytea) is 'The work of leadgen.renew_own_digest.';

create or replace function identity.set_user_password(p_user_id bigint, p_salt bytea, p_digest bytea)
returns void
language plpgsql
volatile
as $$
begin
  perform identity.change_password(identity.lock_user(p_user_id), p_salt, p_digest, 'by an operator');
end;
$$;
comment on function identity.set_user_password(bigint, bytea, bytea) is 'The work of leadgen.set_user_password.';
