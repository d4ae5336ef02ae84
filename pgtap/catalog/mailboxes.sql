-- compile_mailboxes: rows of mail providers, the function they make, and the index that is of it.
begin;
select plan(32);
select testkit.at_time('2026-11-20T12:00:00Z');

create temp table ids as select testkit.make_offer('{"duplicate_match": ["mailbox"]}') as offer_id;
create temp table before as select pg_relation_filenode('leadgen.idx_leads_mailbox') as node;
select testkit.submit(offer_id, '{"email": "j.doe@corp.example"}', 1) from ids;

-- Nothing has changed: the index stays. A row of a DBA's own is compiled, and leads that are there are found by it.
select lives_ok('select catalog.compile_mailboxes()', 'compile_mailboxes: again');
select is(pg_relation_filenode('leadgen.idx_leads_mailbox'), node, 'the index stays where no row has changed') from before;
select is(testkit.codes_of(testkit.submit(offer_id, '{"email": "jdoe@corp.example"}', 2)), '{}', 'a dot counts at an unknown domain')
from ids;
insert into leadgen.mail_providers (domain, mailbox_domain, ignored_marks)
values ('corp.example', 'corp.example', '.'), ('corp.test', 'corp.example', '.');
select lives_ok('select catalog.compile_mailboxes()', 'compile_mailboxes: rows of a DBA');
select isnt(pg_relation_filenode('leadgen.idx_leads_mailbox'), node, 'the index is made anew') from before;
select is(ref.fold_mailbox('j.d.o.e+x@corp.test'), 'jdoe@corp.example', 'a row of a DBA counts');
select is((select count(*) from leadgen.leads l where ref.fold_mailbox(l.email) = 'jdoe@corp.example'
  and ref.fold_mailbox(l.email) <> l.email), 1::bigint, 'the index has the leads from before');
select is(testkit.codes_of(testkit.submit(offer_id, '{"email": "j.d.oe@corp.test"}', 3)), '{duplicate email}',
  'leads from before are found by the new rule') from ids;
delete from leadgen.mail_providers where domain like 'corp.%';
select lives_ok('select catalog.compile_mailboxes()', 'compile_mailboxes: rows are taken away');
select is(ref.fold_mailbox('j.d.o.e+x@corp.test'), 'j.d.o.e@corp.test', 'a row that is taken away counts no more');
create temp table loads as select * from leadgen.reference_loads;
insert into leadgen.mail_providers (domain, mailbox_domain, ignored_marks) values ('corp.example', 'corp.example', '.');
select catalog.compile_mailboxes();
delete from leadgen.reference_loads;
insert into leadgen.reference_loads select * from loads;
delete from leadgen.mail_providers where domain = 'corp.example';
create temp table loaded as select pg_relation_filenode('leadgen.idx_leads_mailbox') as node;
select catalog.compile_mailboxes();
select isnt(pg_relation_filenode('leadgen.idx_leads_mailbox'), node,
  'rows that were loaded from another database: the index is made anew, whatever they say of loads') from loaded;
drop index leadgen.idx_leads_mailbox;
select lives_ok('select catalog.compile_mailboxes()', 'compile_mailboxes: without the index');
select isnt(to_regclass('leadgen.idx_leads_mailbox'), null, 'an index that is missing is made');

-- A row by which a mailbox would have two names stops the deploy, and names what is wrong.
create function pg_temp.try_row(p_row jsonb) returns text language plpgsql as $$
declare
  v_fault text;
begin
  insert into leadgen.mail_providers
  select * from jsonb_populate_record(null::leadgen.mail_providers, '{"ignored_marks": "", "has_subdomains": false}'::jsonb || p_row);
  v_fault := testkit.fault_of('select catalog.compile_mailboxes()');
  delete from leadgen.mail_providers where domain = p_row ->> 'domain';
  return v_fault;
end;
$$;
select is(pg_temp.try_row(row_), fault, what)
from (values
  ('{"domain": "Corp.example", "mailbox_domain": "Corp.example"}'::jsonb, 'LG423 mail_providers.domain', 'a domain in capitals'),
  ('{"domain": "corp", "mailbox_domain": "corp"}', 'LG423 mail_providers.domain', 'a domain without a dot'),
  ('{"domain": "a.example", "mailbox_domain": "b.example"}', 'LG423 mail_providers.mailbox_domain', 'a mailbox domain without a row'),
  ('{"domain": "a.example", "mailbox_domain": "googlemail.com", "ignored_marks": "."}', 'LG423 mail_providers.mailbox_domain',
    'a mailbox domain that is named by another'),
  ('{"domain": "a.example", "mailbox_domain": "gmail.com"}', 'LG423 mail_providers.mailbox_domain', 'other marks than the mailbox domain'),
  ('{"domain": "a.example", "mailbox_domain": "yahoo.com"}', 'LG423 mail_providers.mailbox_domain',
    'no base mark, where the mailbox domain has one'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "ignored_marks": "+"}', 'LG423 mail_providers.ignored_marks',
    'a plus is a tag everywhere'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "ignored_marks": "x"}', 'LG423 mail_providers.ignored_marks', 'a letter counts'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "base_mark": "--"}', 'LG423 mail_providers.base_mark', 'two characters'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "base_mark": ""}', 'LG423 mail_providers.base_mark', 'no character'),
  ('{"domain": "a.example", "mailbox_domain": "icloud.com", "base_mark": "-"}', 'LG423 mail_providers.base_mark',
    'a base name and another domain'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "base_mark": "-", "ignored_marks": "."}', 'LG423 mail_providers.base_mark',
    'a base name and ignored marks'),
  ('{"domain": "a.example", "mailbox_domain": "icloud.com", "has_subdomains": true}', 'LG423 mail_providers.has_subdomains',
    'subdomains and another domain'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "has_subdomains": true, "ignored_marks": "."}',
    'LG423 mail_providers.has_subdomains', 'subdomains and ignored marks'),
  ('{"domain": "a.fastmail.com", "mailbox_domain": "a.fastmail.com", "has_subdomains": true}',
    'LG423 mail_providers.has_subdomains', 'subdomains of a subdomain'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "has_subdomains": true}', 'none', 'subdomains alone'),
  ('{"domain": "a.example", "mailbox_domain": "a.example", "base_mark": "-"}', 'none', 'a base name alone')
) as t (row_, fault, what);

-- Without any row only plus tags go.
delete from leadgen.mail_providers;
select lives_ok('select catalog.compile_mailboxes()', 'compile_mailboxes: no rows');
select is(array[ref.fold_mailbox('j.doe+x@googlemail.com'), ref.fold_mailbox('a@jdoe.fastmail.com')],
  '{j.doe@googlemail.com,a@jdoe.fastmail.com}', 'without rows only the plus tag goes');

select * from finish();
rollback;
