-- Tallies: outcomes counted.

create or replace function rehearsal.count_difference(
  p_tally rehearsal.tally,
  p_seat_ids bigint[],
  p_lead_id bigint,
  p_day text,
  p_before rehearsal.outcome,
  p_after rehearsal.outcome,
  p_again kernel.decision
)
returns rehearsal.tally
language plpgsql
stable
as $$
declare
  c_most_examples constant integer := 12;
  v_tally rehearsal.tally := p_tally;
  v_sales constant integer := cardinality(p_after.seats) - cardinality(p_before.seats);
  v_revenue constant numeric := rehearsal.sum_up(p_after.prices) - rehearsal.sum_up(p_before.prices);
  v_sold constant integer := (p_after.category = 'sold')::integer - (p_before.category = 'sold')::integer;
begin
  if p_before.category <> p_after.category then
    v_tally.counts := rehearsal.add_to(rehearsal.add_to(v_tally.counts, p_before.category, -1), p_after.category, 1);
  end if;
  if v_sales <> 0 then
    v_tally.counts := rehearsal.add_to(v_tally.counts, 'sales', v_sales);
  end if;
  if v_revenue <> 0 then
    v_tally.counts := rehearsal.add_to(v_tally.counts, 'revenue', v_revenue);
    v_tally.days := rehearsal.add_to(v_tally.days, p_day || ' revenue', v_revenue);
  end if;
  if v_sold <> 0 then
    v_tally.days := rehearsal.add_to(v_tally.days, p_day || ' sold', v_sold);
  end if;
  if p_before.cause is distinct from p_after.cause or p_before.category <> p_after.category then
    v_tally := rehearsal.count_cause(rehearsal.count_cause(v_tally, p_before, -1), p_after, 1);
  end if;
  if p_before.seats = p_after.seats and p_before.prices = p_after.prices and p_before.category = p_after.category then
    return v_tally;
  end if;
  if p_before.seats <> p_after.seats or p_before.prices <> p_after.prices then
    v_tally := rehearsal.count_sales(rehearsal.count_sales(v_tally, p_seat_ids, p_before, -1), p_seat_ids, p_after, 1);
  end if;
  v_tally.moved := rehearsal.add_to(v_tally.moved, case
    when p_before.category <> 'sold' and p_after.category <> 'sold' then 'not_sold'
    when p_before.category <> 'sold' then 'gained'
    when p_after.category <> 'sold' then 'lost'
    when p_before.seats <> p_after.seats then 'other_buyer'
    else 'other_price'
  end, 1);
  if jsonb_array_length(v_tally.examples) < c_most_examples then
    v_tally.examples := v_tally.examples || jsonb_build_object(
      'lead_id', p_lead_id, 'before', to_jsonb(p_before), 'after', to_jsonb(p_after),
      'why', rehearsal.explain_difference(p_before, p_after, p_again));
  end if;
  return v_tally;
end;
$$;
comment on function rehearsal.count_difference(rehearsal.tally, bigint[], bigint, text, rehearsal.outcome, rehearsal.outcome, kernel.decision) is
  'A tally with a lead whose outcome differs from history: counted anew, classified, and kept as an example, with the reason, while there are few.';

create or replace function rehearsal.count_sales(p_tally rehearsal.tally, p_seat_ids bigint[], p_outcome rehearsal.outcome, p_sign integer)
returns rehearsal.tally
language plpgsql
immutable
as $$
declare
  v_tally rehearsal.tally := p_tally;
  v_place integer;
begin
  for v_index in 1 .. cardinality(p_outcome.seats) loop
    v_place := array_position(p_seat_ids, p_outcome.seats[v_index]);
    v_tally.seats[v_place].sales := (v_tally.seats[v_place]).sales + p_sign;
    v_tally.seats[v_place].revenue := (v_tally.seats[v_place]).revenue + p_sign * p_outcome.prices[v_index];
  end loop;
  return v_tally;
end;
$$;
comment on function rehearsal.count_sales(rehearsal.tally, bigint[], rehearsal.outcome, integer) is
  'A tally with an outcome''s sales counted (1) or taken back (-1) for their buyers.';

create or replace function rehearsal.count_cause(p_tally rehearsal.tally, p_outcome rehearsal.outcome, p_sign integer)
returns rehearsal.tally
language plpgsql
immutable
as $$
declare
  v_tally rehearsal.tally := p_tally;
begin
  if p_outcome.category = 'rejected' then
    v_tally.codes := rehearsal.add_to(v_tally.codes, p_outcome.cause, p_sign);
  elsif p_outcome.category in ('unsold', 'held') then
    v_tally.causes := rehearsal.add_to(v_tally.causes, p_outcome.cause, p_sign);
  end if;
  return v_tally;
end;
$$;
comment on function rehearsal.count_cause(rehearsal.tally, rehearsal.outcome, integer) is
  'A tally with the cause of an unsold lead, or the code of a rejected one, counted (1) or taken back (-1).';

create or replace function rehearsal.count_other_cause(
  p_tally rehearsal.tally,
  p_ids bigint[],
  p_recorded leadgen.lead_decisions,
  p_cause text,
  p_again kernel.decision
)
returns rehearsal.tally
language plpgsql
stable
as $$
declare
  v_lead leadgen.leads;
  v_before rehearsal.outcome;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_recorded.lead_id and l.market_id = p_recorded.market_id;
  v_before := rehearsal.recall_outcome(v_lead);
  if v_before.category = 'sold' then
    return p_tally;
  end if;
  return rehearsal.count_difference(
    p_tally, p_ids, v_lead.id, null, v_before, (v_before.category, p_cause, '{}', '{}')::rehearsal.outcome, p_again);
end;
$$;
comment on function rehearsal.count_other_cause(rehearsal.tally, bigint[], leadgen.lead_decisions, text, kernel.decision) is
  'A tally with a lead that is unsold as in history, but for another cause.';

create or replace function rehearsal.explain_difference(
  p_before rehearsal.outcome,
  p_after rehearsal.outcome,
  p_again kernel.decision
)
returns text
language plpgsql
stable
as $$
-- Told from who had the lead: why it is not (or not at this price) that buyer's any more. p_again without candidates: the
-- lead was never routed here.
declare
  v_place integer;
begin
  if p_after.category = 'rejected' or p_again.candidates is null then
    return concat_ws(': ', p_after.category, p_after.cause);
  elsif p_before.category <> 'sold' then
    return format('was %s, now %s', concat_ws(': ', p_before.category, p_before.cause), concat_ws(': ', p_after.category, p_after.cause));
  elsif p_before.seats = p_after.seats then
    return 'the same buyer at another price';
  end if;
  select c.ordinality into v_place
  from unnest(p_again.candidates) with ordinality as c
  where c.buyer_offer_id = any (p_before.seats) and c.buyer_offer_id <> all (p_after.seats)
  order by c.ordinality limit 1;
  return case
    when v_place is null and p_before.seats <@ p_after.seats then 'sold to more buyers'
    when v_place is null then 'its buyer is not there'
    when (p_again.verdict).reasons[v_place] is null then
      format('its buyer is ranked %s of %s', array_position((p_again.verdict).ranking, v_place), cardinality((p_again.verdict).ranking))
    else 'its buyer: ' || kernel.describe_reason(
      p_again.candidates[v_place], p_again.offer_load, (p_again.verdict).reasons[v_place], p_again.decided_at)
  end;
end;
$$;
comment on function rehearsal.explain_difference(rehearsal.outcome, rehearsal.outcome, kernel.decision) is
  'Why a rehearsal sends a lead elsewhere, in a few words with numbers: what now keeps its former buyer from it.';

create or replace function rehearsal.add_tallies(p_history rehearsal.tally, p_difference rehearsal.tally)
returns rehearsal.tally
language plpgsql
immutable
as $$
declare
  v_tally rehearsal.tally := p_history;
begin
  v_tally.counts := rehearsal.add_counts(p_history.counts, p_difference.counts);
  v_tally.causes := rehearsal.add_counts(p_history.causes, p_difference.causes);
  v_tally.codes := rehearsal.add_counts(p_history.codes, p_difference.codes);
  v_tally.days := rehearsal.add_counts(p_history.days, p_difference.days);
  v_tally.seats := array(
    select jsonb_populate_record(d, jsonb_build_object('sales', coalesce(h.sales, 0) + d.sales, 'revenue', coalesce(h.revenue, 0) + d.revenue))
    from unnest(p_difference.seats) d
    left join unnest(p_history.seats) h on h.buyer_offer_id = d.buyer_offer_id
    order by d.buyer_offer_id);
  return v_tally;
end;
$$;
comment on function rehearsal.add_tallies(rehearsal.tally, rehearsal.tally) is 'History with the differences of a rehearsal added: what the rehearsal came to.';

create or replace function rehearsal.add_counts(p_counts jsonb, p_more jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return p_counts || (
    select coalesce(jsonb_object_agg(m.key, coalesce((p_counts ->> m.key)::numeric, 0) + m.value::numeric), '{}')
    from jsonb_each_text(p_more) m);
end;
$$;
comment on function rehearsal.add_counts(jsonb, jsonb) is 'Counters by name, added up.';

create or replace function rehearsal.add_to(p_counts jsonb, p_key text, p_amount numeric)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case
    when p_key is null or p_amount = 0 then p_counts
    else p_counts || jsonb_build_object(p_key, coalesce((p_counts ->> p_key)::numeric, 0) + p_amount)
  end;
end;
$$;
comment on function rehearsal.add_to(jsonb, text, numeric) is 'Counters by name with an amount added to one of them.';

create or replace function rehearsal.sum_up(p_prices numeric[])
returns numeric
language plpgsql
immutable
as $$
begin
  return case cardinality(p_prices)
    when 0 then 0
    when 1 then p_prices[1]
    else (select sum(p) from unnest(p_prices) p)
  end;
end;
$$;
comment on function rehearsal.sum_up(numeric[]) is 'The sum of prices.';
