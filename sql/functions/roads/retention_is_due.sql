-- Road: something was kept long enough. What is not kept for ever is rows of leadgen.retention_rules.
--
-- A call does one portion of one rule, so that a transaction stays short; the next goes on. Rules that go through a
-- table by id remember how far they are. Lock order: the portion of a rule is all that a call locks.

create or replace function roads.forget_old()
returns bigint
language plpgsql
volatile
as $$
declare
  v_rule leadgen.retention_rules;
  v_count bigint;
begin
  for v_rule in select r.* from leadgen.retention_rules r where r.is_active order by r.position loop
    v_count := roads.forget_portion(v_rule);
    exit when v_count > 0;
  end loop;
  return v_count;
end;
$$;
comment on function roads.forget_old() is
  'Does a portion of the first retention rule that has something to do; returns how much it looked at, 0: nothing is '
  'due.';

create or replace function roads.forget_old_of(p_name text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_rule constant leadgen.retention_rules := roads.find_retention_rule(p_name);
begin
  if not v_rule.is_active then
    perform kernel.refuse('LG409', format('The rule %s is off', p_name), 'name', p_name, 'a rule that is on',
      'Switch it on first, with the time that it keeps: leadgen retention set.');
  end if;
  return roads.forget_portion(v_rule);
end;
$$;
comment on function roads.forget_old_of(text) is 'The work of leadgen.forget_old.';

create or replace function roads.find_retention_rule(p_name text)
returns leadgen.retention_rules
language plpgsql
stable
as $$
declare
  v_rule leadgen.retention_rules;
begin
  select r.* into v_rule from leadgen.retention_rules r where r.name = p_name;
  if not found then
    perform kernel.refuse('LG404', 'There is no such retention rule', 'name', coalesce(left(p_name, 63), 'nothing'),
      (select string_agg(r.name, ', ' order by r.position) from leadgen.retention_rules r));
  end if;
  return v_rule;
end;
$$;
comment on function roads.find_retention_rule(text) is 'A retention rule by its name; LG404 for none.';

create or replace function roads.forget_portion(p_rule leadgen.retention_rules)
returns bigint
language plpgsql
volatile
as $$
-- The expressions are the deploy's (sql/seeds/retention.sql); nobody else may write them.
declare
  c_most constant integer := 1000;
  v_before constant timestamptz := leadgen.clock() - p_rule.keep;
  v_count bigint;
begin
  if p_rule.runs is not null then
    execute format('select %s()', p_rule.runs) into v_count;
  elsif p_rule.strikes is not null then
    v_count := roads.strike_out_portion(p_rule, v_before, c_most);
  else
    execute format($sql$
      delete from leadgen.%1$I x
      where x.ctid = any (array(
        select x.ctid from leadgen.%1$I x where %2$s < $1 and (%3$s) limit $2 for update skip locked))$sql$,
      p_rule.table_name, p_rule.row_time, coalesce(p_rule.condition, 'true'))
    using v_before, c_most;
    get diagnostics v_count = row_count;
  end if;
  return v_count;
end;
$$;
comment on function roads.forget_portion(leadgen.retention_rules) is
  'Deletes or strikes out at most 1,000 rows of a rule''s table; returns how many it looked at, 0: nothing is due.';

create or replace function roads.strike_out_portion(
  p_rule leadgen.retention_rules,
  p_before timestamptz,
  p_most integer
)
returns bigint
language plpgsql
volatile
as $$
-- Ids grow with time: the first row that is not due ends the portion. So does one that is not over yet, which would be
-- forgotten by the rule if it were passed. Records that never change let this through while it is announced
-- (privacy.allow_erasure).
declare
  v_done_to bigint;
  v_last bigint;
  v_count bigint;
begin
  select r.done_to into v_done_to from leadgen.retention_rules r where r.name = p_rule.name for no key update;
  execute format($sql$
    select max(p.id), count(*)
    from (
      select x.id, bool_and(coalesce(%2$s < $1 and (%3$s), false)) over (order by x.id) as is_due
      from (select * from leadgen.%1$I where id > $2 order by id limit $3) x
    ) p
    where p.is_due$sql$, p_rule.table_name, p_rule.row_time, coalesce(p_rule.condition, 'true'))
  into v_last, v_count
  using p_before, v_done_to, p_most;
  if v_count = 0 then
    return 0;
  end if;
  perform set_config('leadgen.is_erasing', 'on', true);
  execute format('update leadgen.%I x set %s where x.id > $1 and x.id <= $2 and %s',
    p_rule.table_name, (select string_agg(format('%I = null', c), ', ') from unnest(p_rule.strikes) c),
    roads.name_kept(p_rule.strikes))
  using v_done_to, v_last;
  perform set_config('leadgen.is_erasing', '', true);
  update leadgen.retention_rules r set done_to = v_last where r.name = p_rule.name;
  return v_count;
end;
$$;
comment on function roads.strike_out_portion(leadgen.retention_rules, timestamptz, integer) is
  'Makes the columns of a rule null in the next rows of its table that are due; returns how many it looked at.';

create or replace function roads.name_kept(p_columns text[])
returns text
language plpgsql
immutable
as $$
begin
  return (select format('num_nonnulls(%s) > 0', string_agg(format('x.%I', c), ', ')) from unnest(p_columns) c);
end;
$$;
comment on function roads.name_kept(text[]) is 'A condition: that something is left in one of these columns of x.';

create or replace function roads.erase_old_lead()
returns bigint
language plpgsql
volatile
as $$
-- One lead a call: it takes the lock of its offer. Those that are erased already are passed over a thousand at a time.
-- While something of the time before sealing waits for a worker, so does this.
declare
  v_rule leadgen.retention_rules;
  v_lead leadgen.leads;
  v_lead_id bigint;
  v_is_due boolean;
  v_is_erased boolean;
  v_last bigint;
begin
  select r.* into v_rule from leadgen.retention_rules r where r.name = 'leads' for no key update;
  for v_lead_id, v_is_due, v_is_erased in
    select l.id, l.created_at < leadgen.clock() - v_rule.keep, l.erased_at is not null
    from leadgen.leads l
    where l.id > v_rule.done_to
    order by l.id
    limit 1000
  loop
    exit when not v_is_due;
    v_last := v_lead_id;
    exit when not v_is_erased;
  end loop;
  if v_last is null then
    return 0;
  end if;
  if not v_is_erased and v_is_due then
    select l.* into v_lead from leadgen.leads l where l.id = v_last;
    if not intake.can_find_copies(v_lead) then
      return 0;
    end if;
    perform roads.erase_lead(v_last, format('kept for %s', v_rule.keep), null);
  end if;
  update leadgen.retention_rules r set done_to = v_last where r.name = 'leads';
  return 1;
end;
$$;
comment on function roads.erase_old_lead() is
  'Erases the next lead that is older than the retention rule leads says; returns 0 when none is.';

create or replace function roads.count_old(p_name text default null)
returns table (name text, due bigint)
language plpgsql
stable
as $$
declare
  v_rule leadgen.retention_rules;
begin
  if p_name is not null then
    perform roads.find_retention_rule(p_name);
  end if;
  for v_rule in
    select r.* from leadgen.retention_rules r where r.name = p_name or p_name is null order by r.position
  loop
    name := v_rule.name;
    execute format('select count(*) from leadgen.%I x where %s < $1 and (%s) and (%s)', v_rule.table_name,
      v_rule.row_time, coalesce(v_rule.condition, 'true'),
      case when v_rule.strikes is null then 'true' else roads.name_kept(v_rule.strikes) end)
    into due
    using leadgen.clock() - v_rule.keep;
    return next;
  end loop;
end;
$$;
comment on function roads.count_old(text) is 'The work of leadgen.count_old.';
