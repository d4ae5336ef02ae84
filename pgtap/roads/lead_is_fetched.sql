-- open_post, claim_fetches, record_fetch: a lead that a post only names is stored first, fetched after, and never lost.
begin;
select plan(53);

create temp table ids as
select o as offer_id, other as other_id, testkit.enroll_buyer(o, 'Ace') as seat, testkit.enroll_buyer(other, 'Best') as other_seat,
  testkit.make_source(o, '{"kind": "partner_api", "source_key": "meta", "account": "home"}') as meta,
  testkit.make_source(o, '{"kind": "partner_api", "source_key": "sister"}') as sister,
  testkit.make_source(other, jsonb_build_object('source_key', 'campaign', 'account', 'home')) as campaign
from testkit.make_offer() o, testkit.make_offer() other;
select lives_ok(format('select leadgen.set_network_secrets(%s, ''s3cret'', %L)', s, t), format('secrets: %s', t))
from ids, lateral (values (meta, 'page-token'), (sister, 'other-token')) as v (s, t);
insert into leadgen.source_maps (source_id, field_map_id)
select s, m.id from ids, unnest(array[meta, sister]) s, leadgen.field_maps m where m.slug = 'meta-lead-ads';
create function pg_temp.meta(variadic p_values jsonb[]) returns bytea language sql as $$
  select convert_to(jsonb_build_object('object', 'page', 'entry', jsonb_build_array(jsonb_build_object('id', '1', 'time', 1, 'changes',
    (select jsonb_agg(jsonb_build_object('field', 'leadgen', 'value', v) order by n)
    from unnest(p_values) with ordinality as t (v, n)))))::text, 'UTF8');
$$;
create function pg_temp.open(p_source text, p_body bytea) returns jsonb language sql as $$
  select leadgen.open_post(p_source, p_body,
    jsonb_build_object('signature', format('sha256=%s', encode(kernel.compute_hmac('s3cret', p_body), 'hex'))));
$$;
create function pg_temp.name(p_source text, p_id text) returns jsonb language sql as $$
  select pg_temp.open(p_source, pg_temp.meta(jsonb_build_object('leadgen_id', p_id, 'form_id', '2', 'ad_id', '6')));
$$;
create function pg_temp.given(p_id text, p_changes jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('id', p_id, 'field_data', jsonb_build_array('{"name": "full_name", "values": ["Max Roe"]}'::jsonb,
    jsonb_build_object('name', 'email', 'values', jsonb_build_array(format('m%s@example.com', p_id))),
    jsonb_build_object('name', 'phone_number', 'values', jsonb_build_array(format('+1512555%s', 2000 + p_id::integer))),
    '{"name": "zip_code", "values": ["78701"]}'::jsonb)) || p_changes;
$$;
create function pg_temp.record(p_lead text, p_fetched jsonb, p_fault jsonb default null) returns jsonb language sql as $$
  select leadgen.record_fetch(f.id, f.attempts, p_fetched, p_fault) from leadgen.lead_fetches f where f.fetch_id = p_lead;
$$;
create function pg_temp.told(p_lead text) returns text language sql as $$
  select format('%s of %s, next %s', f.error_code, f.attempts, to_char(f.next_fetch_at - leadgen.clock(), 'HH24:MI:SS'))
  from leadgen.lead_fetches f where f.fetch_id = p_lead;
$$;
select testkit.at_time('2099-11-20 12:00 America/Chicago');

-- Stored first.
select is(pg_temp.name('meta', '11'), '{"answer": "empty", "positions": []}', 'a post that names a lead has nothing to submit');
select is(pg_temp.name('meta', '11') -> 'positions', '[]', 'the same post again');
select is(count(*), 1::bigint, 'a lead that is named twice is stored once') from leadgen.lead_fetches;
select is((select count(*) from leadgen.leads), 0::bigint, 'it is no lead yet');

-- Fetched after.
create temp table claimed as select * from leadgen.claim_fetches(10);
select is(format('%s %s %s', lead_id, attempt, access_token), '11 1 page-token', 'a worker is told what to ask for') from claimed;
select is(proof, encode(kernel.compute_hmac('s3cret', 'page-token'), 'hex'), 'a worker is told the proof') from claimed;
select is((select count(*) from leadgen.claim_fetches(10)), 0::bigint, 'what is claimed is not claimed again at once');
select is(leadgen.record_fetch(id, attempt + 1, '{}') ->> 'status', 'gone', 'another attempt has no say') from claimed;
select testkit.at_time('2099-11-20 12:01 America/Chicago');
select is((select array_agg(attempt) from leadgen.claim_fetches(10)), '{2}', 'a worker that died is followed by another after a minute');
select is(leadgen.record_fetch(id, attempt, pg_temp.given('11')) ->> 'status', 'gone', 'the first worker comes too late') from claimed;
select is(pg_temp.record('11', pg_temp.given('11', '{"campaign_id": "7", "campaign_name": "Roofs", "platform": "ig", "is_organic": false,
  "custom_disclaimer_responses": [{"checkbox_key": "calls", "is_checked": true}, {"checkbox_key": "post", "is_checked": ""}]}'))
  ->> 'status', 'accepted', 'a fetched lead is submitted');
select is(count(*), 0::bigint, 'a lead that was submitted waits no more') from leadgen.lead_fetches;
select is(format('%s %s', l.idempotency_key, l.utm_campaign), 'meta:11 7', 'its campaign is Meta''s') from leadgen.leads l;
select is(l.attributes, '{"ad_id": "6", "form_id": "2", "campaign_name": "Roofs", "platform": "ig", "is_organic": false,
  "disclaimer_calls": true}', 'ad, form, platform and disclaimers are attributes') from leadgen.leads l;
select is(pg_temp.name('meta', '11') -> 'positions', '[]', 'a known lead that is named again');
select is(count(*), 0::bigint, 'a known lead is not asked for again') from leadgen.lead_fetches;

-- Routed by ad, ad set, campaign or form.
insert into leadgen.source_campaigns (source_id, utm_source, utm_campaign)
select campaign, 'facebook', c from ids, unnest('{ad-1,set-1,camp-1,form-1}'::text[]) c;
create temp table routed as
select n, pg_temp.open('meta', pg_temp.meta(jsonb_build_object('leadgen_id', (20 + n)::text))) as opened, said
from (values (1, '{"ad_id": "ad-1", "campaign_id": "no"}'::jsonb), (2, '{"adset_id": "set-1"}'), (3, '{"campaign_id": "camp-1"}'),
  (4, '{"form_id": "form-1", "campaign_id": "no"}'), (5, '{"campaign_id": "no"}')) as t (n, said);
select is((select count(*) from leadgen.claim_fetches(10)), 5::bigint, 'five are claimed');
create temp table routes as
select n, said, pg_temp.record((20 + n)::text, pg_temp.given((20 + n)::text, said)) as reply from routed;
select is((reply ->> 'offer_id')::bigint, case n when 5 then offer_id else other_id end, format('routed by %s', said))
from routes, ids order by n;

-- Refused by the network: in quarantine, announced, tried again, and its neighbours go on.
select is(pg_temp.name(source, id) -> 'positions', '[]', format('named: %s', id))
from (values ('meta', '31'), ('sister', '32')) as t (source, id);
select is((select array_agg(lead_id order by lead_id) from leadgen.claim_fetches(10)), '{31,32}', 'two sources at once');
create temp table refused as
select pg_temp.record('31', null, '{"cause": "status 400, error 190", "code": 190}') as reply;
select is(reply ->> 'status', 'waiting', 'a token that has ended: the lead waits') from refused;
select is(format('%s: %s', q.failed_step, q.reason), 'fetch: The lead could not be fetched from its network: status 400, error 190',
  'the lead is in quarantine') from refused join leadgen.intake_quarantine q on q.id = (reply ->> 'quarantine_id')::bigint;
select is(q.payload ->> 'idempotency_key', 'meta:31', 'its id is kept')
from refused join leadgen.intake_quarantine q on q.id = (reply ->> 'quarantine_id')::bigint;
select is(e.message ~ 'the access token of the source meta is not valid any more: make a new page token', true,
  'an event says what to renew')
from leadgen.events e where e.kind = 'fetch_refused';
select is(pg_temp.told('31'), '190 of 1, next 00:01:00', 'it is tried again by itself');
select is(pg_temp.name('meta', '33') -> 'positions', '[]', 'named: 33');
select is(pg_temp.record('32', pg_temp.given('32')) ->> 'status', 'accepted', 'another source''s lead does not wait');
select is((select array_agg(lead_id) from leadgen.claim_fetches(10)), '{33}', 'a new lead of the source is tried');
select is(pg_temp.record('33', null, '{"cause": "status 400, error 100", "code": 100}') ->> 'status', 'waiting',
  'a lead that is not there');
select testkit.at_time('2099-11-20 12:02 America/Chicago');
select is((select count(*) from leadgen.claim_fetches(10)), 2::bigint, 'both are tried again');
select is(pg_temp.record('31', null, '{"cause": "status 400, error 190", "code": 190}') -> 'quarantine_id', reply -> 'quarantine_id',
  'the same row of the quarantine') from refused;
select is(pg_temp.told('31'), '190 of 2, next 00:02:00', 'the pause grows');
select is((select count(*) from leadgen.events e where e.kind = 'fetch_refused'), 2::bigint, 'one event a source, error and day');
select is(intake.find_pause(n, p), pause::interval, format('find_pause: %s attempts, permanent %s', n, p))
from (values (1, true, '1 minute'), (20, true, '6 hours'), (29, true, '6 hours'), (30, true, null), (1, false, '5 seconds'),
  (20, false, '2 hours')) as t (n, p, pause);

-- By hand, or by new secrets.
select is(leadgen.resubmit_quarantined((reply ->> 'quarantine_id')::bigint) ->> 'status', 'fetching', 'resubmitted: fetched again at once')
from refused;
select is((select count(*) from leadgen.claim_fetches(10)), 1::bigint, 'a worker has it');
select is(pg_temp.record('31', pg_temp.given('31')) ->> 'status', 'accepted', 'a lead that was fetched again is sold');
select is(q.lead_id is not null and q.resubmitted_at is not null, true, 'its row in quarantine points at it')
from refused join leadgen.intake_quarantine q on q.id = (reply ->> 'quarantine_id')::bigint;
alter table leadgen.network_secrets disable trigger touch_updated_at;
update leadgen.network_secrets n set updated_at = leadgen.clock() + interval '1 second' from ids where n.source_id = ids.meta;
select is((select array_agg(format('%s %s', lead_id, attempt)) from leadgen.claim_fetches(10)), '{"33 1"}',
  'new secrets are tried at once');

-- Too many that bring their answers are stored as well.
select is(pg_temp.open('meta', pg_temp.meta(variadic array(select pg_temp.given((100 + n)::text) from generate_series(1, 1000) n)))
  -> 'positions', '[]', 'a post of a thousand leads with answers is stored');
select is((select count(*) from leadgen.claim_fetches(50)), 16::bigint, 'they are handed out little by little');

select * from finish();
rollback;
