-- add_consent_text, find_consent_text, describe_consent_text: to which text a person agreed can be shown.
begin;
select plan(27);
select testkit.at_time('2026-11-20T16:00:00Z');
set local role leadgen_dba;
select is(leadgen.add_consent_text('tx-1', 'I agree to be called.'), encode(sha256('I agree to be called.'), 'hex'),
  'a DBA adds a text, and is told its digest');
select is(leadgen.add_consent_text('tx-1', 'I agree to be called.'), encode(sha256('I agree to be called.'), 'hex'),
  'again: nothing changes');
select throws_ok($$update leadgen.consent_texts set text = 'other'$$, '42501', null, 'a DBA does not change a text');
reset role;
select is(count(*), 1::bigint, 'there is one row a version') from leadgen.consent_texts;
select is(testkit.fault_of(sql), fault, format('%s: %s', left(sql, 70), fault))
from (values
  ($$select leadgen.add_consent_text('tx-1', 'I agree to be called!')$$, 'LG409 version'),
  ($$select leadgen.add_consent_text('', 'x')$$, 'LG400 version'),
  ($$select leadgen.add_consent_text(null, 'x')$$, 'LG400 version'),
  ($$select leadgen.add_consent_text(repeat('v', 201), 'x')$$, 'LG400 version'),
  ($$select leadgen.add_consent_text(E'a\nb', 'x')$$, 'LG400 version'),
  ($$select leadgen.add_consent_text('tx-2', ' ')$$, 'LG400 text'),
  ($$select leadgen.add_consent_text('tx-2', null)$$, 'LG400 text'),
  ($$select leadgen.add_consent_text('tx-2', repeat('x', 10001))$$, 'LG400 text'),
  ($$select leadgen.add_consent_text('tx-2', repeat('x', 10000))$$, 'none'),
  ($$update leadgen.consent_texts set text = 'other'$$, 'LG409'),
  ($$delete from leadgen.consent_texts$$, 'LG409')
) as t (sql, fault);
select is(e.row_key, '{"version": "tx-1"}', 'the audit has it') from leadgen.audit_entries e
where e.table_name = 'consent_texts' order by e.id limit 1;

select is(catalog.find_consent_text(tracking), text, format('the text of %s', tracking))
from (values
  ('{"consent_text_version": "tx-1"}'::jsonb, 'I agree to be called.'), ('{"consent_text_version": "tx-0"}', null),
  ('{"consent_text": "Call me.", "consent_text_version": "tx-1"}', 'Call me.'), ('{}', null), (null, null)
) as t (tracking, text);
create temp table ids as select testkit.open_offer('{}', 'Ace') as offer_id;
select testkit.submit(offer_id, fields, n) from ids, (values
  (1, '{"consent_text_version": "tx-1", "consent_at": "2026-11-20T15:00:00Z", "consent_certificate_id": "c-1"}'::jsonb),
  (2, '{"consent_text_version": "tx-1", "consent_text": "I agree to be called."}'),
  (3, '{"consent_text_version": "tx-1", "consent_text": "Something else."}'),
  (4, '{}')) t (n, fields);
create temp table told as
select right(l.phone, 1) as n, leadgen.explain_lead(l.id) -> 'consent' as consent, leadgen.export_holding('lead', l.id) -> 'consent' as copy
from leadgen.leads l;
select is(concat_ws(' ', consent ->> 'version_is_known', consent ->> 'text_was_sent', coalesce(consent ->> 'texts_are_the_same', 'unknown'),
  consent ->> 'has_certificate'), expected, format('explain says what can be shown: %s', expected))
from told join (values ('1', 'true false unknown true'), ('2', 'true true true false'), ('3', 'true true false false'),
  ('4', 'false false unknown false')) t (n, expected) using (n);
select is(copy ->> 'text', 'I agree to be called.', 'a person''s copy has the text') from told where n = '1';
select is(consent ? 'text', false, 'an account of the decision does not repeat the text') from told where n = '2';

select * from finish();
rollback;
