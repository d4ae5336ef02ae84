-- Tries: who has to wait before the next sign-in. A try counts before its password is looked at, so many at once are
-- no way around, and is taken back when it succeeds.
--
--   who tries                            counted as                free; then 1, 2, 4 … 900 seconds apart
--   a browser that has signed in to it   account and browser        10
--   anybody else                         account and network         5
--                                        network, all accounts      50
--                                        account, all networks     100, unless it has signed in from there
--
-- Nobody can lock the owner of an account out: what strangers try counts neither for the owner's browser, nor for
-- another network that the account has signed in from. For whoever has neither, the link of a reset makes the browser
-- known.

create or replace function identity.name_subject(p_kind text, p_subject text)
returns bytea
language plpgsql
immutable strict parallel safe
as $$
begin
  return sha256(convert_to(format('%s %s', p_kind, p_subject), 'UTF8'));
end;
$$;
comment on function identity.name_subject(text, text) is 'The row of sign_in_tries for a kind and what it is about.';

create or replace function identity.take_try(p_kinds text[], p_subjects bytea[], p_free integer[])
returns integer
language plpgsql
volatile
as $$
-- The rows are locked in their order, so two that share some wait for each other, and never crosswise.
declare
  c_longest constant integer := 900;
  v_now timestamptz;
  v_wait integer;
begin
  insert into leadgen.sign_in_tries (subject, kind, last_at)
  select t.subject, t.kind, leadgen.clock()
  from unnest(p_subjects, p_kinds) t (subject, kind)
  order by t.subject
  on conflict (subject) do nothing;
  perform from leadgen.sign_in_tries t where t.subject = any (p_subjects) order by t.subject for update;
  v_now := leadgen.clock();
  v_wait := (
    select ceil(extract(epoch from max(t.blocked_until) - v_now))::integer
    from leadgen.sign_in_tries t
    where t.subject = any (p_subjects) and t.blocked_until > v_now);
  if v_wait is not null then
    return v_wait;
  end if;
  with counted as (
    select t.subject, f.free, 1 + case when t.last_at < v_now - interval '1 hour' then 0 else t.tries end as tries
    from leadgen.sign_in_tries t
    join unnest(p_subjects, p_free) f (subject, free) on f.subject = t.subject
  )
  update leadgen.sign_in_tries t
  set
    tries = c.tries, last_at = v_now,
    blocked_until = case when c.tries >= c.free then
      v_now + interval '1 second' * least(c_longest, 2 ^ least(c.tries - c.free, 20)) end
  from counted c
  where t.subject = c.subject;
  return 0;
end;
$$;
comment on function identity.take_try(text[], bytea[], integer[]) is
  'Counts a try for each subject, of which so many are free. Above 0: nothing was counted, and the next may come '
  'after so many seconds.';

create or replace function identity.give_try_back(p_subjects bytea[], p_forgets boolean)
returns void
language plpgsql
volatile
as $$
begin
  perform from leadgen.sign_in_tries t where t.subject = any (p_subjects) order by t.subject for update;
  update leadgen.sign_in_tries t
  set
    tries = case when p_forgets and t.kind in ('device', 'pair') then 0 else greatest(t.tries - 1, 0) end,
    blocked_until = case when not p_forgets or t.kind not in ('device', 'pair') then t.blocked_until end
  where t.subject = any (p_subjects);
end;
$$;
comment on function identity.give_try_back(bytea[], boolean) is
  'Takes a try back that succeeded. p_forgets: of an account from one network, or in a known browser, all before it '
  'are forgotten, too.';

create or replace function identity.take_sign_in_try(
  p_user_id bigint,
  p_email text,
  p_network text,
  p_device_hash text,
  out subjects bytea[],
  out retry_after integer
)
language plpgsql
volatile
as $$
declare
  v_kinds text[] := '{network,pair}';
  v_free integer[] := '{50,5}';
begin
  if exists (
    select from leadgen.user_devices d where d.user_id = p_user_id and d.device_hash = p_device_hash
  ) then
    v_kinds := '{device}';
    v_free := '{10}';
    subjects := array[identity.name_subject('device', format('%s %s', p_user_id, p_device_hash))];
  else
    subjects := array[
      identity.name_subject('network', p_network), identity.name_subject('pair', format('%s %s', p_email, p_network))];
    if not exists (
      select from leadgen.user_sessions s where s.user_id = p_user_id and s.network = p_network
    ) then
      v_kinds := v_kinds || '{account}'::text[];
      v_free := v_free || 100;
      subjects := subjects || identity.name_subject('account', p_email);
    end if;
  end if;
  retry_after := identity.take_try(v_kinds, subjects, v_free);
end;
$$;
comment on function identity.take_sign_in_try(bigint, text, text, text) is
  'Counts a sign-in where it is counted; retry_after above 0: it has to wait so many seconds.';

create or replace function identity.take_mail_try(p_network text)
returns integer
language plpgsql
volatile
as $$
begin
  return identity.take_try('{mail}', array[identity.name_subject('mail', p_network)], '{20}');
end;
$$;
comment on function identity.take_mail_try(text) is
  'Counts an e-mail that one network asks for: 20 are free. Above 0: it was not counted, and has to wait so many '
  'seconds, up to 15 minutes.';
