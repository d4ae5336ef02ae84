-- enforce_transition: for leads, their billing, sales, deliveries and invoices exactly the declared moves.
begin;
select plan(38);
create temp table ids as select testkit.make_offer() as offer_id;
create temp table seat as select testkit.enroll_buyer(offer_id, 'Ace') as id from ids;
select testkit.submit(offer_id) from ids;
insert into leadgen.invoices (buyer_id, offer_id, period_start, period_end, due_date, invoice_number, series, year, number, issued_at)
select testkit.buyer_of(id), offer_id, '2026-11-01', '2026-12-01', '2026-12-15', 'I-1', 'I', 2026, 1, now() from seat, ids;

create function pg_temp.put(p_table text, p_state text) returns void language plpgsql as $$
-- Sets a state with triggers off; a delivery gets the columns that belong to it.
begin
  set local session_replication_role = replica;
  execute format('update leadgen.%I set %s', replace(p_table, 'lead_billing', 'leads'), case p_table
    when 'lead_assignments' then format('outcome = %L', p_state)
    when 'lead_billing' then format('billing_status = %L', p_state)
    when 'deliveries' then format('status = %1$L, next_attempt_at = case when %1$L in (''pending'', ''sending'') then now() end,
      lease_token = case when %1$L = ''sending'' then gen_random_uuid() end', p_state)
    else format('status = %L', p_state) end);
  set local session_replication_role = origin;
end;
$$;
create function pg_temp.moves(p_table text, p_from text, p_to text) returns text language plpgsql as $$
-- 'none' when the move is allowed, else how it is refused. Constraints of a delivery's columns are kept, so that only the move decides.
begin
  perform pg_temp.put(p_table, p_from);
  return testkit.fault_of(format('update leadgen.%I set %s', replace(p_table, 'lead_billing', 'leads'), case p_table
    when 'lead_assignments' then format('outcome = %L', p_to)
    when 'lead_billing' then format('billing_status = %L', p_to)
    when 'deliveries' then format('status = %1$L, next_attempt_at = case when %1$L in (''pending'', ''sending'') then now() end,
      lease_token = case when %1$L = ''sending'' then gen_random_uuid() end', p_to)
    else format('status = %L', p_to) end));
end;
$$;
create temp table states as
select t.entity, e.enumlabel::text as state
from (values ('leads', 'lead_status'), ('lead_assignments', 'assignment_outcome'), ('deliveries', 'delivery_status'), ('invoices',
  'invoice_status'), ('lead_billing', 'billing_status')) as t (entity, type)
join pg_type y on y.typname = t.type and y.typnamespace = 'leadgen'::regnamespace
join pg_enum e on e.enumtypid = y.oid
union all
select 'users', unnest('{pending,active,suspended,deactivated}'::text[]);
select testkit.new_user('Ann');
create temp table moves as
select a.entity, a.state as from_state, b.state as to_state, pg_temp.moves(a.entity, a.state, b.state) as fault
from states a join states b using (entity) where a.state <> b.state;

-- The state machines, written out once more: a change of the seed is a decision, not an accident.
create temp table expected (entity text, from_state text, to_states text[]);
insert into expected values
  ('leads', 'received', '{validated,rejected}'), ('leads', 'validated', '{delivered,accepted,rejected}'),
  ('leads', 'delivered', '{validated,accepted,rejected}'), ('leads', 'accepted', '{validated,rejected}'),
  ('leads', 'rejected', '{validated}'),
  ('lead_assignments', 'pending', '{delivered,accepted,returned,lapsed,failed,unknown,erased}'),
  ('lead_assignments', 'delivered', '{accepted,returned,lapsed}'), ('lead_assignments', 'accepted', '{returned}'),
  ('lead_assignments', 'failed', '{delivered,accepted,returned,lapsed,unknown,erased}'),
  ('lead_assignments', 'unknown', '{delivered,accepted,returned,lapsed,failed}'),
  ('deliveries', 'pending', '{sending,parked,cancelled}'), ('deliveries', 'sending', '{pending,sent,delivered,unknown,dead,cancelled}'),
  ('deliveries', 'parked', '{pending,cancelled}'), ('deliveries', 'sent', '{delivered,unknown,dead}'),
  ('deliveries', 'delivered', '{pending}'), ('deliveries', 'unknown', '{pending,delivered,dead}'), ('deliveries', 'dead', '{pending}'),
  ('invoices', 'draft', '{sent,cancelled}'), ('invoices', 'sent', '{partly_paid,paid,overdue,disputed,cancelled}'),
  ('invoices', 'partly_paid', '{sent,paid,overdue,disputed,cancelled}'), ('invoices', 'overdue', '{paid,disputed,cancelled}'),
  ('invoices', 'paid', '{sent,partly_paid,overdue}'), ('invoices', 'disputed', '{sent,paid,cancelled}'),
  ('lead_billing', 'pending', '{billed,paid,disputed,refunded}'), ('lead_billing', 'billed', '{pending,paid,disputed,refunded}'),
  ('lead_billing', 'paid', '{pending,billed,disputed,refunded}'), ('lead_billing', 'disputed', '{pending,billed,paid,refunded}'),
  ('lead_billing', 'refunded', '{pending,paid}'),
  ('users', 'pending', '{active,deactivated}'), ('users', 'active', '{suspended,deactivated}'),
  ('users', 'suspended', '{active,deactivated}'), ('users', 'deactivated', '{active,pending}');
select bag_eq(format($$select to_state from moves where entity = %L and from_state = %L and fault = 'none'$$, entity, from_state),
  format('select unnest(%L::text[])', to_states), format('%s, from %s: %s', entity, from_state, array_to_string(to_states, ', ')))
from expected;
select is(count(*), 0::bigint, 'from any other state: nothing') from moves m
where m.fault = 'none' and not exists (select from expected e where (e.entity, e.from_state) = (m.entity, m.from_state));
-- Those of payments are moved by what their provider says: pgtap/billing/payment_words.sql.
select bag_eq($$select entity, from_state, to_state from leadgen.state_transitions
  where entity not in ('payments', 'payment_reversals', 'bank_lines')$$,
  'select entity, from_state, unnest(to_states) from expected', 'the moves let through without a look-up are declared, like the others');
select is(array_agg(distinct fault order by fault), '{"LG409 billing_status","LG409 outcome","LG409 status",none}',
  'every refusal is LG409') from moves;
select is(count(*), (20 + 56 + 56 + 42 + 20 + 12)::bigint, 'every pair of states was tried') from moves;
select pg_temp.put('invoices', 'paid');
select is(testkit.detail_of($$update leadgen.invoices set status = 'draft'$$),
  '{"field": "status", "found": "draft", "allowed": "overdue, partly_paid, sent"}', 'the refusal says what is allowed');
select lives_ok($$update leadgen.invoices set status = 'paid'$$, 'staying is no move');

select * from finish();
rollback;
