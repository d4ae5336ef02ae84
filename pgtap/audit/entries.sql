-- What an entry says: who changed which row, from what to what and why; what is hidden and what is left out.
begin;
select plan(43);
create temp table ids as select testkit.open_offer('{}', 'Webb') as offer_id;
create temp view latest as select e.* from leadgen.audit_entries e order by e.id desc limit 1;
create function pg_temp.entries(p_sql text) returns text language plpgsql as $$
-- The entries that a statement makes, each as table, action, key, before and after.
declare
  v_last constant bigint := (select max(e.id) from leadgen.audit_entries e);
begin
  execute p_sql;
  return (select string_agg(concat_ws(' ', e.table_name, e.action, e.row_key, e.before, '->', e.after), '; ' order by e.id)
    from leadgen.audit_entries e where e.id > v_last);
end;
$$;

-- From what to what.
insert into leadgen.invoice_reminders (id, days_after_due, subject, message) overriding system value
values (901, 90, 'Late', 'Pay {number}');
select is(action || row_key, 'insert{"id": 901}', 'an insert is an entry, with the key of the row') from latest;
select is(after, '{"id": 901, "days_after_due": 90, "subject": "Late", "message": "Pay {number}", "is_active": true}',
  'an insert keeps the row') from latest;
select is(before, null, 'an insert has nothing before it') from latest;
select is(pg_temp.entries('update leadgen.invoice_reminders set subject = ''Very late'' where id = 901'),
  'invoice_reminders update {"id": 901} {"subject": "Late"} -> {"subject": "Very late"}', 'an update keeps the columns that changed');
select is(pg_temp.entries('update leadgen.invoice_reminders set subject = subject, is_active = true where id = 901'), null,
  'an update that changes nothing is no entry');
select is(pg_temp.entries('update leadgen.settings set updated_at = now() - interval ''1 day'''), null,
  'an update of what is left out is no entry');
select is(pg_temp.entries('delete from leadgen.invoice_reminders where id = 901')
  ~ '^invoice_reminders delete \{"id": 901\} \{.*"subject": "Very late".*\} ->$', true, 'a delete keeps the row as it was');
select is(pg_temp.entries('truncate leadgen.country_names'), 'country_names truncate ->', 'a truncate is one entry');
select is(pg_temp.entries($$insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', 'a', 1, 1),
  ('key', 'b', 2, 2)$$) ~ '"subject": "a".*; rate_limits insert \{"name": "key", "subject": "b"\}', true,
  'a statement makes an entry for each row, and a key may have several columns');
select is(pg_temp.entries('update leadgen.rate_limits set amount = amount + 10 where name = ''key'' and subject in (''a'', ''b'')'),
  'rate_limits update {"name": "key", "subject": "a"} {"amount": 1} -> {"amount": 11}; '
  'rate_limits update {"name": "key", "subject": "b"} {"amount": 2} -> {"amount": 12}',
  'each entry of a statement has the values of its own row');
select is(pg_temp.entries('update leadgen.rate_limits set subject = ''c'' where name = ''key'' and subject = ''a'''),
  'rate_limits delete {"name": "key", "subject": "a"} {"name": "key", "amount": 11, "subject": "a", "is_active": true, '
  '"per_seconds": 1} ->; rate_limits insert {"name": "key", "subject": "c"} -> {"name": "key", "amount": 11, "subject": "c", '
  '"is_active": true, "per_seconds": 1}', 'a row with another key is one that went and one that came');
select is(pg_temp.entries($$insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('key', 'c', 7, 1)
  on conflict (name, subject) do update set amount = excluded.amount$$),
  'rate_limits update {"name": "key", "subject": "c"} {"amount": 11} -> {"amount": 7}', 'an upsert is the update that it was');

-- Tables that the engine updates, too.
select is(pg_temp.entries('update leadgen.buyers set name = ''Webb & Sons'' where id = testkit.buyer(''Webb'')')
  ~ '^buyers update \{"id": \d+\} \{"name": "Webb"\} -> \{"name": "Webb & Sons"\}$', true, 'a buyer is renamed');
select is(pg_temp.entries('update leadgen.buyers set low_since = now() where id = testkit.buyer(''Webb & Sons'')'), null,
  'what the ledger and chores write of a buyer is no entry');
select is(pg_temp.entries('select testkit.submit(offer_id, ''{}'', 1) from pg_temp.ids'), null, 'a lead that is sold makes no entry');
select is(pg_temp.entries('update leadgen.endpoints set failures_in_a_row = 3'), null, 'the health of an endpoint is no entry');
select is(pg_temp.entries('update leadgen.endpoints set max_in_flight = 4 where channel = ''webhook''')
  ~ '^endpoints update \{"id": \d+\} \{"max_in_flight": 32\} -> \{"max_in_flight": 4\}$', true, 'a limit of an endpoint is');

-- What is hidden.
select is(pg_temp.entries('update leadgen.buyers set email = ''new@hidden.example'' where id = testkit.buyer(''Webb & Sons'')')
  ~ 'buyers update \{"id": \d+\} \{"email": "\(hidden\)"\} -> \{"email": "\(hidden\)"\}', true,
  'of an e-mail address only that it changed');
select is(pg_temp.entries('select leadgen.rotate_webhook_secret(testkit.buyer(''Webb & Sons''), ''1 day'')')
  ~ 'webhook_secrets update .*"secret": "\(hidden\)"', true, 'a secret that is rotated, and not which');
select is(pg_temp.entries('update leadgen.sources set api_key_hash = repeat(''a'', 64) where offer_id = (select offer_id from pg_temp.ids)')
  ~ '\{"api_key_hash": null\} -> \{"api_key_hash": "\(hidden\)"\}', true, 'that there was no key before is not hidden');
select is(pg_temp.entries(format('update leadgen.billing_settings set logo_svg = %L', repeat('x', 20001)))
  ~ '"logo_svg": \{"length": 20001, "sha256": "[0-9a-f]{64}"\}', true, 'a long value is kept by its digest');
select is_empty($$select e.id from leadgen.audit_entries e cross join leadgen.webhook_secrets s
  where concat(e.row_key, e.before, e.after) ~ 'hidden\.example|aaaaaaaa|whsec_' or strpos(concat(e.before, e.after), s.secret) > 0$$,
  'no entry has a hidden value');

-- Who and why.
select set_config('leadgen.actor', 'operator key 3', true);
select set_config('leadgen.reason', 'ticket 12', true);
set local application_name = 'psql';
select pg_temp.entries('update leadgen.settings set warn_at_percent = 70');
select is(format('%s, %s, %s', actor, reason, application_name), 'operator key 3, ticket 12, psql', 'the client says who and why')
from latest;
select is(login, session_user::text, 'the login is the session''s') from latest;
select is(transaction_id, pg_current_xact_id()::text::bigint, 'an entry names its transaction') from latest;
select ok(changed_at > now(), 'the time is the real clock''s') from latest;
select set_config('leadgen.actor', '', true);
select set_config('leadgen.reason', '', true);
set local application_name = 'leadgen buyers pause';
select pg_temp.entries('update leadgen.settings set warn_at_percent = 75');
select is(actor, 'leadgen buyers pause', 'a command is an actor by its name') from latest;
select is(reason, null, 'no reason is none') from latest;
set local application_name = 'psql';
select set_config('leadgen.actor', repeat('a', 1000), true), set_config('leadgen.reason', repeat('r', 1000), true);
select pg_temp.entries('update leadgen.settings set warn_at_percent = 80');
select is(format('%s %s', length(actor), length(reason)), '200 500', 'what the client says is bounded') from latest;
set local role leadgen_dba;
select lives_ok('update leadgen.settings set warn_at_percent = 85', 'a DBA changes a setting');
reset role;
select is(after, '{"warn_at_percent": 85}', 'what a DBA changes is an entry') from latest;

-- The session's settings change nothing.
set local timezone = 'Asia/Tokyo';
set local intervalstyle = 'sql_standard';
select is(pg_temp.entries('update leadgen.chores set pause = ''1 day 2 hours'' where name = ''settle_reports'''),
  'chores update {"name": "settle_reports"} {"pause": "00:00:00"} -> {"pause": "1 day 02:00:00"}', 'intervals are written in one way');
select is(pg_temp.entries('update leadgen.buyer_offers set pause_until = ''2026-12-24 09:00+09''
  where offer_id = (select offer_id from pg_temp.ids)')
  ~ '"pause_until": "2026-12-24T00:00:00\+00:00"', true, 'times are written in UTC');

-- By triggers alone, and for ever (FAULTS 35).
select is(testkit.fault_of(sql), fault, what)
from (values
  ('insert into leadgen.audit_entries (table_name, action) values (''offers'', ''truncate'')', 'LG409', 'nobody writes an entry'),
  ('update leadgen.audit_entries set actor = ''x''', 'LG409', 'nobody changes an entry'),
  ('delete from leadgen.audit_entries', 'LG409', 'nobody deletes an entry'),
  ('truncate leadgen.audit_entries', 'LG409', 'nobody empties the entries'),
  ('update leadgen.audit_chain set digest = sha256('''')', 'LG409', 'nobody changes a link'),
  ('delete from leadgen.audit_chain', 'LG409', 'nobody deletes a link'),
  ('truncate leadgen.audit_chain', 'LG409', 'nobody empties the chain'),
  ('update leadgen.audit_heads set position = 1', 'LG409', 'nobody changes a head'),
  ('delete from leadgen.audit_heads', 'LG409', 'nobody deletes a head'),
  ('truncate leadgen.audit_heads', 'LG409', 'nobody empties the heads')
) as t (sql, fault, what);

select * from finish();
rollback;
