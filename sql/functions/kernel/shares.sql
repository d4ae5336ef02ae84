-- Shares by weight: whose turn it is.
--
-- Strategy weighted is earliest eligible virtual deadline first (EEVDF). A buyer's next lead starts when its latest is
-- paid off (1 / weight a lead); virtual time is the mean of the passing buyers' starts by weight, so what one is ahead
-- the others are behind; of those that have started, the one that would finish first is served. That keeps every share
-- within about one lead of exact, whoever comes and goes.
--
-- Tags are sums of binary fractions: what differs by less than 1e-9 is equal, and goes to who waits longest.

create or replace function kernel.find_start_tag(
  p_finish_tag double precision,
  p_weight numeric,
  p_stored_time double precision
)
returns double precision
language sql
immutable parallel safe
as $$
  select greatest(p_finish_tag, p_stored_time - 1 / p_weight::double precision);
$$;
comment on function kernel.find_start_tag(double precision, numeric, double precision) is
  'When a candidate''s next lead starts, given the offer''s virtual time after its latest lead. Who was away is at '
  'most one lead behind, so it comes back to its share and not to a burst.';

create or replace function kernel.find_virtual_time(p_snapshot kernel.snapshot, p_reasons text[])
returns double precision
language plpgsql
immutable
as $$
declare
  v_stored constant double precision := (select max(t) from unnest(p_snapshot.virtual_times) t);
begin
  return (
    select
      sum(c.weight::double precision * kernel.find_start_tag(c.finish_tag, c.weight, v_stored))
      / sum(c.weight::double precision)
    from unnest(p_snapshot.weights, p_snapshot.finish_tags, p_reasons) as c (weight, finish_tag, reason)
    where c.reason is null
  );
end;
$$;
comment on function kernel.find_virtual_time(kernel.snapshot, text[]) is
  'The virtual time of this lead, at which at least one passing candidate may start; null when none passes.';

create or replace function kernel.share_key(
  p_finish_tag double precision,
  p_weight numeric,
  p_stored_time double precision,
  p_virtual_time double precision
)
returns double precision
language sql
immutable parallel safe
as $$
-- 1e-9 absorbs the rounding of binary fractions; 1e6 is more than any 1 / weight.
  select greatest(p_finish_tag, p_stored_time - 1 / p_weight::double precision)
    - p_virtual_time
    + 1 / p_weight::double precision
    + case
      when greatest(p_finish_tag, p_stored_time - 1 / p_weight::double precision) > p_virtual_time + 1e-9 then 1e6
      else 0
    end;
$$;
comment on function kernel.share_key(double precision, numeric, double precision, double precision) is
  'A candidate''s place under weighted: its virtual deadline; behind all others while its next lead has not started.';

create or replace function kernel.take_turns(
  p_snapshot kernel.snapshot,
  p_reasons text[],
  p_winners integer[],
  p_is_weighted boolean,
  out turns bigint[],
  out finish_tags double precision[],
  out virtual_times double precision[]
)
language plpgsql
immutable
as $$
declare
  v_turn bigint := 0;
  v_stored double precision;
  v_virtual double precision;
  v_total double precision;
  v_last_turn bigint;
  v_position integer;
begin
  foreach v_last_turn in array coalesce(p_snapshot.last_turns, '{}') loop
    v_turn := greatest(v_turn, v_last_turn);
  end loop;
  if p_is_weighted then
    v_stored := (select max(t) from unnest(p_snapshot.virtual_times) t);
    v_virtual := kernel.find_virtual_time(p_snapshot, p_reasons);
    v_total := (
      select sum(c.weight) from unnest(p_snapshot.weights, p_reasons) as c (weight, reason) where c.reason is null);
  end if;
  foreach v_position in array p_winners loop
    v_turn := v_turn + 1;
    turns := turns || v_turn;
    if p_is_weighted then
      finish_tags := finish_tags || (
        kernel.find_start_tag(p_snapshot.finish_tags[v_position], p_snapshot.weights[v_position], v_stored)
        + 1 / p_snapshot.weights[v_position]);
      v_virtual := v_virtual + 1 / v_total;
      v_stored := greatest(v_stored, v_virtual);
      virtual_times := virtual_times || v_stored;
    end if;
  end loop;
end;
$$;
comment on function kernel.take_turns(kernel.snapshot, text[], integer[], boolean) is
  'The turns that the winners have after a decision, one each: number in the offer''s sequence and, where it goes by '
  'weight, tag and virtual time; both go to their rows of usage.';
