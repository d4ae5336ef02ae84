-- Suppression lists of everybody, of a buyer and of a vertical; imports, replaced and dropped lists, sweeping.
begin;
select plan(51);

create temp table ids as select testkit.open_offer('{"on_no_buyer": "reject", "contact_window_days": 0}', 'Ace', 'Best') as offer_id;
create function pg_temp.fate(p_number integer, p_fields jsonb default '{}') returns text language sql as $$
  select testkit.outcome(offer_id, leadgen.clock(), jsonb_build_object('phone', format('+1512555%s', lpad(p_number::text, 4, '0')),
    'email', format('person%s@example.com', p_number)) || p_fields) from ids;
$$;
create function pg_temp.take(p_part_id integer, p_after bigint, variadic p_lines text[]) returns text language sql as $$
  select string_agg(concat_ws(' ', i.line, i.reason), ', ' order by i.line) from leadgen.import_suppressions(p_part_id, p_after, p_lines) i;
$$;
create function pg_temp.take_file(p_list text, p_replaces boolean, variadic p_lines text[]) returns text language plpgsql as $$
declare
  v_part_id integer := (leadgen.start_suppression_import(p_list, 'phone', 'US', null, p_replaces,
    sha256(convert_to(p_lines::text, 'UTF8')))).part_id;
begin
  perform leadgen.import_suppressions(v_part_id, 0, p_lines);
  return (select concat_ws(' ', f.lines, f.contacts, f.refused, f.replaced) from leadgen.finish_suppression_import(v_part_id) f);
end;
$$;
select testkit.at_time('2026-11-20T16:00:00Z');
select set_config('ids.ace', b.id::text, true), set_config('ids.vertical', o.vertical_id::text, true)
from leadgen.buyers b, ids join leadgen.offers o on o.id = ids.offer_id where b.name = 'Ace';
create temp table other_vertical as select v.id from testkit.add('verticals', '{"slug": "solar", "name": "Solar"}') v (id);

-- Whose a list is
set local role leadgen_dba;
select is(leadgen.ensure_suppression_list('ace', current_setting('ids.ace')::bigint), true, 'a DBA makes a list of a buyer');
select is(leadgen.ensure_suppression_list('ace', current_setting('ids.ace')::bigint), false, 'it is made once');
select lives_ok($$select leadgen.suppress('phone', '+15125550001', p_list => 'ace')$$, 'a DBA puts a contact on it');
reset role;
select leadgen.ensure_suppression_list('plumbing', null, current_setting('ids.vertical')::bigint);
select leadgen.ensure_suppression_list('solar', null, (select id from other_vertical));
select leadgen.ensure_suppression_list('ace in solar', current_setting('ids.ace')::bigint, (select id from other_vertical));
select leadgen.suppress('email', 'person2@example.com', p_list => 'plumbing');
select leadgen.suppress('phone', '+15125550003', p_list => 'solar');
select leadgen.suppress('phone', '+15125550003', p_list => 'ace in solar');
select leadgen.suppress('email_domain', 'rival.example', p_list => 'ace');
select is(testkit.fault_of(sql), fault, format('%s: %s', sql, fault))
from (values
  ($$select leadgen.ensure_suppression_list('ace')$$, 'LG409 list'),
  ($$select leadgen.ensure_suppression_list('plumbing', null, 999999)$$, 'LG404 vertical_id'),
  ($$select leadgen.ensure_suppression_list('nobody', 999999)$$, 'LG404 buyer_id'),
  ($$select leadgen.ensure_suppression_list(' x')$$, 'LG400 list'),
  ($$select leadgen.ensure_suppression_list(null)$$, 'LG400 list'),
  ($$select leadgen.ensure_suppression_list(repeat('x', 81))$$, 'LG400 list'),
  ($$select leadgen.suppress('phone', '+15125550001', p_list => 'nothing')$$, 'LG404 list'),
  ($$select leadgen.suppress('phone', '+15125550001', p_list => null)$$, 'LG404 list'),
  ($$select leadgen.unsuppress('phone', '+15125550001', p_list => 'nothing')$$, 'LG404 list'),
  ($$select leadgen.drop_suppression_list('nothing')$$, 'LG404 list'),
  ($$select leadgen.drop_suppression_list('global')$$, 'LG409 list')
) as t (sql, fault);

-- What a lead meets
select is(pg_temp.fate(number, fields), expected, said)
from (values
  (1, '{}'::jsonb, 'Best 45.00', 'a buyer is not sold who is on its list'),
  (2, '{}', 'rejected: suppressed', 'a list of the vertical rejects the lead'),
  (3, '{}', 'Ace 45.00', 'a list of another vertical does not count, be it a buyer''s or not'),
  (4, '{"email": "a@rival.example"}', 'Best 45.00', 'a buyer''s list may have a domain'),
  (5, '{}', 'Ace 45.00', 'who is on no list is sold to the first')
) as t (number, fields, expected, said);
create temp table sold as select l.* from leadgen.leads l where l.phone = '+15125550001';
select is((select c.reason from leadgen.explain_candidates(s.id) c where c.buyer_name = 'Ace'), 'suppressed_for_buyer',
  'explain says why the buyer lost') from sold s;
select is(leadgen.explain_lead(s.id) -> 'suppressed_by', '["ace"]', 'explain names the list') from sold s;
select is((select leadgen.explain_lead(l.id) -> 'suppressed_by' from leadgen.leads l where l.email = 'person2@example.com'), '["plumbing"]',
  'explain names the list for which a lead was rejected');
select is((select leadgen.explain_lead(l.id) -> 'suppressed_by' from leadgen.leads l where l.phone = '+15125550005'), '[]',
  'explain names no list where there was none');
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}', 'every lead replays');
select is(leadgen.dry_run_lead(testkit.given_lead(offer_id, '{"message": "once more"}', 1)) #>> '{lead,unsold_reason}', null,
  'a dry run finds the other buyer') from ids;
select is(leadgen.what_if(offer_id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '{}') -> 'is_identical', 'true',
  'what_if without changes is what happened') from ids;
select is(leadgen.what_if(offer_id, '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z',
    jsonb_build_object('without', jsonb_build_array((select b.id from leadgen.buyers b where b.name = 'Best'))))
    #>> '{simulated,unsold_by_cause}', '{"suppressed_for_buyer": 2}', 'what_if knows who may not be sold to whom') from ids;
select leadgen.unsuppress('phone', '+15125550001', p_list => 'ace');
select is((select array_agg(distinct leadgen.replay_lead(l.id)) from leadgen.leads l), '{"{\"identical\": true}"}',
  'leads replay by what was known then');
select is(pg_temp.fate(1, '{"message": "again", "postal_code": "78702"}'), 'Ace 45.00', 'who was taken off a list is sold again');

-- Files
create temp table part as select * from leadgen.start_suppression_import('ace', 'phone', 'us', null, false, sha256('a'));
select is(pg_temp.take(part_id, 0, '5125550011', '"(512) 555-0012"', '512,5550013', '', encode(sha256('+15125550014'), 'hex'), 'phone',
  '+44 20 7946 0958', '5125550011', '123'), '6 no phone number, 9 no phone number', 'lines that are no contact are named') from part;
select is(pg_temp.fate(11), 'Ace 45.00', 'nobody is suppressed by a file that is not finished');
select is((s).lines, 9::bigint, 'an import that was cut off goes on after the lines that it took in')
from leadgen.start_suppression_import('ace', 'phone', 'US', null, false, sha256('a')) s;
select is(testkit.fault_of(format($$select leadgen.import_suppressions(%s, 0, '{5125550015}')$$, part_id)), 'LG409 after',
  'the same portion is not taken in twice') from part;
select is(f::text, '(9,5,2,0)', 'finish says what the file had: lines, contacts, refused and replaced')
from part, leadgen.finish_suppression_import(part_id) f;
select is(pg_temp.fate(number, '{"message": "a file"}'), 'Best 45.00', format('%s is on the list by the file', number))
from (values (11), (12), (13), (14)) t (number);
select is((s).is_live, true, 'a file is not imported twice') from leadgen.start_suppression_import('ace', 'phone', 'US', null, false,
  sha256('a')) s;
select leadgen.suppress('phone', '+15125550016', p_list => 'ace');
select is(pg_temp.take_file('ace', true, '5125550015', '5125550012'), '2 2 0 5', 'a file takes the place of files before it');
select is(string_agg(pg_temp.fate(number, '{"message": "replaced"}'), ', ' order by number),
  'Ace 45.00, Best 45.00, Best 45.00, Best 45.00', 'who is not on the new file is let through; who was put there by hand stays')
from (values (11), (12), (15), (16)) t (number);
select is((select concat_ws(' ', l.contacts, l.by_hand, l.files, l.loading) from leadgen.list_suppression_lists() l where l.name = 'ace'),
  '4 2 1 0', 'lists are counted');
select is((select count(*) from leadgen.suppressions s join leadgen.suppression_parts p on p.id = s.part_id where p.status = 'dropped'),
  5::bigint, 'what was replaced is still there');
select is(testkit.fault_of(format('select leadgen.finish_suppression_import(%s)', part_id)), 'LG409 part_id',
  'what was replaced does not come back') from part;
select ok(leadgen.run_chore('sweep_suppressions'), 'workers sweep it');
select is((select count(*) from leadgen.suppressions s left join leadgen.suppression_parts p on p.id = s.part_id
  where p.status is distinct from 'live'), 0::bigint, 'a sweep deletes what was replaced');
select is(leadgen.run_chore('sweep_suppressions'), false, 'there is nothing else to sweep');
select is(leadgen.drop_suppression_list('ace'), 4::bigint, 'a list is dropped with all its parts');
select is(pg_temp.fate(16, '{"message": "dropped"}'), 'Ace 45.00', 'nobody is on it any more');

-- A held lead
select testkit.at_time('2026-11-20T17:00:00Z');
create temp table held as select testkit.open_offer('{"on_no_buyer": "hold"}', 'Nix') as offer_id;
select is(testkit.outcome(offer_id, '2026-11-20T17:00:00Z', '{"phone": "+15125550021"}'), 'cap_day 1, held', 'a lead waits') from held;
select leadgen.ensure_suppression_list('nix', (select b.id from leadgen.buyers b where b.name = 'Nix'));
select leadgen.suppress('phone', '+15125550021', p_list => 'nix');
update leadgen.buyer_offers bo set capacity_per_day = null from held where bo.offer_id = held.offer_id;
select testkit.at_time('2026-11-20T18:00:00Z');
select testkit.work_holds();
select is((select d.reasons from leadgen.lead_decisions d join held using (offer_id) order by d.attempt desc limit 1),
  '{suppressed_for_buyer}', 'a held lead is judged by the lists of its next attempt');
select * from finish();
rollback;
