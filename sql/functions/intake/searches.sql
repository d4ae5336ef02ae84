-- Leads looked for by what a person has at hand: an id, a phone number, an e-mail, a key.

create or replace function intake.read_search(
  p_text text,
  p_key bytea,
  out lead_id bigint,
  out email text,
  out phones text[],
  out keys text[],
  out sealed_email text,
  out sealed_phones text[]
)
language plpgsql
stable
as $$
-- A phone is read as the intake reads it, in each country that has a market; one that is not valid is kept as it came.
declare
  v_text constant text := ref.read_code(p_text);
begin
  if v_text is null or length(v_text) > 200 then
    perform kernel.refuse('LG400', 'The text to look for is missing or too long', 'text',
      case when v_text is null then 'nothing' else kernel.count_of(length(v_text), 'character') end,
      'a lead id, a phone number, an e-mail or a key of at most 200 characters');
  end if;
  lead_id := case when v_text ~ '^[0-9]{1,18}$' then v_text::bigint end;
  email := case when position('@' in v_text) > 0 then ref.normalize_email(v_text) end;
  phones := array(
    select distinct coalesce((ref.read_phone(v_text, m.country_code)).e164, left(v_text, 20))
    from (select distinct country_code from leadgen.markets) m
    where email is null and (v_text ~ '[0-9].*[0-9].*[0-9]' or octet_length(v_text) > length(v_text)));
  keys := array(
    select v_text
    union
    select ref.collapse_space(p_text)
    union
    select (f.body -> 'idempotency_key' ->> 'prefix') || v_text
    from leadgen.field_maps f
    where f.body -> 'idempotency_key' ? 'prefix');
  sealed_email := ref.seal_email(email, p_key);
  sealed_phones := array(select ref.seal_phone(p, p_key) from unnest(phones) p);
end;
$$;
comment on function intake.read_search(text, bytea) is
  'What a text may be: a lead id, an e-mail, phone numbers in E.164, idempotency keys (with the prefix of each field '
  'map as well); e-mail and phones also as sealed leads have them, by the digest key p_key. Raises LG400 for none, or '
  'one that is too long.';

create or replace function intake.list_matching_leads(p_text text, p_limit integer, p_key bytea)
returns table (lead_id bigint, matched text)
language plpgsql
stable
as $$
-- Each branch is a probe by key. Attributes have none: they are looked at only for what is found by no key.
declare
  v_search constant record := intake.read_search(p_text, p_key);
begin
  return query
  select found.id, string_agg(found.by, ', ' order by found.place)
  from (
    select l.id, 1 as place, 'id' as by from leadgen.leads l where l.id = v_search.lead_id
    union all
    select l.id, 2, 'phone' from leadgen.leads l where l.phone = any (v_search.phones || v_search.sealed_phones)
    union all
    select l.id, 3, 'email' from leadgen.leads l where l.email in (v_search.email, v_search.sealed_email)
    union all
    select l.id, 4, 'external_id' from leadgen.leads l
    where l.tracking ->> 'external_id' = ref.collapse_space(ref.strip_invisible(p_text)) and l.tracking ? 'external_id'
    union all
    select l.id, 5, 'key'
    from leadgen.sources s
    join leadgen.leads l on l.source_id = s.id and l.idempotency_key = any (v_search.keys)
  ) found
  group by found.id;
  if not found then
    return query select * from intake.list_leads_by_attribute(p_text, p_limit);
  end if;
end;
$$;
comment on function intake.list_matching_leads(text, integer, bytea) is
  'The leads that have a text as their id, phone, e-mail, external_id or idempotency key, and which it was; if '
  'there is none, the latest that have it as an attribute.';

create or replace function intake.list_leads_by_attribute(p_text text, p_limit integer)
returns table (lead_id bigint, matched text)
language plpgsql
stable
as $$
-- A read of all leads, newest first, until there are enough. The text as JSON writes it leaves most out at once.
declare
  v_text constant text := ref.collapse_space(p_text);
  v_json constant text := to_json(v_text)::text;
  v_part constant text := substr(v_json, 2, length(v_json) - 2);
begin
  return query
  select l.id, by.matched
  from leadgen.leads l
  cross join lateral (
    select string_agg('attributes.' || a.key, ', ' order by a.key) as matched
    from jsonb_each(l.attributes) a
    where exists (select from jsonb_path_query(a.value, 'strict $.**') v where v #>> '{}' = v_text)
  ) by
  where strpos(l.attributes::text, v_part) > 0 and by.matched is not null
  order by l.id desc
  limit p_limit;
end;
$$;
comment on function intake.list_leads_by_attribute(text, integer) is
  'The latest leads with an attribute, at any depth, that is a text or number; and which attribute it is.';

create or replace function intake.list_matching_quarantined(p_text text, p_key bytea)
returns table (quarantine_id bigint, matched text)
language plpgsql
stable
as $$
-- E-mails and phones are found by their traces, however many submissions wait. A key and another field have none: for
-- them the latest submissions are read, no more, because strangers write them; the text as JSON writes it leaves most
-- out at once. A network's post has its answers anywhere, so e-mail and phone are looked for in the text. What was
-- resubmitted is a lead. A sealed submission is found by its traces alone.
declare
  c_latest constant integer := 5000;
  v_search constant record := intake.read_search(p_text, p_key);
  v_plain constant bytea[] := array(
    select t
    from unnest(v_search.phones || null::text) p
    cross join unnest(intake.trace_contact(v_search.email, p)) t);
  v_hidden constant bytea[] := case when p_key is not null then intake.hide_traces(v_plain, p_key) else '{}' end;
  v_traces constant bytea[] := v_plain || v_hidden;
  v_text constant text := ref.collapse_space(p_text);
  v_json constant text := to_json(v_text)::text;
  v_part constant text := substr(v_json, 2, length(v_json) - 2);
  v_digits constant text[] := array(
    select '%' || right(regexp_replace(p, E'\\D', '', 'g'), 10) || '%'
    from unnest(v_search.phones) p
    where length(regexp_replace(p, E'\\D', '', 'g')) >= 7);
  v_phone_traces constant bytea[] := array(select intake.hash_trace('phone', p) from unnest(v_search.phones) p);
begin
  return query
  select q.id, coalesce(nullif(concat_ws(', ', by.phone, by.email, by.key), ''), by.field)
  from (
    select f.id, bool_or(f.is_traced) as is_traced
    from (
      select t.id, true as is_traced from intake.list_traced(v_traces) t (id)
      union all
      (select l.id, false from leadgen.intake_quarantine l where l.resubmitted_at is null order by l.id desc
        limit c_latest)
    ) f
    group by f.id
  ) c
  join leadgen.intake_quarantine q on q.id = c.id
  cross join lateral (select strpos(q.payload::text, v_part) > 0 as has_text offset 0) t
  cross join lateral (
    select
      case when c.is_traced and q.sealed is not null and v_search.email is null then 'phone' when c.is_traced
        and (translate(ref.fold_marks(q.payload::text), ' ()-./+', '') like any (v_digits)
          or q.traces && v_phone_traces) then 'phone' end as phone,
      case when c.is_traced and q.sealed is not null and v_search.email is not null then 'email'
        when c.is_traced and strpos(lower(ref.fold_marks(q.payload::text)), v_search.email) > 0
        then 'email' end as email,
      case when t.has_text and q.payload ->> 'idempotency_key' = any (v_search.keys)
        or q.context ->> 'idempotency_key' = any (v_search.keys) then 'key' end as key,
      case when t.has_text and exists (
        select from jsonb_path_query(q.payload - 'idempotency_key', 'strict $.**') v
        where v #>> '{}' = v_text) then 'field' end as field
  ) by
  where q.resubmitted_at is null and q.payload <> '{}' and num_nonnulls(by.phone, by.email, by.key, by.field) > 0;
end;
$$;
comment on function intake.list_matching_quarantined(text, bytea) is
  'The submissions waiting in quarantine that carry a text as their phone, e-mail, idempotency key or any other field, '
  'and which of these it was. By a key or another field only the latest 5,000 are found.';

create or replace function intake.forget_contact(p_facts kernel.lead_facts)
returns void
language plpgsql
volatile
as $$
-- For a rehearsal, which undoes it, and after the lock of the offer.
declare
  v_ids constant bigint[] := array(
    select l.id from leadgen.leads l where l.phone in (p_facts.phone, p_facts.sealed_phone)
    union
    select l.id from leadgen.leads l where l.email in (p_facts.email, p_facts.sealed_email));
begin
  perform from leadgen.leads l where l.id = any (v_ids) order by l.id for no key update;
  update leadgen.leads l set phone = '', email = '' where l.id = any (v_ids);
end;
$$;
comment on function intake.forget_contact(kernel.lead_facts) is
  'Makes the earlier leads of a phone or an e-mail leads of nobody; only where everything is undone afterwards.';
