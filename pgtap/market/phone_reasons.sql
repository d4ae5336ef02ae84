-- Returns for a phone number: an invalid one and one of the wrong type are decided by the record and the reference data.
begin;
select plan(21);
select testkit.at_time('2026-11-20 12:00+00');
create function pg_temp.offer(p_returns jsonb) returns bigint language sql as $$
  select testkit.open_offer(jsonb_build_object('returns', '{"auto_approve": false, "window_hours": 72}'::jsonb || p_returns), 'Ace');
$$;
create temp table plain as select pg_temp.offer('{}') as id;
create temp table mobile as select pg_temp.offer('{"line_types": ["mobile"]}') as id;
create temp table callable as select pg_temp.offer('{"line_types": ["mobile", "fixed_line"]}') as id;
create function pg_temp.return(p_offer_id bigint, p_phone text, p_reason text, p_change text default null) returns text
language plpgsql as $$
-- What becomes of a return, and why: status, then the note of the decision.
declare
  v_sale_id bigint;
begin
  perform testkit.submit(p_offer_id, jsonb_build_object('phone', p_phone), (select count(*)::integer + 1 from leadgen.leads));
  v_sale_id := (select testkit.deliver(max(a.id)) from leadgen.lead_assignments a where a.offer_id = p_offer_id);
  perform market.settle_assignments(array[v_sale_id], null, null, leadgen.clock());
  if p_change is not null then
    update leadgen.leads l set phone = p_change from leadgen.lead_assignments a where a.id = v_sale_id and l.id = a.lead_id;
  end if;
  perform roads.request_return(v_sale_id, p_reason, null, 'api');
  return (select format('%s by %s: %s', r.status, coalesce(r.decided_by, 'nobody'), r.decision_note)
    from leadgen.sale_returns r where r.assignment_id = v_sale_id);
end;
$$;
select is(pg_temp.return(id, '+15125550101', 'invalid_phone'),
  'requested by nobody: its phone number is a valid number of US; nobody here can tell whether it is in service',
  'a valid number: a person looks') from plain;
select is(pg_temp.return(id, '+15125550102', 'invalid_phone', '+15120000'),
  'approved by auto: its phone number is no valid number of US', 'an invalid number: approved at once') from plain;
select is(pg_temp.return(id, '+15125550103', 'invalid_phone', ''),
  'requested by nobody: the lead has no phone number, or was erased', 'no number: a person looks') from plain;
create temp table bare as select testkit.sell_delivered(id, 60) as id from plain;
update leadgen.leads l set signals = null from leadgen.lead_assignments a join bare using (id) where l.id = a.lead_id;
select is((market.judge_phone(a)).verdict, null, 'a lead of which no signals are known: its number counts')
from leadgen.lead_assignments a join bare using (id);

select is(pg_temp.return(id, '+15125550104', 'wrong_line_type'),
  'requested by nobody: its phone number is fixed_line or mobile, and the policy names no line types',
  'no types in the policy, a number at which one is called: a person looks') from plain;
select is(pg_temp.return(id, '+18005550105', 'wrong_line_type'),
  'approved by auto: its phone number is toll_free, and the policy names no line types',
  'no types in the policy, toll-free: approved at once') from plain;
select is(pg_temp.return(id, '+15125550106', 'wrong_line_type'),
  'requested by nobody: its phone number is fixed_line or mobile, and mobile was sold',
  'a US number may be a mobile or not: a person looks') from mobile;
select is(pg_temp.return(id, '+4930123456', 'wrong_line_type'),
  'approved by auto: its phone number is fixed_line, and mobile was sold', 'a landline where mobiles were sold: approved at once')
from mobile;
select is(pg_temp.return(id, '+491701234567', 'wrong_line_type'),
  'refused by auto: its phone number is mobile, and mobile was sold', 'a mobile where mobiles were sold: refused at once') from mobile;
select is(pg_temp.return(id, '+15125550107', 'wrong_line_type'),
  'refused by auto: its phone number is fixed_line or mobile, and mobile, fixed_line was sold',
  'either was sold: refused at once') from callable;
select is(pg_temp.return(id, '+18005550108', 'wrong_line_type'),
  'approved by auto: its phone number is toll_free, and mobile, fixed_line was sold', 'toll-free was not: approved at once') from callable;
select is(pg_temp.return(id, '+15125550109', 'wrong_line_type', ''),
  'requested by nobody: the lead has no phone number, or was erased', 'no number: nobody can tell its type') from callable;
select is(pg_temp.return(id, '+15125550110', 'wrong_line_type', '+15120000'),
  'requested by nobody: its phone number fits no line type of US that is known', 'a number of no type: a person looks') from callable;

-- The terms of the sale count, not those of today.
create temp table sold as select testkit.sell_delivered(id, 50) as id from mobile;
update leadgen.routing_policies p set config = p.config
  || '{"returns": {"auto_approve": false, "line_types": ["fixed_line", "mobile"]}}'::jsonb;
select is((market.judge_line_type(a)).verdict, null, 'the types that were sold then') from leadgen.lead_assignments a join sold using (id);
select is(leadgen.replay_lead(a.lead_id), '{"identical": true}', 'its decision replays')
from leadgen.lead_assignments a join sold using (id);

-- Of a country whose types are not loaded nothing is decided.
delete from leadgen.phone_line_types t where t.country_code = 'DE';
select is(pg_temp.return(id, '+491701234568', 'wrong_line_type'),
  'requested by nobody: the line types of numbers of DE are not known', 'it waits, and says why') from callable;

select matches(testkit.fault_of(format($$update leadgen.routing_policies set config = '{"returns": {"line_types": %s}}'$$, body)),
  'LG423 config.returns.line_types', what)
from (values
  ('[]', 'no types at all'), ('["landline"]', 'a type that there is not'), ('["mobile", "mobile"]', 'a type twice'), ('"mobile"', 'no list')
) as t (body, what);
select is_empty('select * from leadgen.list_broken_invariants()', 'all invariants hold');
select * from finish();
rollback;
