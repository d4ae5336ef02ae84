-- Road: a chore is due. What workers do beside delivering is a row of leadgen.chores and a function.

create or replace function roads.list_chores()
returns table (name text, pause_seconds double precision)
language plpgsql
stable
as $$
begin
  return query
  select c.name, extract(epoch from c.pause)::double precision
  from leadgen.chores c
  where c.is_active
  order by c.position;
end;
$$;
comment on function roads.list_chores() is 'The work of leadgen.list_chores.';

create or replace function roads.run_chore(p_name text)
returns boolean
language plpgsql
volatile
as $$
-- Only what is registered can be run: the function's name is the row's. A chore that routes leads is planned like
-- submit_lead; leadgen.run_chore sets that for all of them. In a copy nothing is done: sales would lapse whose buyers
-- never heard of them.
declare
  v_chore leadgen.chores;
  v_found bigint;
begin
  select c.* into v_chore from leadgen.chores c where c.name = p_name;
  if not found then
    perform kernel.refuse('LG404', 'There is no such chore', 'name', left(p_name, 50), 'a name in leadgen.chores');
  elsif catalog.is_copy() then
    return false;
  end if;
  execute format('select %s()', v_chore.runs) into v_found;
  return case when v_chore.counts then v_found > 0 else v_found is not null end;
end;
$$;
comment on function roads.run_chore(text) is 'The work of leadgen.run_chore.';
