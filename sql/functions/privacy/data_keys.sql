-- Data keys: stored wrapped. Who wraps and unwraps them is a program with PII_KEYS.

create or replace function privacy.list_data_keys()
returns table (id bigint, purpose text, wrapped bytea, wrapped_by text, created_at timestamptz, is_retired boolean)
language plpgsql
stable
as $$
begin
  return query
  select k.id, k.purpose, k.wrapped, k.wrapped_by, k.created_at, k.retired_at is not null
  from leadgen.data_keys k
  order by k.id;
end;
$$;
comment on function privacy.list_data_keys() is 'The work of leadgen.list_data_keys.';

create or replace function privacy.add_data_key(p_purpose text, p_wrapped bytea, p_wrapped_by text)
returns bigint
language plpgsql
volatile
as $$
-- With the digest key sealing begins: leads that come clear from now on are flagged, and earlier ones are walked over.
declare
  v_id bigint;
begin
  if p_purpose is null or p_purpose not in ('data', 'digest') then
    perform kernel.refuse('LG400', 'There is no such purpose of a data key', 'purpose',
      coalesce(left(p_purpose, 20), 'nothing'), 'data, digest');
  elsif (length(p_wrapped) between 16 and 8192) is not true
    or (p_wrapped_by ~ '^[A-Za-z0-9_.-]{1,64}$') is not true then
    perform kernel.refuse('LG400', 'The wrapped key is not acceptable', 'wrapped', 'another value',
      '16 to 8192 bytes, and the id of the key that wrapped them');
  end if;
  insert into leadgen.data_keys (purpose, wrapped, wrapped_by)
  values (p_purpose, p_wrapped, p_wrapped_by)
  on conflict (purpose) where purpose = 'digest' do nothing
  returning id into v_id;
  if p_purpose = 'digest' and v_id is not null then
    update leadgen.settings s set seals = true where not s.seals;
    perform privacy.start_walk('seal');
  end if;
  return v_id;
end;
$$;
comment on function privacy.add_data_key(text, bytea, text) is 'The work of leadgen.add_data_key.';

create or replace function privacy.rewrap_data_key(p_id bigint, p_old bytea, p_wrapped bytea, p_wrapped_by text)
returns boolean
language plpgsql
volatile
as $$
-- Only what the caller has unwrapped is replaced, so that two rotations at once cannot mix.
begin
  update leadgen.data_keys k
  set wrapped = p_wrapped, wrapped_by = p_wrapped_by
  where k.id = p_id and k.wrapped = p_old;
  return found;
end;
$$;
comment on function privacy.rewrap_data_key(bigint, bytea, bytea, text) is 'The work of leadgen.rewrap_data_key.';

create or replace function privacy.retire_data_keys()
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  update leadgen.data_keys k set retired_at = clock_timestamp() where k.purpose = 'data' and k.retired_at is null;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform privacy.start_walk('reseal');
  end if;
  return v_count;
end;
$$;
comment on function privacy.retire_data_keys() is 'The work of leadgen.retire_data_keys.';

create or replace function privacy.start_walk(p_kind text)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.sealing_walks as w (kind) values (p_kind)
  on conflict (kind) do update
  set started_at = current_timestamp, started_in = pg_current_xact_id(), next_id = 1, last_id = null,
    unopened = '{}';
end;
$$;
comment on function privacy.start_walk(text) is 'Has workers walk over all leads, from the first.';
