-- Suppression lists: of everybody, of a buyer, of a vertical. A list is made of parts: one by hand, one for each file.

create or replace function privacy.refuse_list(p_list text)
returns void
language plpgsql
stable
as $$
begin
  perform kernel.refuse('LG404', 'There is no such suppression list', 'list', coalesce(left(p_list, 80), 'nothing'),
    (select string_agg(l.name, ', ' order by l.name) from leadgen.suppression_lists l));
end;
$$;
comment on function privacy.refuse_list(text) is
  'Raises LG404 for a list that there is not, and names those there are.';

create or replace function privacy.ensure_suppression_list(p_name text, p_buyer_id bigint, p_vertical_id bigint)
returns boolean
language plpgsql
volatile
as $$
declare
  v_list leadgen.suppression_lists;
begin
  if (p_name ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$') is not true then
    perform kernel.refuse('LG400', 'This cannot be the name of a list', 'list', coalesce(left(p_name, 80), 'nothing'),
      '1 to 80 letters, digits, spaces, dots, hyphens and underscores, of which the first is a letter or digit');
  elsif p_buyer_id is not null and not exists (select from leadgen.buyers b where b.id = p_buyer_id) then
    perform kernel.refuse('LG404', format('No buyer %s', p_buyer_id), 'buyer_id', p_buyer_id::text,
      'the id of a buyer');
  elsif p_vertical_id is not null and not exists (select from leadgen.verticals v where v.id = p_vertical_id) then
    perform kernel.refuse('LG404', format('No vertical %s', p_vertical_id), 'vertical_id', p_vertical_id::text,
      'the id of a vertical');
  end if;
  insert into leadgen.suppression_lists as l (name, buyer_id, vertical_id, created_at)
  values (p_name, p_buyer_id, p_vertical_id, leadgen.clock())
  on conflict (name) do nothing
  returning l.* into v_list;
  if found then
    insert into leadgen.suppression_parts (list_id, status, created_at, live_at)
    values (v_list.id, 'live', leadgen.clock(), leadgen.clock());
    return true;
  end if;
  select l.* into v_list from leadgen.suppression_lists l where l.name = p_name;
  if (v_list.buyer_id, v_list.vertical_id) is distinct from (p_buyer_id, p_vertical_id) then
    perform kernel.refuse('LG409', format('The list %s is another''s', p_name), 'list',
      privacy.describe_scope(p_buyer_id, p_vertical_id), privacy.describe_scope(v_list.buyer_id, v_list.vertical_id));
  end if;
  return false;
end;
$$;
comment on function privacy.ensure_suppression_list(text, bigint, bigint) is
  'The work of leadgen.ensure_suppression_list.';

create or replace function privacy.describe_scope(p_buyer_id bigint, p_vertical_id bigint)
returns text
language plpgsql
immutable
as $$
begin
  return coalesce(
    nullif(concat_ws(', ', 'buyer ' || p_buyer_id, 'vertical ' || p_vertical_id), ''),
    'neither a buyer nor a vertical');
end;
$$;
comment on function privacy.describe_scope(bigint, bigint) is 'Whose a list is, in words.';

create or replace function privacy.drop_suppression_list(p_name text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_list_id integer;
  v_contacts bigint;
begin
  if p_name = 'global' then
    perform kernel.refuse('LG409', 'The list global stays', 'list', p_name, 'another list',
      'leadgen unsuppress takes a contact off it.');
  end if;
  delete from leadgen.suppression_lists l where l.name = p_name returning l.id into v_list_id;
  if not found then
    perform privacy.refuse_list(p_name);
  end if;
  with dropped as (
    update leadgen.suppression_parts p set status = 'dropped'
    where p.list_id = v_list_id and p.status <> 'dropped'
    returning p.contacts
  )
  select coalesce(sum(d.contacts), 0) into v_contacts from dropped d;
  return v_contacts;
end;
$$;
comment on function privacy.drop_suppression_list(text) is 'The work of leadgen.drop_suppression_list.';

create or replace function privacy.list_suppression_lists()
returns table (
  name text,
  buyer_id bigint,
  buyer text,
  vertical_id bigint,
  vertical text,
  contacts bigint,
  by_hand bigint,
  files bigint,
  loading bigint,
  latest_at timestamptz
)
language plpgsql
stable
as $$
begin
  return query
  select l.name, l.buyer_id, b.name::text, l.vertical_id, v.slug::text,
    coalesce(sum(p.contacts) filter (where p.status = 'live'), 0)::bigint,
    coalesce(sum(p.contacts) filter (where p.status = 'live' and p.kind is null), 0)::bigint,
    count(*) filter (where p.status = 'live' and p.kind is not null),
    count(*) filter (where p.status = 'loading'),
    max(p.live_at) filter (where p.status = 'live' and p.kind is not null)
  from leadgen.suppression_lists l
  join leadgen.suppression_parts p on p.list_id = l.id
  left join leadgen.buyers b on b.id = l.buyer_id
  left join leadgen.verticals v on v.id = l.vertical_id
  where p.expires_at is null or p.expires_at > leadgen.clock()
  group by l.id, b.name, v.slug
  order by l.id;
end;
$$;
comment on function privacy.list_suppression_lists() is 'The work of leadgen.list_suppression_lists.';
