-- The chain: what is committed is chained, in portions, one after the other; a day's end is kept.
begin;
select plan(14);
set local client_min_messages = warning;
select leadgen.run_chore('chain_audit');
create temp table first as select last_position, digest, waiting from leadgen.find_audit_head();
select is(waiting, 0::bigint, 'the chore leaves nothing that waits') from first;

update leadgen.settings set warn_at_percent = 70;
update leadgen.settings set warn_at_percent = 71;
select is(waiting, 2::bigint, 'each entry waits') from leadgen.find_audit_head();
select is(leadgen.run_chore('chain_audit'), true, 'they are chained');
select is(leadgen.run_chore('chain_audit'), false, 'none is left');
select is(h.last_position - f.last_position, 2::bigint, 'each has a position of its own') from leadgen.find_audit_head() h, first f;
select is_empty('select entry_id from leadgen.audit_waiting', 'nothing waits');
select is(count(*), max(position), 'positions have no gap') from leadgen.audit_chain;

-- A digest is the sha256 of the digest before it and of the text.
create temp table chained as select s.at_position as position, s.digest, s.entry
from first f, leadgen.list_chained_audit(f.last_position, 10) s;
select is(array_agg(s.entry::jsonb -> 'after' ->> 'warn_at_percent' order by s.position), '{70,71}', 'lower ids come first') from chained s;
select is(s.digest, encode(sha256(decode(f.digest, 'hex') || convert_to(s.entry, 'UTF8')), 'hex'), 'the first goes on from the head')
from first f join chained s on s.position = f.last_position + 1;
select is(s.digest, encode(sha256(decode(p.digest, 'hex') || convert_to(s.entry, 'UTF8')), 'hex'), 'the second goes on from the first')
from chained s join chained p on p.position = s.position - 1;
select is(array_agg(k.key order by k.place), '{id,key,actor,after,login,table,action,before,reason}',
  'the text of an entry has its fields in one order') from (select k.key, k.place from chained s, first f,
  json_object_keys(s.entry::json) with ordinality as k (key, place) where s.position = f.last_position + 1 and length(k.key) <= 6) k;

-- The head of a day that is over.
set local session_replication_role = replica;
update leadgen.audit_chain set chained_at = chained_at - interval '1 day';
set local session_replication_role = origin;
select leadgen.run_chore('chain_audit') from generate_series(1, 2);
select is(format('%s %s', h.day, encode(h.digest, 'hex')), format('%s %s', (clock_timestamp() at time zone 'UTC')::date - 1, f.digest),
  'the head of yesterday is kept, once') from leadgen.audit_heads h, leadgen.find_audit_head() f;

-- Portions.
insert into leadgen.rate_limits (name, subject, amount, per_seconds) select 'key', n::text, 1, 1 from generate_series(1, 1500) n;
select is(array(select leadgen.run_chore('chain_audit') from generate_series(1, 3)), '{t,t,f}', 'a call takes a thousand');
select is_empty('select * from leadgen.verify_audit_chain(0, 1000000) union all select * from leadgen.verify_audit_entries(0, 1000000)
  union all select * from leadgen.verify_audit()', 'all of it is proved');

select * from finish();
rollback;
