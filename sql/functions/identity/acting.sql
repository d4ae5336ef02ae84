-- For whom a transaction acts: one buyer or one source, proved by a key or a session.
--
-- Row-level security asks acting_buyer() and acting_source() whose rows are shown. What they believe is a setting of
-- the transaction, leadgen.acts_as: who, and a signature. Anybody may write the setting, but only the owner's functions
-- sign: with a secret that no login reads, over the session's process and the begin of the transaction.
-- So a setting that was written by hand, or brought along from another transaction or session, counts for nothing, and
-- without one nobody sees a row. A pooled connection has nothing left of it after the commit.

create or replace function identity.act_as(p_kind text, p_id bigint)
returns bigint
language plpgsql
volatile
as $$
begin
  perform set_config('leadgen.acts_as', format('%s:%s:%s', p_kind, p_id, identity.sign_acting(p_kind, p_id)), true);
  return p_id;
end;
$$;
comment on function identity.act_as(text, bigint) is
  'From here to its end the transaction acts for this buyer or source. Returns the id. The caller has seen the proof.';

create or replace function identity.sign_acting(p_kind text, p_id bigint)
returns text
language plpgsql
stable
as $$
begin
  return (
    select encode(kernel.compute_padded_hmac(s.blocks, convert_to(format('acts_as:%s:%s:%s:%s',
      p_kind, p_id, pg_backend_pid(), extract(epoch from transaction_timestamp())), 'UTF8')), 'hex')
    from leadgen.link_secrets s
  );
end;
$$;
comment on function identity.sign_acting(text, bigint) is
  'What proves, in this transaction of this session alone, that a function of the owner''s let it act for this buyer '
  'or source.';

create or replace function identity.find_acting(p_kind text)
returns bigint
language plpgsql
stable
as $$
-- Digests are compared: how long that takes says nothing about the right signature.
declare
  v_claim constant text[] := regexp_match(
    current_setting('leadgen.acts_as', true), '^(buyer|source):([0-9]{1,18}):([0-9a-f]{64})$');
begin
  if v_claim[1] = p_kind
    and sha256(convert_to(v_claim[3], 'UTF8'))
      = sha256(convert_to(identity.sign_acting(p_kind, v_claim[2]::bigint), 'UTF8')) then
    return v_claim[2];
  end if;
  return null;
end;
$$;
comment on function identity.find_acting(text) is
  'The buyer or source that the transaction acts for; null: it acts for none of this kind.';

create or replace function identity.acting_buyer()
returns bigint
language plpgsql
stable parallel restricted
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.find_acting('buyer');
end;
$$;
comment on function identity.acting_buyer() is
  'The buyer that the transaction acts for; null: none. Policies of row-level security ask once a statement.';

create or replace function identity.acting_source()
returns bigint
language plpgsql
stable parallel restricted
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.find_acting('source');
end;
$$;
comment on function identity.acting_source() is
  'The source that the transaction acts for; null: none. Policies of row-level security ask once a statement.';

create or replace function identity.act_as_buyer(p_key_hash text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return identity.act_as('buyer', identity.authenticate_buyer(p_key_hash, 'read'));
end;
$$;
comment on function identity.act_as_buyer(text) is
  'The work of leadgen.act_as_buyer, also for functions of leadgen_reader, which begin with it.';

create or replace function identity.act_as_source(p_key_hash text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_source_id constant bigint := (select (o.key).source_id from identity.open_key(p_key_hash) o);
begin
  if v_source_id is null then
    perform kernel.refuse('LG401', 'No valid API key');
  end if;
  return identity.act_as('source', v_source_id);
end;
$$;
comment on function identity.act_as_source(text) is 'The work of leadgen.act_as_source.';

create or replace function identity.act_as_user(p_token_hash text, out kind text, out id bigint)
language plpgsql
volatile
as $$
declare
  v_user constant leadgen.users := (identity.open_session(p_token_hash)).holder;
begin
  kind := case when v_user.buyer_id is not null then 'buyer' when v_user.source_id is not null then 'source' end;
  id := coalesce(v_user.buyer_id, v_user.source_id);
  if kind is null then
    perform kernel.refuse('LG403', 'Your user belongs to no buyer and no source', 'role', v_user.role::text,
      'a user of a buyer or a source');
  end if;
  perform identity.act_as(kind, id);
end;
$$;
comment on function identity.act_as_user(text) is 'The work of leadgen.act_as_user.';
