-- A sign-in: start_sign_in counts it and says how to compute the digest, finish_sign_in judges the digest and the
-- code. Both do the same for an address that nobody has, a wrong password, and a user that may not sign in; all three
-- fail alike.

create or replace function identity.read_network(p_address text)
returns text
language plpgsql
immutable
as $$
declare
  v_address constant inet := p_address;
begin
  return case
    when p_address is null then 'unknown'
    when family(v_address) = 6 then text(network(set_masklen(v_address, 64)))
    else host(v_address) end;
end;
$$;
comment on function identity.read_network(text) is
  'Whose an address is: an IPv4 address itself, of an IPv6 address the /64; "unknown" without one.';

create or replace function identity.start_sign_in(
  p_email text,
  p_address text,
  p_device_hash text,
  out attempt_id bigint,
  out retry_after integer,
  out salt bytea,
  out memory_kib integer,
  out passes integer,
  out lanes integer
)
language plpgsql
volatile
as $$
declare
  v_email constant text := coalesce(ref.read_email(left(p_email, 1000)), '');
  v_network constant text := identity.read_network(p_address);
  v_user_id constant bigint := (select u.id from leadgen.users u where u.email = v_email);
  v_subjects bytea[];
begin
  select t.subjects, t.retry_after into v_subjects, retry_after
  from identity.take_sign_in_try(v_user_id, v_email, v_network, p_device_hash) t;
  if retry_after > 0 then
    return;
  end if;
  insert into leadgen.sign_in_attempts (created_at, user_id, subjects, address, network, device_hash)
  values (leadgen.clock(), v_user_id, v_subjects, p_address, v_network, p_device_hash)
  returning id into attempt_id;
  select c.* into salt, memory_kib, passes, lanes from identity.find_challenge(v_user_id, v_email) c;
end;
$$;
comment on function identity.start_sign_in(text, text, text) is 'The work of leadgen.start_sign_in.';

create or replace function identity.judge_sign_in(p_attempt leadgen.sign_in_attempts, p_digest bytea, p_code text)
returns text
language plpgsql
volatile
as $$
-- The code is asked for only once the password is right.
declare
  v_user leadgen.users;
  v_is_right constant boolean := identity.is_password(p_attempt.user_id, p_digest);
begin
  select u.* into v_user from leadgen.users u where u.id = p_attempt.user_id for update;
  if (v_is_right and v_user.status = 'active') is not true then
    return 'failed';
  elsif not exists (
    select from leadgen.user_totp t where t.user_id = v_user.id and t.confirmed_at is not null
  ) then
    return 'signed_in';
  elsif p_code is null then
    return 'code_needed';
  end if;
  return case when identity.use_code(v_user.id, p_code) then 'signed_in' else 'failed' end;
end;
$$;
comment on function identity.judge_sign_in(leadgen.sign_in_attempts, bytea, text) is
  'signed_in, code_needed or failed. It locks the user: who is suspended at the same moment is either not let in, '
  'or put out again.';

create or replace function identity.keep_device(p_user_id bigint, p_old_hash text, p_new_hash text)
returns void
language plpgsql
volatile
as $$
-- The cookie is a new one each time, so nobody profits from one that it planted or found. A user has 20 at most.
declare
  c_most constant integer := 20;
begin
  delete from leadgen.user_devices d where d.user_id = p_user_id and d.device_hash = p_old_hash;
  insert into leadgen.user_devices (user_id, device_hash, seen_at)
  select p_user_id, p_new_hash, leadgen.clock() where p_new_hash is not null;
  delete from leadgen.user_devices d
  where d.user_id = p_user_id and d.device_hash in (
    select o.device_hash from leadgen.user_devices o
    where o.user_id = p_user_id
    order by o.seen_at desc, o.device_hash
    offset c_most);
end;
$$;
comment on function identity.keep_device(bigint, text, text) is
  'Makes a browser known to a user, in the place of what it was known by; null: a program, which is none.';

create or replace function identity.finish_sign_in(
  p_attempt_id bigint,
  p_digest bytea,
  p_code text,
  p_token_hash text,
  p_device_hash text,
  p_old_token_hash text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
as $$
-- A failure is returned, not raised: the attempt is used all the same. A session that the browser had before ends. A
-- right password without the code forgets no wrong codes: whoever knows it would guess codes without end.
declare
  v_now constant timestamptz := leadgen.clock();
  v_attempt leadgen.sign_in_attempts;
  v_user leadgen.users;
  v_outcome text;
begin
  select a.* into v_attempt
  from leadgen.sign_in_attempts a
  where a.id = p_attempt_id and a.finished_at is null and a.created_at > v_now - interval '2 minutes'
  for update;
  if not found then
    return jsonb_build_object('status', 'failed');
  end if;
  v_outcome := identity.judge_sign_in(v_attempt, p_digest, p_code);
  update leadgen.sign_in_attempts a set finished_at = v_now, outcome = v_outcome where a.id = p_attempt_id;
  if v_outcome <> 'failed' then
    perform identity.give_try_back(v_attempt.subjects, v_outcome = 'signed_in');
  end if;
  if v_outcome <> 'signed_in' then
    return jsonb_build_object('status', v_outcome);
  end if;
  update leadgen.user_sessions s set ended_at = v_now, ended_because = 'rotated'
  where s.token_hash = p_old_token_hash and s.ended_at is null;
  perform identity.keep_device(v_attempt.user_id, v_attempt.device_hash, p_device_hash);
  update leadgen.users u set signed_in_at = v_now where u.id = v_attempt.user_id returning u.* into v_user;
  return jsonb_build_object('status', 'signed_in', 'user', identity.describe_user(v_user), 'session',
    identity.start_session(v_user, p_token_hash, v_attempt.address, v_attempt.network, p_agent),
    'is_cheap', identity.is_cheap_password(v_user.id));
end;
$$;
comment on function identity.finish_sign_in(bigint, bytea, text, text, text, text, text) is
  'The work of leadgen.finish_sign_in.';
