-- dry_run_lead: the live path, the same answer as the lead that follows, and nothing kept.
begin;
select plan(41);
create temp table ids as select testkit.make_offer('{"duplicate_window_hours": 1, "required_fields": ["message"]}',
  '{"strategy": "round_robin", "max_buyers": 2, "on_no_buyer": "reject",
  "caps": {"per_day": 7}}', '{"adjustments": [{"name": "old", "when": {"attributes.roof_age": {"minimum": 20}},
    "percent": 10}]}') as offer_id;
select testkit.enroll_buyer(offer_id, 'Ace', '{"capacity_per_hour": 3}'), testkit.enroll_buyer(offer_id, 'Best',
  '{"budget_per_day": 150, "price_per_lead": 60}'),
  testkit.enroll_buyer(offer_id, 'Cole', '{"filters": {"attributes.roof_age": {"minimum": 10}}}') from ids;
-- A digest of each table; of the great ones (reference data) how many rows this transaction wrote.
create function pg_temp.rows() returns jsonb language plpgsql as $$
declare
  v_rows jsonb := '{}';
  v_table record;
  v_state text;
begin
  for v_table in
    select c.oid, c.relname as name, c.relname in ('postal_places', 'disposable_domains') as is_great from pg_class c
    where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p') order by 2
  loop
    if v_table.is_great then
      v_state := pg_stat_get_xact_tuples_inserted(v_table.oid) + pg_stat_get_xact_tuples_updated(v_table.oid)
        + pg_stat_get_xact_tuples_deleted(v_table.oid);
    else
      execute format($q$select format('%%s %%s', count(*), md5(string_agg(t::text, ',' order by t::text))) from leadgen.%I t$q$,
        v_table.name) into v_state;
    end if;
    v_rows := v_rows || jsonb_build_object(v_table.name, v_state);
  end loop;
  return v_rows;
end;
$$;
-- Twelve leads: each first dry, then live; the two answers differ only in what the dry one keeps to itself.
create temp table tried (n integer, dry jsonb, live jsonb, kept boolean);
create function pg_temp.try(p_n integer, p_fields jsonb) returns void language plpgsql as $$
declare
  v_lead constant jsonb := testkit.given_lead((select offer_id from ids), '{"attributes": {"roof_age": 12}}'::jsonb || p_fields, p_n);
  v_before jsonb;
  v_dry jsonb;
  v_kept boolean;
begin
  perform testkit.at_time('2026-11-20T16:00:00Z'::timestamptz + p_n * interval '7 minutes');
  v_before := pg_temp.rows();
  v_dry := leadgen.dry_run_lead(v_lead);
  v_kept := pg_temp.rows() <> v_before;
  insert into tried select p_n, v_dry, leadgen.submit_lead(v_lead), v_kept;
end;
$$;
select pg_temp.try(n, case n when 3 then '{"message": null}' when 5 then '{"attributes": {"roof_age": 25}}' when 6 then '{"attributes": {}}'
  when 7 then '{"phone": "+15125550006"}' when 9 then '{"email": "nobody"}' else '{}' end::jsonb) from generate_series(1, 12) n order by n;
select is(t.dry - '{dry_run,decision}'::text[], t.live - 'lead_id', format('lead %s: the same answer, %s %s', t.n, t.live ->> 'status',
  t.live ->> 'price'))
from (select * from tried order by n) t;
select is((select array_agg(t.n) from tried t where t.kept), null, 'none of them left a row or changed one');
select is(t.dry #>> '{decision,summary}', leadgen.explain_lead((t.live ->> 'lead_id')::bigint) ->> 'summary',
  format('lead %s: the same account', t.n))
from (select * from tried order by n) t where t.live ? 'lead_id';
select is((select count(distinct t.live ->> 'status') from tried t), 2::bigint, 'accepted and rejected ones among them');
select is(t.dry ? 'lead_id', false, 'a dry run names no lead') from tried t where n = 1;
select is(jsonb_array_length(t.dry #> '{decision,attempts,0,candidates}'), 3, 'a dry run shows every candidate') from tried t where n = 1;

-- Quarantine, replay, malformed.
select is(leadgen.dry_run_lead('{"source_key": "no-such-source", "name": "x"}') - 'quarantine_id' ->> 'status', 'quarantined',
  'an unknown source: quarantined');
select is((select count(*) from leadgen.intake_quarantine), 0::bigint, 'a dry run puts nothing into quarantine');
select is(leadgen.dry_run_lead(testkit.given_lead(offer_id, '{"attributes": {"roof_age": 12}}', 1)) ->> 'dry_run', 'true',
  'a lead that is there already') from ids;

-- As new.
create temp table known as
select testkit.given_lead(offer_id, '{"attributes": {"roof_age": 12}, "idempotency_key": "k1"}', 12) as lead from ids;
select is(leadgen.dry_run_lead(lead || '{"idempotency_key": "k2"}'::jsonb) #>> '{errors,0,code}', 'duplicate',
  'a dry run of the same person says duplicate') from known;
create temp table counted as select pg_temp.rows() as before;
select is(d.answer ->> 'status', 'accepted', 'as new: neither a replay nor a duplicate')
from known, lateral (select leadgen.dry_run_lead(lead, '{"idempotency_key": "k1"}', true) as answer) d;
select is(leadgen.dry_run_lead(lead, p_as_new => true) ? 'decision', true, 'as new: with its account') from known;
select is(pg_temp.rows(), before, 'as new: nothing is kept, no earlier lead changed') from counted;
select is(leadgen.dry_run_lead('{"source_key": "no-such-source", "name": "x"}', p_as_new => true) ->> 'status', 'quarantined',
  'as new: an unknown source');
select is(testkit.fault_of($$select leadgen.dry_run_lead('[]', '{}', true)$$), testkit.fault_of($$select leadgen.submit_lead('[]')$$),
  'as new, malformed: as submit_lead refuses it');
select is(testkit.fault_of($$select leadgen.dry_run_lead('[]')$$), testkit.fault_of($$select leadgen.submit_lead('[]')$$),
  'malformed: as submit_lead refuses it');

-- Ids.
select is(max((t.live ->> 'lead_id')::bigint) - min((t.live ->> 'lead_id')::bigint),
  count(*) filter (where t.live ? 'lead_id') - 1, 'leads that came between dry runs have ids without a gap') from tried t;
create temp table numbered as select last_value from leadgen.leads_id_seq;
select is(leadgen.dry_run_lead(testkit.given_lead(offer_id, '{"attributes": {"roof_age": 12}}', 40)) ->> 'outcome', 'rejected',
  'a dry run of a lead that nobody can take') from ids;
select is(s.last_value, n.last_value, 'a dry run takes no id of a lead') from leadgen.leads_id_seq s, numbered n;

select * from finish();
rollback;
