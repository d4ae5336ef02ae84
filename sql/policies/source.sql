-- A source, in a session that acts for it (leadgen.act_as_source): the views of schema for_sources, and the columns that
-- they are made of. Row-level security leaves of them the source's own rows. It handed the lead in, so nothing of the
-- person is shown to it again, and nothing of who bought it, or for what.
grant usage on schema leadgen, for_sources to leadgen_source;
grant execute on function leadgen.act_as_source(text) to leadgen_source;
grant execute on function leadgen.act_as_user(text) to leadgen_source;
grant execute on function identity.acting_source() to leadgen_source;
do $$
declare
  v_view text;
begin
  for v_view in select d.name from pg_temp.declared d where d.kind = 'table' and d.schema = 'for_sources' loop
    execute format('grant select on %s to leadgen_source', v_view);
  end loop;
end;
$$;
grant select (id, name, source_key, kind, account, is_active) on leadgen.sources to leadgen_source;
grant select (id, source_id, created_at, idempotency_key, status, validation_reason) on leadgen.leads to leadgen_source;
grant select (transaction_id, source_id, account, amount, currency) on leadgen.ledger_entries to leadgen_source;
grant select (id, booked_at, kind) on leadgen.ledger_transactions to leadgen_source;
