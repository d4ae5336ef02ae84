-- fold_mailbox: which addresses are one mailbox.
begin;
select plan(77);

select is(ref.fold_mailbox(ref.read_email(address)), mailbox, format('fold_mailbox: %s', address))
from (values
  -- a plus tag, everywhere
  ('jdoe@example.com', 'jdoe@example.com'), ('jdoe+roof@example.com', 'jdoe@example.com'), ('jdoe+a+b@example.com', 'jdoe@example.com'),
  ('jdoe+@example.com', 'jdoe@example.com'), ('JDoe+Roof@Example.COM', 'jdoe@example.com'), ('j.doe@example.com', 'j.doe@example.com'),
  ('j-doe@example.com', 'j-doe@example.com'), ('jdoe+x@outlook.com', 'jdoe@outlook.com'), ('j.doe+x@hotmail.com', 'j.doe@hotmail.com'),
  ('jdoe@hotmail.com', 'jdoe@hotmail.com'), ('jdoe@live.com', 'jdoe@live.com'), ('jdoe+x@mail.ru', 'jdoe@mail.ru'),
  ('jörg+x@bücher.example', 'jörg@xn--bcher-kva.example'), ('jdoe+x@xn--bcher-kva.example', 'jdoe@xn--bcher-kva.example'),
  -- Gmail
  ('jdoe@gmail.com', 'jdoe@gmail.com'), ('j.doe+roof@googlemail.com', 'jdoe@gmail.com'), ('J.D.O.E@gmail.com', 'jdoe@gmail.com'),
  ('jdoe@googlemail.com', 'jdoe@gmail.com'), ('j-doe@gmail.com', 'j-doe@gmail.com'), ('j.doe@mail.gmail.com', 'j.doe@mail.gmail.com'),
  ('j.doe@gmail.com.example', 'j.doe@gmail.com.example'), ('ｊ.doe@ｇmail．com', 'jdoe@gmail.com'),
  -- Proton
  ('jane.doe@proton.me', 'janedoe@proton.me'), ('Jane_Doe@protonmail.com', 'janedoe@proton.me'), ('jane-doe+x@pm.me', 'janedoe@proton.me'),
  ('janedoe@protonmail.ch', 'janedoe@proton.me'),
  -- iCloud, Yandex
  ('j.doe@me.com', 'j.doe@icloud.com'), ('j.doe+1@mac.com', 'j.doe@icloud.com'), ('j.doe@icloud.com', 'j.doe@icloud.com'),
  ('jdoe@ya.ru', 'jdoe@yandex.ru'), ('jdoe+x@yandex.com', 'jdoe@yandex.ru'), ('jdoe@yandex.kz', 'jdoe@yandex.ru'),
  ('jdoe@yandex.by', 'jdoe@yandex.ru'), ('jdoe@yandex.ua', 'jdoe@yandex.ru'), ('j.doe@ya.ru', 'j.doe@yandex.ru'),
  -- Fastmail
  ('shop@jdoe.fastmail.com', 'jdoe@fastmail.com'), ('jdoe+shop@fastmail.com', 'jdoe@fastmail.com'),
  ('jdoe@fastmail.com', 'jdoe@fastmail.com'),
  ('j.doe@fastmail.com', 'j.doe@fastmail.com'), ('jdoe@fastmail.fm', 'jdoe@fastmail.fm'), ('a@b.c.fastmail.com', 'a@b.c.fastmail.com'),
  ('a+b@jdoe.sent.com', 'jdoe@sent.com'),
  -- Yahoo: a base name is not the name of a mailbox
  ('jd-roof@yahoo.com', 'jd-@yahoo.com'), ('jd-car@yahoo.com', 'jd-@yahoo.com'), ('jd@yahoo.com', 'jd@yahoo.com'),
  ('jd-a-b+c@yahoo.co.uk', 'jd-@yahoo.co.uk'), ('jd-roof@yahoo.de', 'jd-@yahoo.de'), ('j.d@yahoo.com', 'j.d@yahoo.com'),
  ('jd-roof@yahoo.co.jp', 'jd-roof@yahoo.co.jp'), ('-jd@yahoo.com', '-jd@yahoo.com')
) as t (address, mailbox);

-- What is no address, or has no name before the tag, stays as it is; leads that failed validation have such texts.
select is(ref.fold_mailbox(address), address, format('fold_mailbox: "%s" stays', address))
from (values
  (''), ('@'), ('jdoe'), ('@gmail.com'), ('jdoe@'), ('+roof@example.com'), ('+roof@gmail.com'), ('...@googlemail.com'), ('._-@pm.me'),
  ('j.doe@x@gmail.com'), ('a@.fastmail.com'), ('a b@example.com'), ('%s@example.com'), ('\@example.com'), ('''@example.com')
) as t (address);
select is(ref.fold_mailbox(null), null, 'fold_mailbox: nothing of nothing');

-- What has been folded is not folded further: the mailbox's own address is found by the e-mail of its lead.
create temp table domains (domain text);
insert into domains select p.domain from leadgen.mail_providers p;
insert into domains select format('jdoe.%s', p.domain) from leadgen.mail_providers p;
insert into domains values ('example.com'), ('gmail.co'), ('com'), ('');
create temp table addresses as
select format('%s@%s', n.name, d.domain) as address, n.name, d.domain
from domains d cross join (values ('jdoe'), ('j.doe'), ('j-d_oe'),
  ('j.d-x+a'), ('jdoe+a.b-c'), ('-x'), ('.x'), ('x-'), ('a-b-c'), ('+'), ('+a'), ('')) as n (name);
select cmp_ok(count(*), '>', 1000::bigint, 'addresses of every provider') from addresses;
select is_empty('select address from addresses where ref.fold_mailbox(ref.fold_mailbox(address)) <> ref.fold_mailbox(address)',
  'a mailbox is its own mailbox');
select is_empty($$select address from addresses where ref.is_email(address)
  and substr(ref.fold_mailbox(address), position('@' in ref.fold_mailbox(address)) + 1)
    not in (select p.mailbox_domain from leadgen.mail_providers p) and name not like '+%'
  and ref.fold_mailbox(address) <> format('%s@%s', split_part(name, '+', 1), domain)$$,
  'at an unknown domain only the plus tag goes');
select is_empty($$select a.address from addresses a cross join generate_series(1, 3) n where ref.is_email(a.address)
  and position('+' in a.name) = 0 and position('.fastmail' in a.domain) = 0
  and ref.fold_mailbox(format('%s+%s@%s', a.name, n, a.domain)) <> ref.fold_mailbox(a.address)$$, 'a plus tag makes no other mailbox');

-- The seed rows name each mailbox once.
select is_empty($$select p.domain from leadgen.mail_providers p where not exists (select from leadgen.mail_providers m
  where m.domain = p.mailbox_domain and m.mailbox_domain = m.domain)$$, 'the domain of a mailbox is a row of its own');
select is(count(*) filter (where p.mailbox_domain = 'gmail.com'), 2::bigint, 'Gmail has two domains') from leadgen.mail_providers p;
select is(i.indisvalid, true, 'the index of mailboxes is there') from pg_index i
where i.indexrelid = 'leadgen.idx_leads_mailbox'::regclass;
select is(format('%s%s', provolatile, proparallel), 'is', 'fold_mailbox: immutable and parallel safe')
from pg_proc where proname = 'fold_mailbox';
select is_empty($$select d.refobjid::regprocedure from pg_depend d where d.objid = 'leadgen.idx_leads_mailbox'::regclass
  and d.refclassid = 'pg_proc'::regclass and d.refobjid <> 'ref.fold_mailbox(text)'::regprocedure
  and d.refobjid >= 16384$$, 'the index is of this function alone');
select is((select prosrc ~ '(ref|kernel|catalog|leadgen)[.]' from pg_proc where proname = 'fold_mailbox'), false,
  'fold_mailbox calls none of ours, so that the index changes with its body alone');
select isnt(ref.fold_mailbox('jdoe@gmail.com'), ref.fold_mailbox('jdoe@hotmail.com'), 'the same name elsewhere is another mailbox');

select * from finish();
rollback;
