-- report.audit_log: what was changed, by the words of the first specification.
begin;
select plan(10);
create temp view latest as select l.* from report.audit_log l order by l.id desc limit 1;
grant select on latest to leadgen_reporting;
select set_config('leadgen.actor', 'ann', true), set_config('leadgen.reason', 'ticket 12', true),
  set_config('application_name', 'psql', true);

insert into leadgen.invoice_reminders (id, days_after_due, subject, message) overriding system value
values (901, 90, 'Late', 'Pay {number}');
select is(format('%s %s %s: %s', actor_id, entity_type, entity_id, description), 'ann invoice_reminders 901: added', 'a new row is added')
from latest;
update leadgen.invoice_reminders set subject = 'Very late', is_active = false where id = 901;
select is(description, 'is_active from true to false, subject from Late to Very late', 'an update says from what to what') from latest;
select is(action_type, 'update', 'an action is insert, update, delete or truncate') from latest;
select is(metadata ->> 'reason', 'ticket 12', 'metadata has the reason') from latest;
select is(metadata -> 'before', '{"subject": "Late", "is_active": true}', 'metadata has the values') from latest;
select is(metadata -> 'position', 'null', 'what is not chained has no position') from latest;
select leadgen.run_chore('chain_audit');
select is((metadata ->> 'position')::bigint, h.last_position, 'what is chained has one') from latest, leadgen.find_audit_head() h;
delete from leadgen.invoice_reminders where id = 901;
select is(format('%s %s', entity_id, description), '901 deleted', 'a deleted row is deleted') from latest;
insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', 'a', 1, 1);
select is(entity_id, '{"name": "key", "subject": "a"}', 'a key of several columns is JSON') from latest;
set local role leadgen_reporting;
select is(user_agent, 'psql', 'analysts read it') from latest;
reset role;

select * from finish();
rollback;
