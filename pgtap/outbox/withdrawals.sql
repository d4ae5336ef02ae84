-- list_withdrawn, and claims beside results that are not yet recorded: what a worker asks for before it sends or claims.
begin;
select plan(12);
select testkit.at_time('2026-11-20T16:00:00Z');
create temp table ids as select testkit.make_offer() as offer_id;
select testkit.enroll(offer_id) from ids;
select testkit.submit(offer_id, '{}', n) from ids, generate_series(1, 4) n;
create temp table claims as select c.delivery_id, c.lease_token, row_number() over (order by c.delivery_id) as n
from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds') c;

create function pg_temp.gone() returns bigint[] language sql as $$
  select array_agg(c.n order by c.n) from claims c
  where c.delivery_id = any (leadgen.list_withdrawn((select array_agg(a.delivery_id) from claims a),
    (select array_agg(a.lease_token) from claims a)));
$$;

select is(count(*), 4::bigint, 'four are claimed') from claims;
select is(pg_temp.gone(), null, 'all claims hold');
select is(leadgen.list_withdrawn('{}', '{}'), '{}', 'none asked for, none withdrawn');
select is(leadgen.list_withdrawn(array[c.delivery_id, 0], array[gen_random_uuid(), c.lease_token]), array[0, c.delivery_id],
  'another token, or no such delivery: it does not hold') from claims c where c.n = 1;
select is(testkit.fault_of('select leadgen.list_withdrawn(''{1,2}'', array[gen_random_uuid()])'), 'LG400 p_tokens',
  'each has its token');
select lives_ok(format('select leadgen.erase_lead(%s, ''asked for it'')', d.lead_id), 'one is erased')
from claims c join leadgen.deliveries d on d.id = c.delivery_id where c.n = 2;
select is(pg_temp.gone(), '{2}', 'its claim does not hold any more');

-- Leases run out.
select testkit.at_time('2026-11-20T16:01:00Z');
create temp table again as select c.delivery_id
from leadgen.claim_deliveries('w', testkit.room(10), '30 seconds',
  (select array_agg(a.delivery_id) from claims a where a.n in (1, 3))) c;
select is(array_agg(c.n order by c.n), '{4}', 'a worker claims again what it holds no result of')
from again join claims c using (delivery_id);
select is(pg_temp.gone(), '{2,4}', 'the lease of that one is another');
select is(array_agg(d.status::text), '{sending,sending}', 'the others wait for their results')
from leadgen.deliveries d join claims c on c.delivery_id = d.id where c.n in (1, 3);
select is(r.status, 'delivered', 'which still count') from claims c,
  leadgen.record_attempts(jsonb_build_array(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token,
    'outcome', 'delivered')), 3, '1 second') r where c.n = 1;
select is(count(*), 1::bigint, 'another worker takes what is left')
from leadgen.claim_deliveries('w2', testkit.room(10), '30 seconds') c join claims using (delivery_id) where claims.n = 3;

select * from finish();
rollback;
