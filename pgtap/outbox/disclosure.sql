-- disclose, compose_assigned, show_sale: what a buyer is sent beside the lead, by the routing policy's key disclose.
begin;
select plan(30);
select testkit.at_time('2026-11-20T16:00:00Z');

create function pg_temp.fields() returns jsonb language sql as $$
  select '{"consent": true, "consent_at": "2026-11-20T15:59:00Z", "consent_text_version": "2026-03", "consent_text": "Call me.",
    "consent_certificate_url": "https://cert.example/1", "consent_certificate_id": "c-1", "landing_url": "https://page.example/a",
    "sub_id": "p-12", "sub_id3": "spring", "gclid": "not a sub id"}'::jsonb;
$$;
create temp table offers as
select t.what, t.disclose, t.disclosed, t.expected, testkit.make_offer('{"duplicate_window_hours": 0}', t.config) as offer_id
from (
  select v.what, v.disclose, v.disclosed, v.expected,
    case when v.disclose is null then '{}' else jsonb_build_object('disclose', v.disclose) end as config
  from (values
    ('the default', null::jsonb,
      '{consent_at,consent_text_version,consent_certificate_url,consent_certificate_id}'::text[],
      '{"consent": {"at": "2026-11-20T15:59:00+00:00", "text_version": "2026-03", "certificate_url": "https://cert.example/1",
        "certificate_id": "c-1"}}'::jsonb),
    ('nothing', '[]', '{}', '{}'),
    ('all', '["sub_ids", "page_url", "ip_address", "consent_at", "consent_text_version", "consent_certificate_url",
      "consent_certificate_id"]',
      '{sub_ids,page_url,ip_address,consent_at,consent_text_version,consent_certificate_url,consent_certificate_id}',
      '{"consent": {"at": "2026-11-20T15:59:00+00:00", "text_version": "2026-03", "certificate_url": "https://cert.example/1",
        "certificate_id": "c-1", "ip_address": "203.0.113.7", "page_url": "https://page.example/a"},
        "sub_ids": {"sub_id": "p-12", "sub_id3": "spring"}}'),
    ('sub ids alone', '["sub_ids"]', '{sub_ids}', '{"sub_ids": {"sub_id": "p-12", "sub_id3": "spring"}}'),
    ('the text alone', '["consent_text"]', '{consent_text}', '{"consent": {"text": "Call me."}}'),
    ('page alone', '["page_url"]', '{page_url}', '{"consent": {"page_url": "https://page.example/a"}}')
  ) as v (what, disclose, disclosed, expected)
) t;
select testkit.enroll_buyer(offer_id, 'Ace') from offers;
create temp table sold as
select o.*, leadgen.submit_lead(testkit.given_lead(o.offer_id, pg_temp.fields()), '{"ip_address": "203.0.113.7"}') as answer
from offers o;
create function pg_temp.body(p_offer_id bigint) returns jsonb language sql as $$
  select outbox.compose_assigned(a, l)::jsonb -> 'data'
  from leadgen.lead_assignments a join leadgen.leads l on l.id = a.lead_id
  where a.offer_id = p_offer_id order by a.id limit 1;
$$;
select is(a.disclosed, s.disclosed, format('%s: the sale keeps what is disclosed', s.what))
from sold s join leadgen.lead_assignments a on a.offer_id = s.offer_id;
select is(jsonb_strip_nulls(jsonb_build_object('consent', pg_temp.body(offer_id) -> 'consent',
  'sub_ids', pg_temp.body(offer_id) -> 'sub_ids')), expected, format('%s: it is sent', what)) from sold;
select is(pg_temp.body(offer_id) ? 'consent', false, 'nothing: no member') from sold where what = 'nothing';
select is((leadgen.replay_lead((answer ->> 'lead_id')::bigint)) -> 'identical', 'true', format('%s: the decision replays', what))
from sold;

-- In the order in which a person reads it, after the lead.
select matches(outbox.compose_assigned(a, l), '"attributes" : .*\}, "consent" : \{ "at" : ".*, "text_version" : .*, "page_url" : '
  '"https://page.example/a" \}, "sub_ids" : \{.*\}\}\}$', 'after the lead, in order')
from sold s join leadgen.lead_assignments a on a.offer_id = s.offer_id join leadgen.leads l on l.id = a.lead_id where s.what = 'all';

-- The policy's next version is for the next sale. A sale is as it was, for everybody.
update leadgen.routing_policies p set config = p.config || '{"disclose": ["page_url"]}'::jsonb
from leadgen.offers o, sold s where o.id = s.offer_id and o.routing_policy_id = p.id and s.what = 'the default';
select is(pg_temp.body(offer_id) -> 'consent', expected -> 'consent', 'an edit of the policy: an earlier sale is as it was')
from sold where what = 'the default';
select leadgen.submit_lead(testkit.given_lead(offer_id, pg_temp.fields(), 9)) from sold where what = 'the default';
select is((select a.disclosed from leadgen.lead_assignments a where a.offer_id = s.offer_id order by a.id desc limit 1), '{page_url}',
  'the next one discloses what the new version says') from sold s where what = 'the default';
select throws_ok('update leadgen.lead_assignments set disclosed = ''{ip_address}''', 'LG409', null, 'what was disclosed is frozen');

-- A lead without a word of consent, an earlier sale.
select is(outbox.disclose('{consent_at,sub_ids}', null)::jsonb, '{"consent": {"at": null}, "sub_ids": null}', 'the source said nothing');
select is(outbox.compose_assigned(jsonb_populate_record(a, '{"disclosed": null}'), l)::jsonb -> 'data' ?| '{consent,sub_ids}', false,
  'a sale from before the key discloses nothing')
from sold s join leadgen.lead_assignments a on a.offer_id = s.offer_id join leadgen.leads l on l.id = a.lead_id where s.what = 'all';

-- Erased with the person.
select leadgen.erase_lead((answer ->> 'lead_id')::bigint, 'asked') from sold where what = 'all';
select is(pg_temp.body(offer_id), jsonb_set(pg_temp.body(offer_id), '{consent}', '{"at": "2026-11-20T15:59:00+00:00",
  "text_version": null, "certificate_url": null, "certificate_id": null, "ip_address": null, "page_url": null}')
  || '{"sub_ids": null}'::jsonb, 'an erased person: nothing of it is left to send') from sold where what = 'all';

-- A policy that cannot be.
select is(testkit.fault_of(format('insert into leadgen.routing_policies (name, config) values (''x'', %L)', config)), fault, config)
from (values
  ('{"disclose": ["email"]}', 'LG423 config.disclose[0]'), ('{"disclose": "ip_address"}', 'LG423 config.disclose'),
  ('{"disclose": ["page_url", "page_url"]}', 'LG423 config.disclose'), ('{"disclose": [1]}', 'LG423 config.disclose[0]')
) as t (config, fault);

select * from finish();
rollback;
