-- find_leads, describe_status, list_matching_leads, list_leads_by_attribute, list_matching_quarantined, read_search:
-- a lead is found by what people know of it.
begin;
select plan(48);
create temp table ids as select testkit.make_offer() as offer_id;
select testkit.enroll_buyer(offer_id, 'Hilltop Roofing') from ids;
create temp table leads as
select testkit.submit(offer_id, '{"idempotency_key": "order-7", "external_id": "crm-2"}', 1) as sold,
  testkit.submit(offer_id, '{"email": "Ann@Example.com", "attributes": {"ref": ["A \"7\"", {"no": 815}]}}', 2) as ann,
  testkit.submit(offer_id, '{"idempotency_key": "meta:4444", "phone": "12"}', 3) as wrong from ids;
create temp table numbers as
select (sold ->> 'lead_id')::bigint as sold, (ann ->> 'lead_id')::bigint as ann, (wrong ->> 'lead_id')::bigint as wrong from leads;
create function pg_temp.found(p_text text) returns text language sql as $$
  select coalesce(string_agg(format('%s by %s',
    case f.lead_id when n.sold then 'sold' when n.ann then 'ann' when n.wrong then 'wrong' else 'quarantined' end, f.matched), '; '
      order by f.lead_id), 'none')
  from numbers n, leadgen.find_leads(p_text) f;
$$;

select is(pg_temp.found(asked), wanted, format('find_leads: %s', asked))
from (values
  ('+15125550001', 'sold by phone'), ('(512) 555-0001', 'sold by phone'), ('  512.555.0001 ', 'sold by phone'),
  ('1 512 555 0001', 'sold by phone'), ('5125559999', 'none'), ('12', 'none'),
  ('person1@example.com', 'sold by email'), ('PERSON1@Example.COM', 'sold by email'), ('ann@example.com', 'ann by email'),
  ('nobody@example.com', 'none'),
  ('crm-2', 'sold by external_id'), (E'crm-\u200e2', 'sold by external_id'), ('order-7', 'sold by key'), ('order-8', 'none'),
  ('meta:4444', 'wrong by key'),
  ('4444', 'wrong by key'), ('%', 'none'), ('A "7"', 'ann by attributes.ref'), ('815', 'ann by attributes.ref'),
  ('81', 'none'), ('ref', 'none')
) as t (asked, wanted);
select is(pg_temp.found(sold::text), 'sold by id', 'find_leads: a lead id') from numbers;
select is((f.offer, f.source, f.status, f.quarantine_id) is distinct from null, true, 'find_leads: with its offer, source and status')
from numbers, leadgen.find_leads(sold::text) f;
select is(f.summary, 'Sold to Hilltop Roofing for 60.00 USD', 'find_leads: what became of it') from numbers,
  leadgen.find_leads(sold::text) f;
select matches(f.deliveries, '^email pending \(delivery [0-9]+\)$', 'find_leads: its deliveries')
  from numbers, leadgen.find_leads(sold::text) f;
select matches(f.summary, '^Rejected: ', 'find_leads: why it was rejected') from numbers, leadgen.find_leads(wrong::text) f;

select is(f.summary, format('Rejected: %s', (select string_agg(e ->> 'reason', '; ') from jsonb_array_elements(wrong -> 'errors') e)),
  'find_leads: every failure of a rejected lead') from leads, leadgen.find_leads(wrong ->> 'lead_id') f;
select is((select count(*) from intake.list_leads_by_attribute('815', 0)), 0::bigint, 'list_leads_by_attribute: no more than asked for');
select is(roads.describe_status(status::leadgen.lead_status, reason, until), shown, format('describe_status: %s', shown))
from (values ('validated', null, null::timestamptz, 'sold'), ('validated', null, '2026-11-20Z', 'sold'),
  ('validated', 'no buyer', '2026-11-20Z', 'held'), ('validated', 'no buyer', null, 'unsold'), ('accepted', null, null, 'accepted'),
  ('rejected', 'no buyer', null, 'rejected')) as t (status, reason, until, shown);

-- What waits in quarantine.
create temp table lost as select leadgen.submit_lead('{"name": "Lost", "email": "l@example.com", "phone": "(512) 555-0007",
  "idempotency_key": "order-9", "utm_source": "CLK-3"}') ->> 'quarantine_id' as id;
select is(pg_temp.found(asked), wanted, format('find_leads: %s, in quarantine', asked))
from (values ('L@example.com', 'quarantined by email'), ('512-555-0007', 'quarantined by phone'), ('order-9', 'quarantined by key'),
  ('CLK-3', 'quarantined by field'))
  as t (asked, wanted);
select is(format('%s %s %s', f.quarantine_id::text, f.status, f.summary like 'In quarantine: no source claims it%'),
  format('%s quarantined t', lost.id),
  'find_leads: the submission and why it waits') from lost, leadgen.find_leads('order-9') f;

-- Strangers may fill quarantine: what is found by traces is found below any number of submissions, the rest among the latest.
insert into leadgen.intake_quarantine (failed_step, reason, payload, context, request_hash, traces)
select 'source', 'no source claims it', jsonb_build_object('utm_source', format('CLK-%s', n)), '{}', sha256(n::text::bytea), '{}'
from generate_series(1001, 6000) n;
select is(pg_temp.found(asked), wanted, format('find_leads: %s, below 5,000 other submissions', asked))
from (values ('L@example.com', 'quarantined by email'), ('512-555-0007', 'quarantined by phone'), ('order-9', 'none'),
  ('CLK-3', 'none'), ('CLK-1001', 'quarantined by field'), ('CLK-6000', 'quarantined by field')) as t (asked, wanted);

select is(testkit.fault_of(format('select * from leadgen.find_leads(%L)', asked)), 'LG400 text', format('find_leads: %s', what))
from (values (null, 'nothing'), ('  ', 'blanks'), (repeat('x', 201), 'more than 200 characters')) as t (asked, what);

select * from finish();
rollback;
