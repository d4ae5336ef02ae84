-- What is watched: every table is in the registry, and what it must not keep is hidden.
begin;
select plan(12);
set local client_min_messages = warning;

select set_eq($$select c.relname::text from pg_class c where c.relnamespace = 'leadgen'::regnamespace and c.relkind in ('r', 'p')$$,
  'select table_name from leadgen.audit_tables', 'every table is audited, or the registry says why not');
select is_empty($$select t.table_name, n.name from leadgen.audit_tables t cross join unnest(t.hidden || t.left_out) n (name)
  where not exists (select from pg_attribute a
    where a.attrelid = format('leadgen.%I', t.table_name)::regclass and a.attname = n.name and a.attnum > 0)$$,
  'every column that the registry names is there');
select is_empty($$select t.table_name from leadgen.audit_tables t join pg_class c on c.oid = format('leadgen.%I', t.table_name)::regclass
  where t.why_not is null and c.relkind <> 'r'$$, 'no audited table has partitions, past whose triggers one could write');
select is_empty($$select t.table_name from leadgen.audit_tables t where t.why_not is null and not exists (select from pg_index i
  where i.indrelid = format('leadgen.%I', t.table_name)::regclass and i.indisprimary)$$, 'every audited table has a primary key');

-- By its name a column may be a secret or a contact; those that are not are listed here.
select set_eq($$select format('%s.%s', t.table_name, a.attname)
  from leadgen.audit_tables t
  join pg_attribute a on a.attrelid = format('leadgen.%I', t.table_name)::regclass and a.attnum > 0 and not a.attisdropped
  where t.why_not is null and a.atttypid not in ('boolean'::regtype, 'timestamptz'::regtype)
    and a.attname ~ 'secret|hash|token|password|email|phone|sms|address|url|headers|target|customer|tax_id|method_id|ip'
    and a.attname <> all (t.hidden || t.left_out)$$,
  $$select unnest('{sources.success_url,sources.error_url,billing_settings.address,billing_settings.pay_url,billing_settings.tax_id,
    policy_keys.description,candidate_checks.description,strategies.description,channels.description,channels.target_function,
    ledger_kinds.description,return_reasons.description,chores.description,retention_rules.description}'::text[])$$,
  'a column that sounds like a secret or a contact is hidden, or it is none');

-- Triggers.
select is_empty($$select w.table_name from auditing.list_watches() w where 4 <> (select count(*) from pg_trigger t
  where t.tgrelid = format('leadgen.%I', w.table_name)::regclass and t.tgname ~ '^audit_(insert|update|delete|truncate)$')$$,
  'every audited table has its four triggers');
select is_empty($$select t.tgrelid::regclass from pg_trigger t join leadgen.audit_tables a
  on t.tgrelid = format('leadgen.%I', a.table_name)::regclass where t.tgname ~ '^audit_' and a.why_not is not null$$,
  'no other table has one');
select set_eq($$select t.tgrelid::regclass::text from pg_trigger t where t.tgname = 'audit_update' and t.tgtype & 1 = 1$$,
  $$select unnest('{leadgen.buyers,leadgen.endpoints,leadgen.payment_profiles,leadgen.retention_rules,leadgen.api_keys,
    leadgen.operator_hooks}'::text[])$$,
  'tables that the engine updates are watched by row');
select is_empty($$select a.attname from pg_trigger t join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = any (t.tgattr)
  where t.tgname = 'audit_update' and t.tgrelid = 'leadgen.buyers'::regclass and a.attname in ('balance', 'receivable', 'low_since')$$,
  'the ledger''s updates of a buyer fire nothing');

select is(testkit.fault_of($$insert into leadgen.audit_tables (table_name, why_not) values ('x', ' ')$$), '23514',
  'a reason why not says something');
select is(testkit.fault_of($$insert into leadgen.audit_tables (table_name, why_not, hidden) values ('x', 'because', '{a}')$$), '23514',
  'what is not audited has no columns');
insert into leadgen.audit_tables (table_name) values ('no_such_table');
select is(testkit.fault_of('select auditing.list_triggers()'), '42P01', 'a table that is not there stops the deploy');

select * from finish();
rollback;
