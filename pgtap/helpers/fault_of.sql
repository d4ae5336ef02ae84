-- How a statement is refused: SQLSTATE and field, DETAIL, HINT.
create or replace function testkit.fault_of(p_sql text)
returns text
language plpgsql
as $$
declare
  v_state text;
  v_detail text;
begin
  execute p_sql;
  return 'none';
exception
  when others then
    get stacked diagnostics v_state = returned_sqlstate, v_detail = pg_exception_detail;
    if v_state like 'LG%' then
      return concat_ws(' ', v_state, v_detail::jsonb ->> 'field');
    end if;
    return v_state;
end;
$$;
comment on function testkit.fault_of(text) is
  'Runs a statement and tells how it was refused: "LG400 phone" (SQLSTATE and field), "42501", or "none". A refused one leaves nothing.';

create or replace function testkit.detail_of(p_sql text)
returns jsonb
language plpgsql
as $$
declare
  v_detail text;
begin
  execute p_sql;
  return null;
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return v_detail;
end;
$$;
comment on function testkit.detail_of(text) is 'The DETAIL with which a statement is refused, as JSON; null when it is not.';

create or replace function testkit.policy_fault(p_kind text, p_body jsonb)
returns text
language plpgsql
as $$
begin
  return testkit.fault_of(format('insert into leadgen.%I (name, %I) values (''tried'', %L)', format('%s_policies', p_kind),
    case p_kind when 'routing' then 'config' else 'rules' end, p_body));
end;
$$;
comment on function testkit.policy_fault(text, jsonb) is
  'How a policy body (kind validation, routing or pricing) is refused: "LG423 rules.x", or "none" when it is taken.';

create or replace function testkit.hint_of(p_sql text)
returns text
language plpgsql
volatile
as $$
declare
  v_hint text;
begin
  execute p_sql;
  return null;
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
comment on function testkit.hint_of(text) is 'The HINT with which a statement is refused; null when it is not.';

create or replace function testkit.fault_at(p_pattern text, p_path text)
returns text
language sql
immutable
as $$
  select case when p_path is null then 'none' else format(p_pattern, p_path) end;
$$;
comment on function testkit.fault_at(text, text) is
  'What fault_of tells of a fault at this path: fault_at(''LG423 rules.%s'', ''x'') is "LG423 rules.x"; without a path it is "none".';
