-- fill_buyer and fill_enrollment: numbers that can be used.
begin;
select plan(15);
select testkit.at_time('2026-11-20T16:00:00Z');

-- check_sms_number, and what the triggers do with all of them.
select is(testkit.fault_of(format('select catalog.check_sms_number(%L, ''n'')', number)), fault, number)
from
    (
        values ('+15125550123', 'none'),
        ('+4930123456', 'none'),
        ('5125550123', 'LG423 n'),
        ('+1 512 555 0123', 'LG423 n'),
        ('+05125550123', 'LG423 n'),
  ('+1234567890123456', 'LG423 n'),
  ('+15121550123', 'LG423 n')) as t (number, fault);
create temp table ids as select testkit.make_buyer('{"phone": "+1 512 555 0199 x4"}') as buyer_id, testkit.make_offer() as offer_id;
select is(testkit.fault_of(format('update leadgen.buyers set %s where id = %s', change, buyer_id)), fault, change)
from ids, (values ('sms_notifications = true', 'LG423 phone'), ('phone = ''+15125550123'', sms_notifications = true', 'none'),
  ('phone = ''+1 615 555 0142'', sms_notifications = false', 'none'), ('phone = ''615'', sms_notifications = false', 'LG423 phone'),
  ('phone = ''by telephone''', 'LG423 phone'), ('phone = ''615 555 0142''', 'LG423 phone'),
  ('phone = ''+16151550142''', 'LG423 phone')) as t (change, fault);
select
    is(
        testkit.fault_of(format('select testkit.enroll(%s, ''{"buyer_id": %s, "sms_override": "512"}'')', offer_id, buyer_id)),
        'LG423 sms_override',
  'an enrollment''s number') from ids;

select * from finish();
rollback;
