-- check_mail_address: what is saved can be mailed.
begin;
select plan(14);
select is(testkit.fault_of(format('select catalog.check_mail_address(%L, %L)', address, 'email')), 'none', format('taken: %s', address))
from (values ('leads@b.example'), ('a.b+c@xn--bcher-kva.example'), ('o''neil@b.example'),
  (format('%s@b.example', repeat('a', 64)))) t (address);
select is(testkit.fault_of(format('select catalog.check_mail_address(%L, %L)', address, 'email')), 'LG423 email',
  format('refused: %s', address))
from (values ('bücher@b.example'), ('a@bücher.example'), ('a@[192.0.2.1]'), (format('%s@b.example', repeat('a', 65))), ('a b@c.example'),
  ('"a"@c.example'), ('a@')) t (address);
select is(testkit.fault_of($$select testkit.make_buyer('{"email": "bücher@b.example"}')$$), 'LG423 email', 'a buyer''s address is checked');
create temp table seat as select testkit.enroll_buyer(testkit.make_offer(), 'Ace') as id;
select is(testkit.fault_of($$update leadgen.buyer_offers set email_override = 'a@bücher.example'$$), 'LG423 email_override',
  'an enrollment''s address is checked');
select is(testkit.fault_of($$update leadgen.buyer_offers set email_override = 'leads@b.example'$$), 'none',
  'an address that can be mailed is taken');
select * from finish();
rollback;
