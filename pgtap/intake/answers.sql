-- compose_answer, repeat_answer, find_form_pages: what a sender is told, and where a form's visitor goes.
begin;
select plan(38);
select testkit.at_time('2026-11-20T16:00:00Z');

-- What became of the lead, in one word.
create temp table offers as
select testkit.make_offer('{"duplicate_window_hours": 0}', '{"max_buyers": 3}') as shared,
  testkit.make_offer() as held, testkit.make_offer(p_config => '{"on_no_buyer": "reject"}') as kept;
select testkit.enroll_buyer(shared, name, jsonb_build_object('price_per_lead', price, 'routing_priority', ceil(price))) from offers,
  (values ('Ace', 50), ('Best', 30.5), ('Cole', 20)) as t (name, price);
create temp table answers as
select testkit.submit(shared) as sold, testkit.submit(held) as held, testkit.submit(kept) as kept,
  testkit.submit(shared, '{"name": null}', 2) as rejected from offers;
select is(sold ->> 'outcome', 'sold', 'sold') from answers;
select is(sold ->> 'message', 'Lead qualified and queued for delivery', 'sold: it is queued, not delivered') from answers;
select is(held ->> 'outcome', 'held', 'held') from answers;
select is(kept ->> 'outcome', 'rejected', 'nobody takes it and it is not held: rejected') from answers;
select is(kept ->> 'status', 'accepted', 'it is valid all the same') from answers;
select is(rejected ->> 'outcome', 'rejected', 'it failed a rule: rejected') from answers;
select is(rejected ->> 'status', 'rejected', 'it is not valid') from answers;

-- Money: the first price, and that of all.
select is(sold ->> 'price', '50.00', 'price is the first buyer''s') from answers;
select is(sold ->> 'total_price', '100.50', 'total_price is all buyers''') from answers;
select is(sum(a.price), 100.50, 'as the sales say') from leadgen.lead_assignments a, answers where a.lead_id = (sold ->> 'lead_id')::bigint;
select is(held -> 'total_price', 'null', 'no buyer, no total') from answers;

-- Who is told: by kind, unless the row says.
create temp table told as
select t.kind, t.disclose, testkit.make_source(shared, jsonb_build_object('name', format('%s %s', kind, disclose), 'kind', kind,
  'api_key_hash', case when kind = 'partner_api' then encode(sha256(format('%s %s', kind, disclose)::bytea), 'hex') end,
  'disclose_buyer', disclose)) as source_id, t.expected
from offers, (values
  ('landing_page', null::boolean, false), ('embed_form', null, false), ('partner_api', null, true),
  ('landing_page', true, true), ('embed_form', true, true), ('partner_api', false, false)
) as t (kind, disclose, expected);
select is((catalog.load_route(source_id, null)).disclose_buyer, expected,
  format('%s, disclose_buyer %s', kind, coalesce(disclose::text, 'null'))) from told;
select testkit.make_source(shared, '{"name": "New page", "disclose_buyer": null}') from offers;
select col_hasnt_default('leadgen', 'sources', 'disclose_buyer', 'nothing is chosen by default');
select is(a.answer -> 'buyer_id' = 'null' and a.answer -> 'price' = 'null' and a.answer -> 'total_price' = 'null', true,
  'a new page is told neither buyer nor price nor total')
from (select leadgen.submit_lead(testkit.given_lead(shared, '{"source_key": "new-page"}', 5)) as answer from offers) a;

-- An answer is stored: an old one stays as it was.
update leadgen.leads l set answer = '{"lead_id": 1, "status": "accepted", "message": "Lead qualified and delivered to buyer"}'
from answers where l.id = (sold ->> 'lead_id')::bigint;
select is(testkit.submit(shared), '{"lead_id": 1, "status": "accepted", "message": "Lead qualified and delivered to buyer",
  "repeated": true}', 'the same lead again: its first answer') from offers;

-- Where visitors go.
update leadgen.sources s set success_url = 'https://page.example/thanks', hostname = 'page.example' where s.name = 'New page';
select is(leadgen.find_form_pages(payload, context), expected, what)
from (values
  ('{"source_key": "new-page"}'::jsonb, '{}'::jsonb, '{"success_url": "https://page.example/thanks", "error_url": null}'::jsonb,
    'by source_key'),
  ('{}', '{"referer": "https://page.example/quote"}', '{"success_url": "https://page.example/thanks", "error_url": null}', 'by page'),
  ('{"source_key": "nobody", "success_url": "https://evil.example/"}', '{}', '{}', 'no source, no page: a form names none'),
  ('{"source_key": "partner-api"}', '{"api_key_hash": "00"}', '{}', 'a wrong key'),
  ('{"source_key": {"a": 1}, "telephone": 3}', '{}', '{}', 'a malformed submission')
) as t (payload, context, expected, what);
select is(testkit.fault_of(format('update leadgen.sources set %I = %L where name = ''New page''', field, url)),
  format('LG423 %s', field), format('check_page_url: no %s: %s', field, url))
from (values ('error_url', 'javascript:alert(1)'), ('error_url', '//evil.example/'), ('error_url', 'https://a@evil.example/'),
  ('error_url', E'https://a.example/\nSet-Cookie: x'), ('success_url', 'http://page.example/'),
  ('success_url', 'https://a.example;b.example/'), ('success_url', 'https://a..example/'),
  ('hostname', 'a.example; script-src *'), ('hostname', 'a.example b.example'),
  ('hostname', 'a.example:8000'), ('hostname', 'user@a.example')) t (field, url);
select lives_ok($$update leadgen.sources set success_url = 'http://127.0.0.1:8000/thanks' where name = 'New page'$$,
  'check_page_url: http is for this machine');
select lives_ok($$update leadgen.sources set error_url = 'https://page.example:8443/quote?step=2#form' where name = 'New page'$$,
  'an address');

select * from finish();
rollback;
