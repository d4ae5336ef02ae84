-- take_tokens, lease_posts, announce_rate_limit, forget_buckets: how much one sender may send.
begin;
select plan(38);
select testkit.at_time('2026-11-20T16:00:00Z');
update leadgen.rate_limits set is_active = true;
select results_eq('select name, amount, per_seconds from leadgen.rate_limits order by 1', $$values ('address', 120, 120),
  ('key', 6000, 60), ('quarantine', 500000000, 86400), ('quarantine_address', 5000000, 86400),
  ('quarantine_source', 50000000, 86400), ('source', 600, 300)$$, 'what is delivered');

-- A bucket: what is in it, and how it fills.
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('address', '192.0.2.1', 10, 100);
create function pg_temp.take(p_least integer, p_most integer, p_subject text default '192.0.2.1', p_name text default 'address')
returns text language sql as $$
  select format('%s %s', t.granted, t.retry_after) from intake.take_tokens(p_name, p_subject, p_least, p_most) t
$$;
select is(pg_temp.take(1, 4), '4 0', 'a new bucket is full');
select is(pg_temp.take(1, 4), '4 0', 'a bucket gives until it is empty');
select is(pg_temp.take(1, 4), '2 0', 'the last block is smaller');
select is(pg_temp.take(1, 4), '0 10', 'an empty bucket: one token comes in ten seconds');
select is(pg_temp.take(3, 3), '0 30', 'three come in thirty');
select is(format('%s %s', b.refused, b.tokens), '2 0', 'refusals are counted, and take nothing') from leadgen.rate_buckets b
  where b.subject = '192.0.2.1';
select testkit.at_time('2026-11-20T16:00:09.5Z');
select is(pg_temp.take(1, 4), '0 1', 'not before its time');
select testkit.at_time('2026-11-20T16:00:25Z');
select is(pg_temp.take(1, 4), '2 0', 'two and a half came in twenty-five seconds');
select testkit.at_time('2026-11-20T16:00:30Z');
select is(pg_temp.take(1, 4), '1 0', 'the half was kept');
select testkit.at_time('2026-11-21T16:00:00Z');
select is(pg_temp.take(1, 40), '10 0', 'it never holds more than amount');
select testkit.at_time('2026-11-20T16:00:00Z');
select is(pg_temp.take(1, 4), '0 10', 'a clock that goes back fills nothing');
select is(pg_temp.take(1, 1, '192.0.2.2'), '1 0', 'another address has its own');
select is(pg_temp.take(1, 200, '192.0.2.3'), '120 0', 'by the row of everybody');
update leadgen.rate_limits set amount = 20 where subject = '192.0.2.1';
select testkit.at_time('2026-11-22T16:00:00Z');
select is(pg_temp.take(1, 40), '20 0', 'a DBA''s edit counts from the next');
update leadgen.rate_limits set amount = 0 where subject = '192.0.2.1';
select is(pg_temp.take(1, 1), '0 3600', 'amount 0: nothing, ask again in an hour');
update leadgen.rate_limits set is_active = false where subject = '192.0.2.1';
select is(pg_temp.take(1, 1000), '1000 0', 'an inactive row of its own: no limit');
delete from leadgen.rate_limits where name = 'key';
select is(pg_temp.take(1, 1000, 'x', 'key'), '1000 0', 'no row: no limit');
select is(pg_temp.take(9999999, 9999999, '192.0.2.9', 'quarantine_address'), '0 3600', 'more than the bucket ever holds');

-- Events: one an hour, without addresses; a source by its name, if there is one.
create temp table ids as select testkit.make_offer() as offer_id;
delete from leadgen.events;
update leadgen.rate_limits set amount = 1 where name in ('address', 'source');
select pg_temp.take(1, 1, s, 'source')
from ids, unnest(array[format('source-of-%s', offer_id), 'invented', 'invented too']) s, generate_series(1, 3);
select pg_temp.take(1, 1, format('198.51.100.%s', n)) from generate_series(1, 3) n, generate_series(1, 2);
select is(array_agg(e.subject order by e.subject), array['address 2026-11-22T16:00:00+00:00',
  'source 2026-11-22T16:00:00+00:00', format('source source-of-%s 2026-11-22T16:00:00+00:00', ids.offer_id)],
  'one for each limit, and for each source that exists') from leadgen.events e, ids group by ids.offer_id;
select is(e.message, format('the rate limit source (1 in 300 seconds) of the source source-of-%s is reached; what comes beyond it '
  'is refused with 429. See leadgen.rate_buckets', offer_id), 'which limit, and of whom')
from leadgen.events e join ids using (offer_id);
select is(count(*), 0::bigint, 'no address is in it') from leadgen.events e where e::text like '%198.51%';
select testkit.at_time('2026-11-22T17:00:00Z');
update leadgen.rate_limits set amount = 0 where name = 'address';
select pg_temp.take(1, 1, '198.51.100.1');
select is(count(*), 2::bigint, 'again in the next hour') from leadgen.events e where e.subject like 'address%';

-- Leases are for posts only.
select is(l::text, '(1,0)', 'a lease') from leadgen.lease_posts('source', 'some-page', 5) l;
select is(testkit.fault_of(format('select leadgen.lease_posts(%L, %L, %s)', name, subject, count)), 'LG400 name, subject, count', what)
from (values ('quarantine', 'x', '5', 'not bytes of quarantine'), ('address', '', '5', 'nobody'), ('address', 'x', '0', 'nothing'),
  ('address', null, '5', 'null'), (null, 'x', '5', 'no name')) t (name, subject, count, what);
set local role leadgen_api;
select is(testkit.fault_of($$select leadgen.lease_posts('address', 'x', 5)$$), 'none', 'the API leases');
select is(testkit.fault_of('select * from leadgen.list_rate_limits()'), 'none', 'the API reads the limits');
select is(testkit.fault_of('select * from leadgen.rate_limits'), '42501', 'through the facade');
set local role leadgen_dba;
select is(testkit.fault_of($$insert into leadgen.rate_limits values ('key', 'a-partner', 9, 9)$$), 'none', 'a DBA writes a row');
select is(testkit.fault_of('delete from leadgen.rate_buckets'), '42501', 'buckets are not theirs');
reset role;
select is(testkit.fault_of($$insert into leadgen.rate_limits values ('adress', '*', 9, 9)$$), 'LG423 name', 'a misspelt name is refused');

-- What has filled up is forgotten.
select is((select count(*) from leadgen.rate_buckets) > 0, true, 'there are buckets');
select testkit.at_time('2026-12-22T17:00:00Z');
select is(intake.forget_buckets() > 0, true, 'they are deleted');
select is(count(*), 0::bigint, 'all that are full') from leadgen.rate_buckets;

select * from finish();
rollback;
