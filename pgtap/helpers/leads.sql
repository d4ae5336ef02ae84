-- Leads that are handed in, and what became of them.
create or replace function testkit.given_lead(p_offer_id bigint, p_fields jsonb default '{}', p_number integer default 1)
returns jsonb
language sql
as $$
  select jsonb_build_object(
    'source_key', format('source-of-%s', p_offer_id),
    'name', 'John Smith',
    'email', format('person%s@example.com', p_number),
    'phone', format('+1512555%s', lpad(p_number::text, 4, '0')),
    'postal_code', '78701',
    'city', 'Austin',
    'message', 'Emergency plumbing needed',
    'consent', true) || p_fields;
$$;
comment on function testkit.given_lead(bigint, jsonb, integer) is
  'The payload of a good lead for an offer; another number is another person; p_fields override.';

create or replace function testkit.submit(p_offer_id bigint, p_fields jsonb default '{}', p_number integer default 1)
returns jsonb
language sql
volatile
as $$
  select leadgen.submit_lead(testkit.given_lead(p_offer_id, p_fields, p_number));
$$;
comment on function testkit.submit(bigint, jsonb, integer) is 'Submits given_lead; returns the answer.';

create or replace function testkit.sell(p_offer_id bigint, p_number integer default 1, p_at timestamptz default null)
returns bigint
language plpgsql
volatile
as $$
-- The id is looked up by lead and not by the answer's buyer_id, which a source may hide.
declare
  v_answer jsonb;
begin
  if p_at is not null then
    perform testkit.at_time(p_at);
  end if;
  v_answer := testkit.submit(p_offer_id, '{}', p_number);
  return (
    select a.buyer_offer_id from leadgen.lead_assignments a where a.lead_id = (v_answer ->> 'lead_id')::bigint order by a.id limit 1
  );
end;
$$;
comment on function testkit.sell(bigint, integer, timestamptz) is
  'Submits a good lead, at a time if given, and returns the enrollment it was first sold to; null: nobody.';

create or replace function testkit.at_time(p_at timestamptz)
returns void
language sql
as $$
  select set_config('leadgen.clock', p_at::text, true);
$$;
comment on function testkit.at_time(timestamptz) is 'Sets the clock until the transaction ends.';

create or replace function testkit.codes_of(p_answer jsonb)
returns text[]
language sql
as $$
  select coalesce(array_agg(format('%s %s', e ->> 'code', e ->> 'field')), '{}') from jsonb_array_elements(p_answer -> 'errors') e;
$$;
comment on function testkit.codes_of(jsonb) is 'The failures in an answer of submit_lead, as {"field_required name"}.';

create or replace function testkit.tell(p_lead_id bigint)
returns text
language sql
stable
as $$
  select case
    when l.validation_reason is not null then format('rejected: %s', l.answer -> 'errors' -> 0 ->> 'code')
    else coalesce(
      (select string_agg(format('%s %s', b.name, a.price), ', ' order by a.id)
        from leadgen.lead_assignments a join leadgen.buyers b on b.id = a.buyer_id where a.lead_id = l.id),
      concat_ws(', ', replace(l.unsold_reason, 'no buyer could take it: ', ''), case when l.hold_until is not null then 'held' end))
  end
  from leadgen.leads l
  where l.id = p_lead_id;
$$;
comment on function testkit.tell(bigint) is
  'What became of a lead: "Ace 45.00, Best 50.00", "cap_day 2, held" or "rejected: duplicate".';

create or replace function testkit.outcome(p_offer_id bigint, p_at timestamptz, p_fields jsonb default '{}')
returns text
language plpgsql
volatile
as $$
declare
  v_answer jsonb;
begin
  perform testkit.at_time(p_at);
  v_answer := testkit.submit(p_offer_id, p_fields, 5000 + (nextval('testkit.numbers') % 5000)::integer);
  return testkit.tell((v_answer ->> 'lead_id')::bigint);
end;
$$;
comment on function testkit.outcome(bigint, timestamptz, jsonb) is
  'Submits a new person''s good lead at a time and tells what became of it (see testkit.tell).';

create or replace function testkit.work_holds()
returns integer
language plpgsql
volatile
as $$
declare
  v_calls integer := 0;
begin
  while leadgen.follow_change() > 0 or leadgen.route_held_lead() is not null loop
    v_calls := v_calls + 1;
    if v_calls > 1000 then
      raise exception 'route_held_lead does not come to an end';
    end if;
  end loop;
  return v_calls;
end;
$$;
comment on function testkit.work_holds() is
  'Calls route_held_lead, as the worker does, until there is nothing to do; returns how many calls did something.';
