-- Makers: each takes what a test cares about as {column: value} and fills in the rest. Names are free to repeat.
create sequence testkit.numbers;
grant usage on sequence testkit.numbers to public;

create or replace function testkit.make_market(p_row jsonb default '{}')
returns bigint
language sql
as $$
  select testkit.add('markets',
    '{"name": "Austin, TX", "country_code": "US", "region_code": "US-TX", "timezone": "America/Chicago"}'::jsonb || p_row);
$$;
comment on function testkit.make_market(jsonb) is 'A market, Austin unless told otherwise.';

create or replace function testkit.make_offer(
  p_rules jsonb default '{}',
  p_config jsonb default '{}',
  p_pricing jsonb default null,
  p_row jsonb default '{}',
  p_market jsonb default '{}'
)
returns bigint
language plpgsql
as $$
declare
  v_number constant bigint := nextval('testkit.numbers');
  v_offer_id bigint;
begin
  v_offer_id := testkit.add('offers', jsonb_build_object(
    'market_id', coalesce((p_row ->> 'market_id')::bigint, testkit.make_market(p_market)),
    'vertical_id', coalesce((p_row ->> 'vertical_id')::bigint,
      testkit.add('verticals', jsonb_build_object('slug', format('plumbing-%s', v_number), 'name', 'Plumbing'))),
    'name', format('Plumbing Austin %s', v_number),
    'default_price_per_lead', 45,
    'validation_policy_id', testkit.add('validation_policies', jsonb_build_object('name', 'rules', 'rules', p_rules)),
    'routing_policy_id', testkit.add('routing_policies', jsonb_build_object('name', 'routing', 'config', p_config)),
    'pricing_policy_id', case when p_pricing is not null then
      testkit.add('pricing_policies', jsonb_build_object('name', 'pricing', 'rules', p_pricing)) end
  ) || p_row);
  perform testkit.make_source(v_offer_id, jsonb_build_object('source_key', format('source-of-%s', v_offer_id)));
  return v_offer_id;
end;
$$;
comment on function testkit.make_offer(jsonb, jsonb, jsonb, jsonb, jsonb) is
  'An offer at 45.00 with its market, vertical, policies and a landing page source named source-of-<id>.';

create or replace function testkit.make_source(p_offer_id bigint, p_row jsonb default '{}')
returns bigint
language sql
as $$
  select testkit.add('sources', jsonb_build_object('offer_id', p_offer_id, 'kind', 'landing_page', 'name', 'A page',
    'disclose_buyer', true) || p_row);
$$;
comment on function testkit.make_source(bigint, jsonb) is 'Another source of an offer.';

create or replace function testkit.make_key(p_key_hash text, p_row jsonb default '{}')
returns bigint
language sql
as $$
  select testkit.add('api_keys', jsonb_build_object('key_hash', p_key_hash, 'name', 'ops') || case
    when p_row ? 'source_id' then '{"kind": "source", "scopes": ["leads"]}'::jsonb
    when p_row ? 'buyer_id' then '{"kind": "buyer", "scopes": ["read", "answer", "pay"]}'
    when p_row ? 'user_id' then '{"kind": "user", "scopes": ["read"]}'
    else '{"kind": "operator", "scopes": ["read"]}' end || p_row);
$$;
comment on function testkit.make_key(text, jsonb) is
  'A key with this hash: of a source, buyer or user by their ids, else of the operator ops.';

create or replace function testkit.make_buyer(p_row jsonb default '{}')
returns bigint
language plpgsql
as $$
declare
  v_id constant bigint := testkit.add('buyers', jsonb_build_object(
    'name', 'Ace Plumbing', 'email', format('buyer%s@buyers.example', nextval('testkit.numbers')), 'phone', '+15125550100')
    || (p_row - '{webhook_secret,webhook_headers}'::text[]));
begin
  if p_row ? 'webhook_secret' then
    perform leadgen.set_webhook_secret(v_id, p_row ->> 'webhook_secret', '0');
  end if;
  perform leadgen.set_webhook_header(v_id, h.key, h.value) from jsonb_each_text(p_row -> 'webhook_headers') h;
  return v_id;
end;
$$;
comment on function testkit.make_buyer(jsonb) is
  'A buyer who takes e-mails and has no webhook. webhook_secret and webhook_headers, {name: value}, go where they belong.';

create or replace function testkit.enroll(p_offer_id bigint, p_row jsonb default '{}', p_areas text[] default '{*}')
returns bigint
language plpgsql
as $$
declare
  v_buyer_id constant bigint := coalesce((p_row ->> 'buyer_id')::bigint, testkit.make_buyer());
begin
  insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
  select v_buyer_id, o.market_id, case when area ~ '[0-9*]' then 'postal_code' else 'city' end, area
  from leadgen.offers o cross join unnest(p_areas) area
  where o.id = p_offer_id
  on conflict do nothing;
  return testkit.add('buyer_offers', p_row || jsonb_build_object('offer_id', p_offer_id, 'buyer_id', v_buyer_id));
end;
$$;
comment on function testkit.enroll(bigint, jsonb, text[]) is
  'Enrolls a buyer (a new one unless buyer_id is given) who serves those areas, all of the market by default; returns the buyer_offers id.';

create or replace function testkit.buyer_of(p_buyer_offer_id bigint)
returns bigint
language sql
stable
as $$
  select bo.buyer_id from leadgen.buyer_offers bo where bo.id = p_buyer_offer_id;
$$;
comment on function testkit.buyer_of(bigint) is 'The buyer of an enrollment.';

create or replace function testkit.own(p_buyer_offer_id bigint, p_scope_type text, p_scope_value text)
returns bigint
language sql
as $$
  select testkit.add('offer_exclusivities', jsonb_build_object('offer_id', bo.offer_id, 'buyer_id', bo.buyer_id,
    'scope_type', p_scope_type, 'scope_value', p_scope_value))
  from leadgen.buyer_offers bo where bo.id = p_buyer_offer_id;
$$;
comment on function testkit.own(bigint, text, text) is 'Makes an enrollment''s buyer the exclusive one of a postal code or city.';
