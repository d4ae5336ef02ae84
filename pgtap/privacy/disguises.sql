-- A contact or a place in disguise is what a person sees: suppression, duplicates, territories, search and erasure cannot be dodged.
begin;
select plan(51);
select testkit.at_time('2026-11-20 16:00Z');

create temp table disguises (what text, email text, phone text);
insert into disguises values
  ('as it is', 'optout@example.com', '+15125550123'),
  ('a direction mark behind', E'optout@example.com\u200e', E'+15125550123\u200e'),
  ('isolates around', E'\u2066optout@example.com\u2069', E'\u2068+1 512 555 0123\u2069'),
  ('a soft hyphen inside', E'opt\u00adout@exam\u00adple.com', E'+1512555\u00ad0123'),
  ('zero-width spaces and joiners', E'op\u200bt\u200dout@example\u2060.com', E'+1\u200b512\u2060555\u200d0123'),
  ('a variation selector', E'optout\ufe0f@example.com', E'+1512555012\ufe0e3'),
  ('a supplementary selector and a tag', E'optout\U000e0101@example.com\U000e0041', E'+15125550123\U000e0020'),
  ('fillers', E'\u3164optout@example.com\uffa0', E'\u115f+15125550123\u1160'),
  ('full width', E'\uff4fptout\uff20example\uff0ecom', E'\uff0b\uff11\uff15\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13'),
  ('dashes', 'optout@example.com', E'+1\u2013512\u2011555\u22120123');

create temp table ids as select testkit.open_offer('{"exclusivity": {"scopes": ["city"], "when_unavailable": "reject"}}') as offer_id;
select testkit.own(testkit.enrollment('Best'), 'city', 'Austin');

-- Suppression, both ways.
select leadgen.suppress('email', 'optout@example.com');
select is(testkit.outcome(offer_id, '2026-11-20 17:00Z', jsonb_build_object('email', email)), 'rejected: suppressed',
  format('a suppressed e-mail, %s', what))
from ids, disguises;
select leadgen.unsuppress('email', E'optout@example.com\u200e');
select leadgen.suppress('phone', E'+1 512 555\u200b0123');
select is(testkit.outcome(offer_id, '2026-11-20 18:00Z', jsonb_build_object('phone', phone)), 'rejected: suppressed',
  format('a suppressed phone, %s', what))
from ids, disguises;
select is(leadgen.unsuppress('phone', E'\uff0b15125550123'), true, 'unsuppress reads by the same');
select is(privacy.normalize_contact('email_domain', E'Exam\u200bple\uff0ecom'), 'example.com', 'a domain, too');

-- A city's owner.
select is(testkit.outcome(offer_id, '2026-11-20 19:00Z', jsonb_build_object('city', city)), 'Best 45.00', format('its owner''s city: %s',
  to_json(city)))
from ids, unnest(array['Austin', E'Aus\u200btin', E'\u202aAustin\u202c', E'\uff21ustin', E'Austin\ufe0f']) city;

-- Duplicates.
create temp table once as select testkit.make_offer('{"duplicate_window_hours": 24}') as offer_id;
select testkit.submit(offer_id, '{"email": "optout@example.com", "phone": "+15125550123"}') from once;
select is(testkit.outcome(offer_id, '2026-11-20 20:00Z', jsonb_build_object('email', email)), 'rejected: duplicate',
  format('a duplicate e-mail, %s', what))
from once, disguises where what <> 'dashes';
select is(testkit.outcome(offer_id, '2026-11-20 20:00Z', jsonb_build_object('phone', phone)), 'rejected: duplicate',
  format('a duplicate phone, %s', what))
from once, disguises;

-- Search, quarantine and erasure.
create temp table asked as select count(*) as leads from leadgen.find_person('email', 'optout@example.com');
select is(array_agg(distinct found.leads), array[asked.leads], 'an e-mail in disguise finds the same leads of a person')
from asked, disguises, lateral (select count(*) as leads from leadgen.find_person('email', email)) found group by asked.leads;
select is(array_agg(distinct found.leads), array[asked.leads], 'a search, too')
from asked, disguises, lateral (select count(*) as leads from leadgen.find_leads(email, 100) f
  where f.matched = 'email') found group by asked.leads;
select leadgen.submit_lead(jsonb_build_object('source_key', 'nobody', 'email', email, 'phone', phone, 'message', what)) from disguises;
select leadgen.submit_lead(jsonb_build_object('source_key', 'nobody', 'attributes', jsonb_build_object('contact', email))) from disguises;
select is(count(*) filter (where p.quarantine_id is not null), 19::bigint,
  'a person''s submissions in quarantine are found in any disguise')
from leadgen.find_person('email', 'optout@example.com') p;
select is(count(*) filter (where p.quarantine_id is not null), 10::bigint, 'by phone, too')
from leadgen.find_person('phone', '+15125550123') p;
select leadgen.erase_lead(p.lead_id, 'asked to be') from leadgen.find_person('email', E'optout@example.com\u200e') p
  where p.lead_id is not null;
select is((select count(*) from leadgen.intake_quarantine q where q.payload <> '{}'), 0::bigint, 'an erasure takes them all');

select * from finish();
rollback;
