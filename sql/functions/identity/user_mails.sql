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
  'A worker will write to the user; not when such a mail is due already. A fourth in an hour waits, if it says what '
  'was changed, or is none.';

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
