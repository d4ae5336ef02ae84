-- Which suppression lists have a contact.

create or replace function intake.list_suppressions(p_hashes bytea[], p_vertical_id bigint, p_at timestamptz)
returns table (list_name text, buyer_id bigint)
language sql
stable
as $$
-- One probe by key a hash, however many lists there are; the two small tables are looked at for what is found. Where
-- nobody is suppressed, nothing is hashed: the parts say so, for after a long list was deleted suppressions has pages
-- of nothing until it is vacuumed.
  select l.name, l.buyer_id
  from (
    select s.part_id
    from leadgen.suppressions s
    where exists (select from leadgen.suppression_parts a where a.status = 'live' and a.contacts > 0)
      and s.value_hash = any (p_hashes)
      and (s.expires_at is null or s.expires_at > p_at)
    offset 0
  ) s
  cross join lateral (
    select o.name, o.buyer_id
    from leadgen.suppression_parts p
    join leadgen.suppression_lists o on o.id = p.list_id
    where p.id = s.part_id and p.status = 'live'
      and (p.expires_at is null or p.expires_at > p_at)
      and (o.vertical_id is null or o.vertical_id = p_vertical_id)
    offset 0 -- from what is found to its list, not from the lists
  ) l;
$$;
comment on function intake.list_suppressions(bytea[], bigint, timestamptz) is
  'The lists that have a contact (ref.list_contact_hashes) and are about leads of a vertical; buyer_id null: nobody is '
  'sold such a lead. Part of the query that reads it: the planner puts it in place.';

create or replace function intake.sum_up_suppressions(p_hashes bytea[], p_vertical_id bigint, p_at timestamptz)
returns table (is_suppressed boolean, suppressing_buyers bigint[], suppressed_by text[])
language sql
stable
as $$
  select coalesce(bool_or(l.buyer_id is null), false), array_agg(l.buyer_id) filter (where l.buyer_id is not null),
    array_agg(distinct l.list_name)
  from intake.list_suppressions(p_hashes, p_vertical_id, p_at) l;
$$;
comment on function intake.sum_up_suppressions(bytea[], bigint, timestamptz) is
  'One row of what find_suppressions says. Part of the query that reads it, as list_suppressions is.';

create or replace function intake.find_suppressions(
  p_phone text,
  p_email text,
  p_vertical_id bigint,
  p_at timestamptz,
  out is_suppressed boolean,
  out suppressing_buyers bigint[],
  out suppressed_by text[]
)
language plpgsql
stable
as $$
begin
  select s.is_suppressed, s.suppressing_buyers, s.suppressed_by
  into is_suppressed, suppressing_buyers, suppressed_by
  from intake.sum_up_suppressions(
    ref.list_contact_hashes(p_phone, p_email, nullif(split_part(p_email, '@', -1), '')), p_vertical_id, p_at) s;
end;
$$;
comment on function intake.find_suppressions(text, text, bigint, timestamptz) is
  'Whether a contact, as a lead carries it, may not be sold at all, the buyers who may not be sold it, and the names '
  'of the lists that say so; null: none.';
