-- Sign-in by an identity provider that speaks OpenID Connect. The API verifies what it signed; who may come in by it is
-- judged here: the state was given to a browser and not yet used, and the account there (issuer and subject) is bound
-- to an active user. It is bound at its first sign-in, by the e-mail address that the identity provider has verified,
-- to a user that has verified that address or was invited. No user is made.

create or replace function identity.start_provider_sign_in(p_state_hash text)
returns void
language plpgsql
volatile
as $$
begin
  perform identity.give_challenge(p_state_hash, null);
end;
$$;
comment on function identity.start_provider_sign_in(text) is 'The work of leadgen.start_provider_sign_in.';

create or replace function identity.take_provider_state(
  p_state_hash text,
  p_address text,
  out attempt_id bigint,
  out retry_after integer
)
language plpgsql
volatile
as $$
-- A try of the network, whatever comes of it, until the sign-in succeeds. No state: the browser has shown another one,
-- and the one that it was given stays good.
declare
  v_now constant timestamptz := leadgen.clock();
  v_network constant text := identity.read_network(p_address);
  v_subjects constant bytea[] := array[identity.name_subject('network', v_network)];
  v_is_given boolean;
begin
  retry_after := identity.take_try('{network}', v_subjects, '{50}');
  if retry_after > 0 then
    return;
  end if;
  delete from leadgen.user_challenges c
  where c.challenge_hash = p_state_hash and c.user_id is null and c.created_at > v_now - interval '10 minutes';
  v_is_given := found;
  insert into leadgen.sign_in_attempts (created_at, subjects, address, network, finished_at, outcome)
  values (
    v_now, v_subjects, p_address, v_network, case when not v_is_given then v_now end,
    case when not v_is_given then 'failed' end)
  returning case when v_is_given then id end into attempt_id;
end;
$$;
comment on function identity.take_provider_state(text, text) is 'The work of leadgen.take_provider_state.';

create or replace function identity.is_invited(p_user leadgen.users)
returns boolean
language plpgsql
stable
as $$
-- Whoever signed up has chosen a password, and may be a stranger who typed somebody else's address.
begin
  return p_user.status = 'pending' and p_user.approved_at is not null and p_user.verified_at is null
    and not exists (select from leadgen.user_passwords p where p.user_id = p_user.id);
end;
$$;
comment on function identity.is_invited(leadgen.users) is
  'Whether an operator has invited the user, and nobody has opened the link yet.';

create or replace function identity.find_bound_user(p_issuer text, p_subject text, p_email text)
returns leadgen.users
language plpgsql
volatile
as $$
-- The user is locked before its bindings are read: of two first sign-ins at once the second finds what the first bound.
-- An account that is bound is its user's, whatever address it has now.
declare
  v_user leadgen.users;
begin
  select u.* into v_user
  from leadgen.users u
  join leadgen.user_bindings b on b.user_id = u.id
  where b.issuer = p_issuer and b.subject = p_subject
  for update of u;
  if found then
    return case when v_user.status = 'active' then v_user end;
  end if;
  select u.* into v_user from leadgen.users u where u.email = ref.read_email(left(p_email, 1000)) for update;
  if exists (
    select from leadgen.user_bindings b
    where b.issuer = p_issuer and b.user_id = v_user.id and b.subject <> p_subject
  ) then
    return null;
  end if;
  return case
    when (v_user.status = 'active' and v_user.verified_at is not null) or identity.is_invited(v_user) then v_user end;
end;
$$;
comment on function identity.find_bound_user(text, text, text) is
  'The user, locked, of an account at an identity provider: bound to it, or to be bound by its verified e-mail; null: '
  'nobody.';

create or replace function identity.judge_provider_sign_in(p_subject text, p_user leadgen.users, p_is_mfa boolean)
returns text
language plpgsql
stable
as $$
-- Who has an app has asked for two factors: the word of the identity provider counts for both only where it says that
-- it asked for two.
begin
  return case
    when p_subject is null then 'not_verified'
    when p_user.id is null then 'no_user'
    when p_is_mfa is not true and exists (
      select from leadgen.user_totp t where t.user_id = p_user.id and t.confirmed_at is not null
    ) then 'second_factor' end;
end;
$$;
comment on function identity.judge_provider_sign_in(text, leadgen.users, boolean) is
  'Why the user of an account at an identity provider does not come in, as a word for the log; null: it comes in.';

create or replace function identity.bind_user(p_user leadgen.users, p_issuer text, p_subject text)
returns void
language plpgsql
volatile
as $$
-- An invited user has shown that it reads mail at its address, as by the link, which is not needed any more.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  update leadgen.user_bindings b set used_at = v_now where b.issuer = p_issuer and b.subject = p_subject;
  if found then
    return;
  end if;
  insert into leadgen.user_bindings (created_at, user_id, issuer, subject, used_at)
  values (v_now, p_user.id, p_issuer, p_subject, v_now);
  perform catalog.note_action('user_binding_changed', format('user %s', p_user.id), p_user.buyer_id,
    format('user %s can sign in by the identity provider from now on', p_user.id),
    jsonb_build_object('user_id', p_user.id, 'is', 'added'));
  if p_user.status = 'pending' then
    update leadgen.users u set verified_at = v_now where u.id = p_user.id;
    perform identity.settle_user(p_user, 'active', 'signed in by the identity provider');
    update leadgen.user_tokens t set used_at = v_now
    where t.user_id = p_user.id and t.purpose = 'invite' and t.used_at is null;
    update leadgen.user_mails m set due_at = null
    where m.user_id = p_user.id and m.kind = 'invite' and m.due_at is not null;
  end if;
end;
$$;
comment on function identity.bind_user(leadgen.users, text, text) is
  'Notes that a locked user has come in by an account at an identity provider; the first time it is bound, with an '
  'event, and who was invited becomes active.';

create or replace function identity.finish_provider_sign_in(
  p_attempt_id bigint,
  p_issuer text,
  p_subject text,
  p_email text,
  p_is_mfa boolean,
  p_proved_at timestamptz,
  p_token_hash text,
  p_device_hash text,
  p_old_token_hash text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
as $$
-- A provider that does not say when it asked for a password may not have asked now: such a session is never a new one.
declare
  v_now constant timestamptz := leadgen.clock();
  v_attempt leadgen.sign_in_attempts;
  v_user leadgen.users;
  v_failure text;
  v_session jsonb;
begin
  select a.* into v_attempt
  from leadgen.sign_in_attempts a
  where a.id = p_attempt_id and a.finished_at is null and a.created_at > v_now - interval '2 minutes'
  for update;
  if not found then
    return jsonb_build_object('status', 'failed', 'failure', 'too_late');
  end if;
  v_user := identity.find_bound_user(p_issuer, p_subject, p_email);
  v_failure := identity.judge_provider_sign_in(p_subject, v_user, p_is_mfa);
  update leadgen.sign_in_attempts a
  set finished_at = v_now, user_id = v_user.id, outcome = case when v_failure is null then 'signed_in' else 'failed' end
  where a.id = p_attempt_id;
  if v_failure is not null then
    return jsonb_build_object('status', 'failed', 'failure', v_failure);
  end if;
  perform identity.give_try_back(v_attempt.subjects, true);
  perform identity.bind_user(v_user, p_issuer, p_subject);
  update leadgen.user_sessions s set ended_at = v_now, ended_because = 'rotated'
  where s.token_hash = p_old_token_hash and s.ended_at is null;
  perform identity.keep_device(v_user.id, null, p_device_hash);
  update leadgen.users u set signed_in_at = v_now where u.id = v_user.id returning u.* into v_user;
  v_session := identity.start_session(v_user, p_token_hash, v_attempt.address, v_attempt.network, p_agent);
  update leadgen.user_sessions s set proved_at = least(coalesce(p_proved_at, '-infinity'), v_now)
  where s.token_hash = p_token_hash;
  return jsonb_build_object('status', 'signed_in', 'user', identity.describe_user(v_user), 'session', v_session);
end;
$$;
comment on function identity.finish_provider_sign_in(
  bigint, text, text, text, boolean, timestamptz, text, text, text, text) is
  'The work of leadgen.finish_provider_sign_in.';

create or replace function identity.remove_user_bindings(p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.lock_user(p_user_id);
  v_reason constant text := identity.read_reason(p_reason);
  v_count integer;
begin
  delete from leadgen.user_bindings b where b.user_id = p_user_id;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform catalog.note_action('user_binding_changed', format('user %s', p_user_id), v_user.buyer_id,
      format('%s of user %s removed: %s', kernel.count_of(v_count, 'binding'), p_user_id, v_reason),
      jsonb_build_object('user_id', p_user_id, 'is', 'removed', 'reason', v_reason));
  end if;
  return v_count;
end;
$$;
comment on function identity.remove_user_bindings(bigint, text) is 'The work of leadgen.remove_user_bindings.';

create or replace function identity.remove_user_bindings_for(p_token_hash text, p_user_id bigint, p_reason text)
returns integer
language plpgsql
volatile
as $$
-- Where a user signs in is for those to say who run LeadGen, not for an owner of a buyer.
declare
  v_manager constant leadgen.users := identity.open_manager(p_token_hash, true);
begin
  if v_manager.role <> 'admin' then
    perform kernel.refuse('LG403', 'Bindings are removed by admins', 'role', v_manager.role, 'admin');
  end if;
  perform identity.check_manages(v_manager, p_user_id);
  return identity.remove_user_bindings(p_user_id, p_reason);
end;
$$;
comment on function identity.remove_user_bindings_for(text, bigint, text) is
  'The work of leadgen.remove_user_bindings_for.';
