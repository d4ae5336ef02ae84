-- What was sold or issued keeps what it was sold under: such rows of the catalogue are switched off, not deleted.

create or replace function catalog.keep_used()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The foreign keys that restrict would refuse it as well, but not say what to do instead. The ledger has none, for the
-- sake of sales: this alone keeps whose money it has.
declare
  v_key record;
  v_is_used boolean;
begin
  for v_key in
    select t.relname as used_by, c.conrelid::regclass::text as used_in, a.attname as by_column, r.attname as own_column,
      to_jsonb(old) ->> r.attname as value
    from pg_constraint c
    join pg_class t on t.oid = c.conrelid
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    join pg_attribute r on r.attrelid = c.confrelid and r.attnum = c.confkey[1]
    where c.contype = 'f' and c.confrelid = tg_relid and c.confdeltype = 'r'
    union all
    select 'ledger_entries', 'leadgen.ledger_entries', l.by_column, 'id', to_jsonb(old) ->> 'id'
    from (values ('buyers', 'buyer_id'), ('sources', 'source_id')) as l (party, by_column)
    where l.party = tg_table_name
    order by 1
  loop
    execute format('select exists (select from %s where %I = %L)', v_key.used_in, v_key.by_column, v_key.value)
    into v_is_used;
    if v_is_used then
      perform kernel.refuse('LG409',
        format('%s: %s %s cannot be deleted: %s refers to it',
          tg_table_name, v_key.own_column, v_key.value, v_key.used_by),
        v_key.own_column, 'in use by ' || v_key.used_by, 'a row that nothing refers to',
        format('Switch it off instead: update leadgen.%I set is_active = false where %I = %L;',
          tg_table_name, v_key.own_column, v_key.value));
    end if;
  end loop;
  return old;
end;
$$;
comment on function catalog.keep_used() is
  'Trigger: a row that a restricting foreign key refers to is not deleted; LG409 says who refers to it, and how it is'
  ' switched off.';

create or replace function catalog.keep_issued()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform kernel.refuse('LG409', format('Invoice %s cannot be deleted: it is %s', old.invoice_number, old.status),
    'status', old.status::text, 'draft',
    format('Cancel it instead: select leadgen.cancel_invoice(%L, ''why'');', old.invoice_number));
  return null;
end;
$$;
comment on function catalog.keep_issued() is 'Trigger: an invoice that was issued is not deleted.';
