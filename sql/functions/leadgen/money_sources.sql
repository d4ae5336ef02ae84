-- Facade of whoever pays sources: payouts and statements.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.pay_source(
  p_source_id bigint,
  p_key text,
  p_amount numeric default null,
  p_until timestamptz default null,
  p_memo text default null,
  p_provider text default 'manual',
  p_currency text default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return billing.pay_source(p_source_id, p_key, p_amount, p_until, p_memo, p_provider, p_currency);
end;
$$;
comment on function leadgen.pay_source(bigint, text, numeric, timestamptz, text, text, text) is
  'Books what a source was paid, null: all that it is owed of what was booked before p_until, null: now. The id of the '
  'transaction. LG404 without such a source, LG409 for more than it is owed; see leadgen.top_up.';

create or replace function leadgen.list_source_statement(
  p_source_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_currency text default null
)
returns table (
  booked_at timestamptz, kind text, key text, lead_id bigint, assignment_id bigint, amount numeric, balance numeric,
  currency text, memo text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from billing.list_source_statement(p_source_id, p_from, p_to, p_currency);
end;
$$;
comment on function leadgen.list_source_statement(bigint, timestamptz, timestamptz, text) is
  'What a source was owed and paid in a period, in its currency: the balance at its beginning (kind opening), what '
  'came for each sale or lead, what was taken back and paid, and the balance at its end (closing).';
