-- A lead's phone number with an extension: kept and delivered, and no part of what leads are compared by.
begin;
select plan(13);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 24}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Webb') from ids;
create function pg_temp.submit(p_phone text, p_number integer) returns jsonb language sql as $$
  select testkit.submit(offer_id, jsonb_build_object('phone', p_phone), p_number) from ids;
$$;
create temp table first as select (pg_temp.submit('(512) 555-7731 ext: 42', 1) ->> 'lead_id')::bigint as id;

select is(format('%s %s %s', l.phone, l.phone_extension, (l.signals).phone_region), '+15125557731 42 US-TX', 'the lead has its extension')
from first join leadgen.leads l using (id);
select is(c.body::jsonb #> '{data,lead}' -> 'phone_extension', '"42"', 'the webhook has it')
from leadgen.claim_deliveries('w', testkit.room(9), '30 seconds') c;
select is(testkit.codes_of(pg_temp.submit(phone, number)), '{duplicate phone}', format('%s is the same phone', phone))
from (values ('512.555.7731', 2), ('+1 512 555 7731 x43', 3)) as t (phone, number);
select is(testkit.codes_of(pg_temp.submit('555-7731 x42', 4)), '{field_invalid phone}', 'an extension makes no number valid');
select is(l.phone_extension, null, 'no number, no extension') from leadgen.leads l where l.phone = '555-7731 x42';
select is(f.matched, 'phone', format('find_leads: %s', asked))
from first, (values ('512 555 7731 x42'), ('tel:+1-512-555-7731;ext=9'),
    (E'\u0665\u0661\u0662 \u0665\u0665\u0665 \u0667\u0667\u0663\u0661'))
    as t (asked)
cross join lateral leadgen.find_leads(asked) f
where f.lead_id = first.id;
select is(leadgen.explain_lead(id) -> 'has_phone_extension', 'true', 'explain_lead says that there is one, and not which') from first;

-- Suppressed with or without it.
select leadgen.suppress('phone', '+1 (512) 555-0142 x7');
select is(testkit.codes_of(pg_temp.submit('512 555 0142 #8', 5)), '{"suppressed phone, email"}', 'a suppression holds for all extensions');

-- Gone with the person.
select leadgen.erase_lead(id, 'asked') from first;
select is(l.phone_extension, null, 'an erasure takes it out') from first join leadgen.leads l using (id);
select is_empty('select * from leadgen.list_broken_invariants()', 'the invariants hold');

select * from finish();
rollback;
