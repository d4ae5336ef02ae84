-- The town: every buyer of the tests by name, each with one trait. Their leads come from testkit.persona and testkit.given_lead.
create view testkit.town as
select t.name, t.trait, t.buyer::jsonb as buyer, t.enrollment::jsonb as enrollment, t.areas::text[] as areas
from (values
  ('Ace', 'plain: e-mail, all of the market, the offer''s price', '{}', '{}', '{*}'),
  ('Best', 'plain', '{}', '{}', '{*}'),
  ('Cole', 'plain', '{}', '{}', '{*}'),
  ('Dunn', 'plain', '{}', '{}', '{*}'),
  ('Eads', 'plain', '{}', '{}', '{*}'),
  ('Webb', 'has a webhook and no e-mail', '{"webhook_url": "https://b.example/hook", "email_notifications": false}', '{}', '{*}'),
  ('Both', 'has a webhook and e-mail', '{"webhook_url": "https://b.example/hook"}', '{}', '{*}'),
  ('Tess', 'gets text messages and no e-mail', '{"sms_notifications": true, "email_notifications": false}', '{}', '{*}'),
  ('Tanaka', 'counts days in Tokyo', '{}', '{"timezone": "Asia/Tokyo"}', '{*}'),
  ('Dora', 'takes one lead a day', '{}', '{"capacity_per_day": 1}', '{*}'),
  ('Hugo', 'takes one lead an hour', '{}', '{"capacity_per_hour": 1}', '{*}'),
  ('Nix', 'takes no lead: a cap of 0 a day', '{}', '{"capacity_per_day": 0}', '{*}'),
  ('Idle', 'is enrolled and not active', '{}', '{"is_active": false}', '{*}'),
  ('Pia', 'pays in advance, and has nothing yet', '{"billing_mode": "prepaid"}', '{}', '{*}'),
  ('Ivo', 'is invoiced, up to 100.00', '{"credit_limit": 100}', '{}', '{*}'),
  ('Hilltop Roofing', 'pays 60.00: in 7870*, 2 a day', '{}', '{"price_per_lead": 60, "capacity_per_day": 2}', '{7870*}'),
  ('Lakeside Roofing', 'works in the city of Austin: for 50.00, 1 an hour', '{}', '{"price_per_lead": 50, "capacity_per_hour": 1}',
    '{Austin}'),
  ('Capitol Roofing', 'works everywhere: for 45.00', '{}', '{}', '{*}')
) as t (name, trait, buyer, enrollment, areas);
comment on view testkit.town is 'The buyers that tests know by name, the one trait of each, and the rows that give it.';

create or replace function testkit.find_buyer(p_name text)
returns testkit.town
language plpgsql
stable
as $$
declare
  v_buyer testkit.town;
begin
  select t.* into v_buyer from testkit.town t where t.name = p_name;
  if v_buyer.name is null then
    raise exception 'no buyer % in testkit.town: there are %', p_name, (select string_agg(t.name, ', ') from testkit.town t);
  end if;
  return v_buyer;
end;
$$;
comment on function testkit.find_buyer(text) is 'The row of testkit.town; an unknown name is an error that lists the names.';

create or replace function testkit.new_buyer(p_name text, p_row jsonb default '{}')
returns bigint
language sql
volatile
as $$
  select testkit.make_buyer(jsonb_build_object('name', p_name) || (testkit.find_buyer(p_name)).buyer || p_row);
$$;
comment on function testkit.new_buyer(text, jsonb) is
  'A new buyer like the one of that name in testkit.town; the row overrides. Returns its id.';

create or replace function testkit.enroll_buyer(p_offer_id bigint, p_name text, p_row jsonb default '{}', p_areas text[] default null)
returns bigint
language sql
volatile
as $$
  select testkit.enroll(p_offer_id,
    jsonb_build_object('buyer_id', coalesce((p_row ->> 'buyer_id')::bigint, testkit.new_buyer(p_name))) || t.enrollment || p_row,
    coalesce(p_areas, t.areas))
  from testkit.find_buyer(p_name) t;
$$;
comment on function testkit.enroll_buyer(bigint, text, jsonb, text[]) is
  'Enrolls a new buyer like the one of that name in testkit.town; row and areas override. Returns the buyer_offers id.';

create or replace function testkit.open_offer(p_config jsonb default '{}', variadic p_buyers text[] default '{Ace,Best}')
returns bigint
language plpgsql
volatile
as $$
-- Without a duplicate rule: the same person may come as often as the test needs.
declare
  v_offer_id constant bigint := testkit.make_offer('{"duplicate_window_hours": 0}', p_config);
begin
  perform testkit.enroll_buyer(v_offer_id, b.name, jsonb_build_object('routing_priority', 100 - b.n))
  from unnest(p_buyers) with ordinality as b (name, n);
  perform set_config('testkit.offer_id', v_offer_id::text, true);
  return v_offer_id;
end;
$$;
comment on function testkit.open_offer(jsonb, text[]) is
  'An offer without a duplicate rule under this routing config; who is named first is served first. It is the one of testkit.offer().';
