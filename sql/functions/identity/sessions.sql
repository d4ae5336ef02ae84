-- Sessions: where a user is signed in. A token of 256 random bits is the whole of the proof, and only its SHA-256 is
-- here.

create or replace function identity.find_session_terms(p_role text, out idle interval, out longest interval)
language plpgsql
immutable
as $$
begin
  idle := case when p_role in ('buyer', 'source') then interval '2 days' else interval '2 hours' end;
  longest := case when p_role in ('buyer', 'source') then interval '7 days' else interval '12 hours' end;
end;
$$;
comment on function identity.find_session_terms(text) is
  'After how long without a request a session ends, and after how long in any case.';

create or replace function identity.describe_session(p_session leadgen.user_sessions, p_current_id bigint)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'id', p_session.id, 'created_at', p_session.created_at, 'seen_at', p_session.seen_at,
    'expires_at', p_session.expires_at, 'address', p_session.address, 'agent', p_session.agent,
    'is_current', p_session.id = p_current_id);
end;
$$;
comment on function identity.describe_session(leadgen.user_sessions, bigint) is 'A session as its user sees it.';

create or replace function identity.start_session(
  p_user leadgen.users,
  p_token_hash text,
  p_address text,
  p_network text,
  p_agent text
)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_session leadgen.user_sessions;
begin
  insert into leadgen.user_sessions as s (
    created_at, user_id, token_hash, seen_at, expires_at, address, network, agent)
  select v_now, p_user.id, p_token_hash, v_now, v_now + t.longest, p_address, p_network, left(p_agent, 300)
  from identity.find_session_terms(p_user.role) t
  returning s.* into v_session;
  return identity.describe_session(v_session, v_session.id);
end;
$$;
comment on function identity.start_session(leadgen.users, text, text, text, text) is
  'Signs a user in; returns the session. The token is always a new one.';

create or replace function identity.open_session(
  p_token_hash text,
  out session leadgen.user_sessions,
  out holder leadgen.users
)
language plpgsql
volatile
as $$
-- A session is written to at most once a minute, however many requests it makes, and by no request that nobody made by
-- hand: a stream, or a page that asks again by itself, sets leadgen.unattended for its transaction, or a page left open
-- would be signed in for ever. Who sets it by hand ends his own session sooner.
declare
  v_now constant timestamptz := leadgen.clock();
begin
  select s.* into session
  from leadgen.user_sessions s
  where s.token_hash = p_token_hash and s.ended_at is null and s.expires_at > v_now;
  select u.* into holder from leadgen.users u where u.id = session.user_id and u.status = 'active';
  if holder.id is null
    or session.seen_at < v_now - (select t.idle from identity.find_session_terms(holder.role) t) then
    perform kernel.refuse('LG401', 'Not signed in');
  end if;
  if session.seen_at < v_now - interval '1 minute'
    and current_setting('leadgen.unattended', true) is distinct from 'on' then
    update leadgen.user_sessions s set seen_at = v_now where s.id = session.id;
  end if;
  perform auditing.note_actor(format('user %s', holder.id));
end;
$$;
comment on function identity.open_session(text) is
  'The session in force whose token has this hash, and its user, who is the actor of this transaction for the audit; '
  'LG401 when there is none.';

create or replace function identity.lock_holder(p_token_hash text)
returns void
language plpgsql
volatile
as $$
-- Called before open_session. So whoever is put out at the same moment (end_sessions, with the user locked) makes
-- nothing by a session that outlives it, and the two never wait for each other crosswise.
begin
  perform from leadgen.users u
  where u.id = (select s.user_id from leadgen.user_sessions s where s.token_hash = p_token_hash)
  for update;
end;
$$;
comment on function identity.lock_holder(text) is
  'Locks the user of a session, for what changes how it signs in, or what may act for it.';

create or replace function identity.show_me(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  return jsonb_build_object('user', identity.describe_user(v_open.holder), 'session',
    identity.describe_session(v_open.session, (v_open.session).id));
end;
$$;
comment on function identity.show_me(text) is 'The work of leadgen.show_me.';

create or replace function identity.sign_out(p_token_hash text)
returns void
language plpgsql
volatile
as $$
-- Also one that nobody could use any more: whoever signs out is out.
begin
  update leadgen.user_sessions s set ended_at = leadgen.clock(), ended_because = 'signed_out'
  where s.token_hash = p_token_hash and s.ended_at is null;
end;
$$;
comment on function identity.sign_out(text) is 'The work of leadgen.sign_out.';

create or replace function identity.end_sessions(p_user_id bigint, p_because text, p_but_id bigint default null)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  update leadgen.user_sessions s set ended_at = leadgen.clock(), ended_because = p_because
  where s.user_id = p_user_id and s.ended_at is null and s.expires_at > leadgen.clock()
    and s.id is distinct from p_but_id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function identity.end_sessions(bigint, text, bigint) is
  'Ends every session of a user, but one if it is named; returns how many.';

create or replace function identity.list_own_sessions(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_open record;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  return coalesce((
    select jsonb_agg(identity.describe_session(s, (v_open.session).id) order by s.seen_at desc, s.id desc)
    from leadgen.user_sessions s
    where s.user_id = (v_open.holder).id and s.ended_at is null and s.expires_at > leadgen.clock()
      and s.seen_at > leadgen.clock() - (select t.idle from identity.find_session_terms((v_open.holder).role) t)),
    '[]');
end;
$$;
comment on function identity.list_own_sessions(text) is 'The work of leadgen.list_own_sessions.';

create or replace function identity.revoke_own_sessions(p_token_hash text, p_session_id bigint)
returns integer
language plpgsql
volatile
as $$
-- Another user's session is one that does not exist.
declare
  v_open record;
  v_count integer;
begin
  select o.* into v_open from identity.open_session(p_token_hash) o;
  if p_session_id is null then
    return identity.end_sessions((v_open.holder).id, 'revoked');
  end if;
  update leadgen.user_sessions s set ended_at = leadgen.clock(), ended_because = 'revoked'
  where s.id = p_session_id and s.user_id = (v_open.holder).id and s.ended_at is null;
  get diagnostics v_count = row_count;
  if v_count = 0 then
    perform kernel.refuse('LG404', 'There is no such session', 'session_id', p_session_id::text,
      'the id of one of your sessions');
  end if;
  return v_count;
end;
$$;
comment on function identity.revoke_own_sessions(text, bigint) is 'The work of leadgen.revoke_own_sessions.';

create or replace function identity.revoke_user_sessions(p_user_id bigint)
returns integer
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := identity.lock_user(p_user_id);
  v_count constant integer := identity.end_sessions(p_user_id, 'revoked');
begin
  perform catalog.note_action('user_sessions_revoked', format('user %s', p_user_id), v_user.buyer_id,
    format('user %s was signed out of %s', p_user_id, kernel.count_of(v_count, 'session')),
    jsonb_build_object('user_id', p_user_id, 'sessions', v_count));
  return v_count;
end;
$$;
comment on function identity.revoke_user_sessions(bigint) is 'The work of leadgen.revoke_user_sessions.';

create or replace function identity.check_fresh(p_session leadgen.user_sessions)
returns void
language plpgsql
stable
as $$
begin
  if coalesce(p_session.proved_at, p_session.created_at) < leadgen.clock() - interval '15 minutes' then
    perform kernel.refuse('LG403', 'This needs a sign-in of the last 15 minutes', 'session', 'an older one',
      'a session of the last 15 minutes', 'Sign in again.');
  end if;
end;
$$;
comment on function identity.check_fresh(leadgen.user_sessions) is
  'Raises LG403 unless the session is new: whoever finds a browser open does not change how its user signs in.';
