-- Codes of an authenticator app, and the recovery codes that stand in for it. The secret leaves the database once,
-- when it is made; the codes are computed and compared here, so neither the API nor a bug in it can read one.

create or replace function identity.use_totp(p_user_id bigint, p_code text)
returns boolean
language plpgsql
volatile
as $$
-- A clock may be a step off. A code counts once: neither it nor one of a step before is taken again, also of two that
-- come at once, for the row is locked.
declare
  v_step constant bigint := extract(epoch from leadgen.clock())::bigint / 30;
  v_totp leadgen.user_totp;
begin
  select t.* into v_totp from leadgen.user_totp t where t.user_id = p_user_id for update;
  if not found then
    return false;
  end if;
  for i in v_step - 1 .. v_step + 1 loop
    if i > v_totp.last_step and kernel.compute_totp(v_totp.secret, i) = p_code then
      update leadgen.user_totp t set last_step = i where t.user_id = p_user_id;
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function identity.use_totp(bigint, text) is
  'Whether a code is one that the user''s app shows now and that was not used; it is used then.';

create or replace function identity.use_code(p_user_id bigint, p_code text)
returns boolean
language plpgsql
volatile
as $$
-- Codes of the app are six digits; recovery codes are 16 letters and digits, with hyphens as people like.
declare
  v_plain constant text := upper(translate(left(p_code, 60), '- ', ''));
begin
  if v_plain ~ '^[0-9]{6}$' then
    return identity.use_totp(p_user_id, v_plain);
  end if;
  update leadgen.user_recovery_codes r set used_at = leadgen.clock()
  where r.user_id = p_user_id and r.used_at is null
    and r.code_hash = encode(sha256(convert_to(v_plain, 'UTF8')), 'hex');
  if not found then
    return false;
  end if;
  perform catalog.note_action('user_recovery_code_used', format('user %s', p_user_id), null,
    format('user %s signed in with a recovery code', p_user_id), jsonb_build_object('user_id', p_user_id, 'left', (
      select count(*) from leadgen.user_recovery_codes r where r.user_id = p_user_id and r.used_at is null)));
  return true;
end;
$$;
comment on function identity.use_code(bigint, text) is
  'Whether a code of the app, or a recovery code, is the user''s and was not used; it is used then.';

create or replace function identity.try_code(p_user_id bigint, p_code text)
returns jsonb
language plpgsql
volatile
as $$
-- What is returned rather than raised stays counted: whoever found a browser open guesses no code.
declare
  v_subjects constant bytea[] := array[identity.name_subject('device', format('code of %s', p_user_id))];
  v_wait constant integer := identity.take_try('{device}', v_subjects, '{5}');
begin
  if v_wait > 0 then
    return jsonb_build_object('status', 'wait', 'retry_after', v_wait);
  elsif not identity.use_code(p_user_id, p_code) then
    return jsonb_build_object('status', 'wrong_code');
  end if;
  perform identity.give_try_back(v_subjects, true);
  return jsonb_build_object('status', 'done');
end;
$$;
comment on function identity.try_code(bigint, text) is
  'done, wrong_code, or wait with the seconds until the next try: five wrong codes are free.';

create or replace function identity.write_recovery_codes(p_user_id bigint, p_code_hashes text[])
returns void
language plpgsql
volatile
as $$
begin
  if (cardinality(p_code_hashes) between 5 and 20) is not true then
    perform kernel.refuse('LG400', 'So many recovery codes are not acceptable', 'code_hashes',
      kernel.count_of(coalesce(cardinality(p_code_hashes), 0), 'hash'), '5 to 20 hashes');
  end if;
  delete from leadgen.user_recovery_codes r where r.user_id = p_user_id;
  insert into leadgen.user_recovery_codes (user_id, code_hash)
  select p_user_id, h.hash from unnest(p_code_hashes) h (hash);
end;
$$;
comment on function identity.write_recovery_codes(bigint, text[]) is
  'Gives a user new recovery codes; the old ones are void.';

create or replace function identity.enrol_totp(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
-- Until a first code confirms it, nothing is asked for, and another enrolment replaces it.
declare
  v_secret constant bytea := substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 20);
  v_open record;
  v_user leadgen.users;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  v_user := v_open.holder;
  insert into leadgen.user_totp as t (user_id, created_at, secret)
  values (v_user.id, leadgen.clock(), v_secret)
  on conflict (user_id) do update
  set created_at = excluded.created_at, secret = excluded.secret, last_step = 0
  where t.confirmed_at is null;
  if not found then
    perform kernel.refuse('LG409', 'Codes are asked for already', 'totp', 'confirmed', 'no app, or one not confirmed',
      'Remove the app first, with a code of it.');
  end if;
  return jsonb_build_object('secret', kernel.write_base32(v_secret), 'account', v_user.email);
end;
$$;
comment on function identity.enrol_totp(text) is 'The work of leadgen.enrol_totp.';

create or replace function identity.confirm_totp(p_token_hash text, p_code text, p_code_hashes text[])
returns jsonb
language plpgsql
volatile
as $$
-- The user is told by e-mail: it may not be the one who has the app in its hand.
declare
  v_open record;
  v_user leadgen.users;
  v_answer jsonb;
begin
  perform identity.lock_holder(p_token_hash);
  select o.* into v_open from identity.open_session(p_token_hash) o;
  perform identity.check_fresh(v_open.session);
  v_user := v_open.holder;
  if not exists (
    select from leadgen.user_totp t where t.user_id = v_user.id and t.confirmed_at is null
  ) then
    perform kernel.refuse('LG409', 'No app waits to be confirmed', 'totp', 'none, or confirmed', 'an enrolled app',
      'Enrol one first.');
  end if;
  v_answer := identity.try_code(v_user.id, p_code);
  if v_answer ->> 'status' = 'done' then
    update leadgen.user_totp t set confirmed_at = leadgen.clock() where t.user_id = v_user.id;
    perform identity.write_recovery_codes(v_user.id, p_code_hashes);
    perform catalog.note_action('user_totp_changed', format('user %s', v_user.id), v_user.buyer_id,
      format('user %s signs in with codes of an app from now on', v_user.id),
      jsonb_build_object('user_id', v_user.id, 'is', 'confirmed'));
    perform identity.queue_mail(v_user.id, 'app_added');
  end if;
  return v_answer;
end;
$$;
comment on function identity.confirm_totp(text, text, text[]) is 'The work of leadgen.confirm_totp.';

create or replace function identity.lock_app(p_token_hash text)
returns leadgen.users
language plpgsql
volatile
as $$
declare
  v_user leadgen.users;
begin
  perform identity.lock_holder(p_token_hash);
  select (o.holder).* into v_user from identity.open_session(p_token_hash) o;
  if not exists (
    select from leadgen.user_totp t where t.user_id = v_user.id and t.confirmed_at is not null
  ) then
    perform kernel.refuse('LG409', 'No codes are asked for', 'totp', 'none', 'a confirmed app', 'Enrol one first.');
  end if;
  return v_user;
end;
$$;
comment on function identity.lock_app(text) is
  'The user of a session, locked, who has a confirmed app. LG401 without a session in force, LG409 without an '
  'app.';

create or replace function identity.make_recovery_codes(p_token_hash text, p_code text, p_code_hashes text[])
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.lock_app(p_token_hash);
  v_answer constant jsonb := identity.try_code(v_user.id, p_code);
begin
  if v_answer ->> 'status' = 'done' then
    perform identity.write_recovery_codes(v_user.id, p_code_hashes);
  end if;
  return v_answer;
end;
$$;
comment on function identity.make_recovery_codes(text, text, text[]) is 'The work of leadgen.make_recovery_codes.';

create or replace function identity.remove_own_totp(p_token_hash text, p_code text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.lock_app(p_token_hash);
  v_answer constant jsonb := identity.try_code(v_user.id, p_code);
begin
  if v_answer ->> 'status' = 'done' then
    perform identity.remove_totp(v_user, 'by the user');
  end if;
  return v_answer;
end;
$$;
comment on function identity.remove_own_totp(text, text) is 'The work of leadgen.remove_own_totp.';

create or replace function identity.remove_totp(p_user leadgen.users, p_how text)
returns void
language plpgsql
volatile
as $$
-- One that was never confirmed was never asked for: nothing changes.
declare
  v_was_asked boolean;
begin
  delete from leadgen.user_totp t where t.user_id = p_user.id returning t.confirmed_at is not null into v_was_asked;
  delete from leadgen.user_recovery_codes r where r.user_id = p_user.id;
  if v_was_asked is not true then
    return;
  end if;
  perform identity.queue_mail(p_user.id, 'app_removed');
  perform catalog.note_action('user_totp_changed', format('user %s', p_user.id), p_user.buyer_id,
    format('user %s signs in without codes from now on; the app was removed %s', p_user.id, p_how),
    jsonb_build_object('user_id', p_user.id, 'is', 'removed', 'how', p_how));
end;
$$;
comment on function identity.remove_totp(leadgen.users, text) is
  'No codes are asked of a locked user any more; where they were, an event and an e-mail say so.';

create or replace function identity.remove_user_totp(p_user_id bigint, p_reason text)
returns void
language plpgsql
volatile
as $$
begin
  perform identity.remove_totp(identity.lock_user(p_user_id), 'by an operator: ' || identity.read_reason(p_reason));
end;
$$;
comment on function identity.remove_user_totp(bigint, text) is 'The work of leadgen.remove_user_totp.';
