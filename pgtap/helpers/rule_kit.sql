-- The rule author's kit: a small catalogue, people who send leads, and assertions that read as sentences.
-- Each expect_ hands the lead in (leadgen.submit_lead, the live path) and returns a line of TAP; when it fails, the account of the
-- decision follows: who won, why each other buyer lost.

create or replace function testkit.austin_roofing(p_rules jsonb default '{}', p_config jsonb default '{}', p_pricing jsonb default null)
returns bigint
language plpgsql
as $$
declare
  v_offer_id constant bigint := testkit.make_offer(p_rules, p_config, p_pricing, '{"name": "Roofing Austin"}');
begin
  perform testkit.enroll_buyer(v_offer_id, 'Hilltop Roofing', '{"routing_priority": 3}');
  perform testkit.enroll_buyer(v_offer_id, 'Lakeside Roofing', '{"routing_priority": 2}');
  perform testkit.enroll_buyer(v_offer_id, 'Capitol Roofing', '{"routing_priority": 1}');
  perform set_config('testkit.offer_id', v_offer_id::text, true);
  return v_offer_id;
end;
$$;
comment on function testkit.austin_roofing(jsonb, jsonb, jsonb) is
  'A market with one offer at 45.00 under these policies; Hilltop, Lakeside and Capitol Roofing (testkit.town), in this order of priority.';

create or replace function testkit.offer()
returns bigint
language plpgsql
stable
as $$
declare
  v_offer_id constant text := nullif(current_setting('testkit.offer_id', true), '');
begin
  if v_offer_id is null then
    raise exception 'no offer yet: start with select testkit.austin_roofing();';
  end if;
  return v_offer_id::bigint;
end;
$$;
comment on function testkit.offer() is 'The offer of austin_roofing.';

create or replace function testkit.enrollment(p_buyer text)
returns bigint
language plpgsql
stable
as $$
declare
  v_id constant bigint := (
    select bo.id from leadgen.buyer_offers bo join leadgen.buyers b on b.id = bo.buyer_id
    where bo.offer_id = testkit.offer() and b.name = p_buyer);
begin
  if v_id is null then
    raise exception 'no buyer named % in the offer', p_buyer;
  end if;
  return v_id;
end;
$$;
comment on function testkit.enrollment(text) is 'The buyer_offers id of a buyer of the offer, by name.';

create or replace function testkit.buyer(p_buyer text)
returns bigint
language sql
stable
as $$
  select testkit.buyer_of(testkit.enrollment(p_buyer));
$$;
comment on function testkit.buyer(text) is 'The id of a buyer of the offer, by name.';

create or replace function testkit.persona(p_name text)
returns jsonb
language plpgsql
as $$
declare
  c_people constant jsonb := '{
    "homeowner": {"postal_code": "78701", "city": "Austin", "message": "The roof leaks over the kitchen",
      "attributes": {"owns_home": true, "roof_age": 22}},
    "renter": {"postal_code": "78745", "city": "Austin", "message": "A few shingles are gone",
      "attributes": {"owns_home": false, "roof_age": 4}},
    "out_of_town": {"postal_code": "76701", "city": "Waco", "message": "The whole roof, please",
      "attributes": {"owns_home": true, "roof_age": 30}}}';
begin
  if not c_people ? p_name then
    raise exception 'no persona %: there are %', p_name, (select string_agg(k, ', ') from jsonb_object_keys(c_people) k);
  end if;
  return c_people -> p_name;
end;
$$;
comment on function testkit.persona(text) is 'What somebody sends: homeowner (78701), renter (78745) or out_of_town (Waco).';

create or replace function testkit.given_lead(p_persona text default 'homeowner', p_fields jsonb default '{}')
returns jsonb
language sql
volatile
as $$
  select testkit.given_lead(testkit.offer(), testkit.persona(p_persona) || p_fields, 5000 + (nextval('testkit.numbers') % 5000)::integer);
$$;
comment on function testkit.given_lead(text, jsonb) is
  'A lead for the offer of austin_roofing, each time of another person; p_fields override what the persona sends.';

create or replace function testkit.hand_in(p_lead jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- Two statements: the second sees what the first stored.
declare
  v_answer constant jsonb := leadgen.submit_lead(p_lead);
begin
  return (
    select jsonb_build_object(
      'buyers', (select string_agg(b.name, ', ' order by a.id)
        from leadgen.lead_assignments a join leadgen.buyers b on b.id = a.buyer_id where a.lead_id = l.id and a.released_at is null),
      'price', l.price,
      'cause', case when l.unsold_reason is not null then (
        select (kernel.find_cause(market.recall_snapshot(d, market.recall_policy(d)), d.reasons)).cause from leadgen.lead_decisions d
        where d.lead_id = l.id order by d.attempt desc limit 1) end,
      'code', l.answer -> 'errors' -> 0 ->> 'code',
      'account', concat_ws(E'\n', roads.summarize_lead(l.id), (
        select string_agg(concat_ws(': ', format('  %s', c.buyer_name), concat_ws(' ', c.verdict, c.price), c.reason), E'\n')
        from leadgen.explain_candidates(l.id) c)))
    from leadgen.leads l
    where l.id = (v_answer ->> 'lead_id')::bigint
  );
end;
$$;
comment on function testkit.hand_in(jsonb) is
  'Submits a lead and tells what became of it: buyers, price, cause (unsold), code (rejected), account in words.';

create or replace function testkit.expect(p_outcome jsonb, p_have text, p_want text, p_description text)
returns text
language plpgsql
volatile
as $$
begin
  return concat_ws(E'\n', is(p_have, p_want, p_description),
    case when p_have is distinct from p_want then diag(coalesce(p_outcome ->> 'account', 'no lead was stored')) end);
end;
$$;
comment on function testkit.expect(jsonb, text, text, text) is 'is() with the account of the decision when it fails.';

create or replace function testkit.expect_sold_to(p_lead jsonb, p_buyer text, p_description text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_outcome constant jsonb := testkit.hand_in(p_lead);
begin
  return testkit.expect(v_outcome, v_outcome ->> 'buyers', p_buyer, coalesce(p_description, format('sold to %s', p_buyer)));
end;
$$;
comment on function testkit.expect_sold_to(jsonb, text, text) is
  'Assertion: the lead is sold to this buyer; of a shared sale name all, "Hilltop Roofing, Lakeside Roofing", in the order of sale.';

create or replace function testkit.expect_price(p_lead jsonb, p_price numeric, p_description text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_outcome constant jsonb := testkit.hand_in(p_lead);
begin
  return testkit.expect(v_outcome, trim_scale((v_outcome ->> 'price')::numeric)::text, trim_scale(p_price)::text,
    coalesce(p_description, format('sold for %s', p_price)));
end;
$$;
comment on function testkit.expect_price(jsonb, numeric, text) is 'Assertion: the (first) buyer pays this price.';

create or replace function testkit.expect_unsold(p_lead jsonb, p_reason text, p_description text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_outcome constant jsonb := testkit.hand_in(p_lead);
begin
  return testkit.expect(v_outcome, v_outcome ->> 'cause', p_reason, coalesce(p_description, format('unsold: %s', p_reason)));
end;
$$;
comment on function testkit.expect_unsold(jsonb, text, text) is
  'Assertion: the lead is valid and nobody takes it, for this reason (cap_day, outside_schedule, …) of the buyer that came nearest.';

create or replace function testkit.expect_rejected(p_lead jsonb, p_code text, p_description text default null)
returns text
language plpgsql
volatile
as $$
declare
  v_outcome constant jsonb := testkit.hand_in(p_lead);
begin
  return testkit.expect(v_outcome, v_outcome ->> 'code', p_code, coalesce(p_description, format('rejected: %s', p_code)));
end;
$$;
comment on function testkit.expect_rejected(jsonb, text, text) is
  'Assertion: the lead fails validation, first with this code (field_required, duplicate, …).';
