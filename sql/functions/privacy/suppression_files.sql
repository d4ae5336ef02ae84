-- Files of contacts that are imported into suppression lists.
--
-- A file is taken in by portions of some thousand lines, each a transaction of its own; nobody is suppressed by it
-- until finish_suppression_import makes its part live.
--
-- Lock order: list · part · contacts.
--
--   loading ─► live ─► dropped ─► swept: the rows are deleted, then the part

create or replace function privacy.start_suppression_import(
  p_list text,
  p_kind text,
  p_country_code text,
  p_expires_at timestamptz,
  p_replaces boolean,
  p_file_digest bytea,
  out part_id integer,
  out lines bigint,
  out is_live boolean
)
language plpgsql
volatile
as $$
-- The list is locked: two imports of one file are one.
declare
  v_list_id integer;
begin
  select l.id into v_list_id from leadgen.suppression_lists l where l.name = p_list for no key update;
  if not found then
    perform privacy.refuse_list(p_list);
  elsif (p_kind in ('phone', 'email', 'email_domain')) is not true then
    perform kernel.refuse('LG400', 'There is no such kind of contact', 'kind', coalesce(left(p_kind, 20), 'nothing'),
      'phone, email, email_domain');
  elsif p_expires_at <= leadgen.clock() then
    perform kernel.refuse('LG400', 'The suppressions would end before they begin', 'expires_at',
      'a time that has passed', 'a time to come, or null: for ever');
  elsif (length(p_file_digest) = 32) is not true then
    perform kernel.refuse('LG400', 'The digest is not SHA-256', 'file_digest', 'other bytes', '32 bytes');
  end if;
  perform privacy.check_country(upper(p_country_code));
  select p.id, p.lines, p.status = 'live' into part_id, lines, is_live
  from leadgen.suppression_parts p
  where p.list_id = v_list_id and p.status in ('loading', 'live') and p.file_digest = p_file_digest
    and (p.kind, p.country_code, p.expires_at) is not distinct from (p_kind, upper(p_country_code), p_expires_at)
  order by p.status desc, p.id desc
  limit 1;
  if found then
    update leadgen.suppression_parts p set replaces = p_replaces where p.id = part_id;
    return;
  end if;
  insert into leadgen.suppression_parts as p (
    list_id, kind, country_code, expires_at, replaces, file_digest, created_at
  )
  values (
    v_list_id, p_kind, upper(p_country_code), p_expires_at, coalesce(p_replaces, false), p_file_digest, leadgen.clock()
  )
  returning p.id, p.lines, false into part_id, lines, is_live;
end;
$$;
comment on function privacy.start_suppression_import(text, text, text, timestamptz, boolean, bytea) is
  'The work of leadgen.start_suppression_import.';

create or replace function privacy.lock_part(p_part_id integer)
returns leadgen.suppression_parts
language plpgsql
volatile
as $$
declare
  v_part leadgen.suppression_parts;
begin
  select p.* into v_part from leadgen.suppression_parts p where p.id = p_part_id for update;
  if v_part.id is null or v_part.kind is null then
    perform kernel.refuse('LG404', 'There is no such import', 'part_id', coalesce(p_part_id::text, 'nothing'),
      'an id that start_suppression_import returned');
  elsif v_part.status = 'dropped' then
    perform kernel.refuse('LG409', 'The list was dropped, or a later file replaced this one', 'part_id',
      p_part_id::text, 'an import that is not over');
  end if;
  return v_part;
end;
$$;
comment on function privacy.lock_part(integer) is 'The part of an import, locked; LG404 or LG409 for one that is over.';

create or replace function privacy.import_suppressions(p_part_id integer, p_after bigint, p_lines text[])
returns table (line bigint, reason text)
language plpgsql
volatile
as $$
-- Set-based. A North American number of a known area code is read as ref.read_phone reads it at first sight, without
-- the call; every other line is read by the functions that read leads' contacts. A hash of 64 hexadecimal digits is
-- taken as it is. 201,5550123 is how the registry of the FTC writes a number.
declare
  c_reasons constant jsonb :=
    '{"phone": "no phone number", "email": "no e-mail address", "email_domain": "no domain"}';
  v_part constant leadgen.suppression_parts := privacy.lock_part(p_part_id);
  v_is_phone constant boolean := v_part.kind = 'phone';
  v_texts constant text[] := array(
    select case when v_is_phone and t.text ~ '^[0-9]{3},[0-9]{7}$' then replace(t.text, ',', '') else t.text end
    from (select btrim(u.text, E' \t\r"') as text, u.n from unnest(p_lines) with ordinality as u (text, n)) t
    order by t.n);
  v_is_american constant boolean := exists (
    select from leadgen.phone_regions r where r.country_code = v_part.country_code and r.calling_code = '1');
  v_hashes bytea[];
  v_count bigint;
  v_refused bigint;
begin
  if v_part.status <> 'loading' or v_part.lines <> p_after then
    perform kernel.refuse('LG409', 'Another import of the same file is running', 'after', p_after::text,
      format('%s, the lines that were taken in', v_part.lines), 'Wait for it, or end it, and start this one again.');
  end if;
  v_hashes := array(
    select case
      when a.prefix is not null then ref.hash_contact('phone', '+1' || right(t.text, 10))
      when t.text ~ '^[0-9A-Fa-f]{64}$' then decode(t.text, 'hex')
      else ref.hash_contact(v_part.kind, privacy.read_contact(v_part.kind, t.text, v_part.country_code)) end
    from unnest(v_texts) with ordinality as t (text, n)
    left join leadgen.phone_areas a
      on v_is_phone and a.is_whole and a.prefix = '1' || left(right(t.text, 10), 3)
      and t.text ~ E'^(\\+1|1)?[2-9][0-9]{2}[2-9][0-9]{6}$' and (v_is_american or starts_with(t.text, '+'))
    order by t.n);
  insert into leadgen.suppressions (kind, value_hash, created_at, part_id)
  select v_part.kind, h.hash, leadgen.clock(), p_part_id
  from (select distinct u.hash from unnest(v_hashes) as u (hash) where u.hash is not null order by u.hash) h
  on conflict (value_hash, part_id) do nothing;
  get diagnostics v_count = row_count;
  return query
  select p_after + t.n, c_reasons ->> v_part.kind
  from unnest(v_texts, v_hashes) with ordinality as t (text, hash, n)
  where t.hash is null and t.text <> ''
  order by t.n;
  get diagnostics v_refused = row_count;
  update leadgen.suppression_parts p
  set lines = p.lines + cardinality(p_lines), contacts = p.contacts + v_count, refused = p.refused + v_refused
  where p.id = p_part_id;
end;
$$;
comment on function privacy.import_suppressions(integer, bigint, text[]) is 'The work of leadgen.import_suppressions.';

create or replace function privacy.finish_suppression_import(
  p_part_id integer,
  out lines bigint,
  out contacts bigint,
  out refused bigint,
  out replaced bigint
)
language plpgsql
volatile
as $$
-- One moment: until the commit leads see what the list was, from then on what it is. The list is locked before its
-- parts, as by whoever drops it. A page with an error, or a file in UTF-16, would let everybody through who was on it.
declare
  v_part leadgen.suppression_parts;
begin
  perform from leadgen.suppression_lists l
  where l.id = (select p.list_id from leadgen.suppression_parts p where p.id = p_part_id)
  for no key update;
  v_part := privacy.lock_part(p_part_id);
  if v_part.replaces and v_part.contacts = 0 then
    perform kernel.refuse('LG409', 'A file in which no line is a contact takes no list''s place', 'contacts',
      format('0 in %s', kernel.count_of(v_part.lines, 'line')), 'one at least',
      'See that it is text in UTF-8, and of this kind. leadgen suppress drop empties a list.');
  end if;
  update leadgen.suppression_parts p
  set status = 'live', live_at = coalesce(p.live_at, leadgen.clock())
  where p.id = p_part_id
  returning p.lines, p.contacts, p.refused into lines, contacts, refused;
  with dropped as (
    update leadgen.suppression_parts p
    set status = 'dropped'
    where p.list_id = v_part.list_id and p.id <> p_part_id and p.kind is not null and p.status in ('loading', 'live')
      and p.id < p_part_id and v_part.replaces
    returning p.contacts
  )
  select coalesce(sum(d.contacts), 0) into replaced from dropped d;
end;
$$;
comment on function privacy.finish_suppression_import(integer) is 'The work of leadgen.finish_suppression_import.';

create or replace function privacy.sweep_suppressions()
returns integer
language plpgsql
volatile
as $$
-- By the key, from where the sweep before ended: a part's rows lie all over the table, and no index is kept for this.
declare
  c_most constant integer := 5000;
  v_part leadgen.suppression_parts;
  v_hashes bytea[];
begin
  update leadgen.suppression_parts p
  set status = 'dropped'
  where p.kind is not null and p.status <> 'dropped'
    and (p.expires_at < leadgen.clock()
      or (p.status = 'loading' and p.created_at < leadgen.clock() - interval '7 days'));
  select p.* into v_part
  from leadgen.suppression_parts p
  where p.status = 'dropped'
  order by p.id
  limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_hashes := array(
    select s.value_hash from leadgen.suppressions s
    where s.value_hash > coalesce(v_part.swept_to, '')
    order by s.value_hash
    limit c_most);
  delete from leadgen.suppressions s where s.value_hash = any (v_hashes) and s.part_id = v_part.id;
  if cardinality(v_hashes) < c_most then
    delete from leadgen.suppression_parts p where p.id = v_part.id;
  else
    update leadgen.suppression_parts p set swept_to = v_hashes[c_most] where p.id = v_part.id;
  end if;
  return cardinality(v_hashes) + 1;
end;
$$;
comment on function privacy.sweep_suppressions() is
  'Deletes contacts of parts that are dropped or over; looks at 5,000 rows at most. An import that nobody went on with '
  'for 7 days is over, too. Returns how much it looked at; 0: nothing is dropped.';

create or replace function privacy.forget_suppressions()
returns bigint
language plpgsql
volatile
as $$
-- What a file put on a list goes with its part (sweep_suppressions). Parts are locked before their contacts, as by
-- whoever writes by hand; a part that somebody holds is left for the next turn.
declare
  v_before constant timestamptz :=
    leadgen.clock() - (select r.keep from leadgen.retention_rules r where r.name = 'suppressions');
  v_part_ids constant integer[] := array(
    select p.id from leadgen.suppression_parts p where p.kind is null for no key update skip locked);
  v_count bigint;
begin
  with gone as (
    delete from leadgen.suppressions s
    where s.ctid = any (array(
      select o.ctid from leadgen.suppressions o
      where o.expires_at < v_before and o.part_id = any (v_part_ids)
      limit 1000 for update skip locked))
    returning s.part_id
  ),
  counted as (
    update leadgen.suppression_parts p
    set contacts = p.contacts - g.number
    from (select n.part_id, count(*) as number from gone n group by n.part_id) g
    where p.id = g.part_id
  )
  select count(*) into v_count from gone;
  return v_count;
end;
$$;
comment on function privacy.forget_suppressions() is
  'Deletes suppressions by hand that ended longer ago than the retention rule suppressions says, at most 1,000.';
