-- Road: a buyer's money runs low.

create or replace function roads.warn_of_money()
returns integer
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_buyer record;
  v_count integer := 0;
begin
  for v_buyer in select f.* from billing.find_low_buyers() f loop
    if billing.mark_low(v_buyer.buyer_id, v_buyer.is_low, v_now) then
      v_count := v_count + 1;
      if v_buyer.is_low then
        perform roads.tell_low(v_buyer.buyer_id, v_buyer.money_left, v_buyer.warned_at, v_buyer.is_credit, v_now);
      end if;
    end if;
  end loop;
  return v_count;
end;
$$;
comment on function roads.warn_of_money() is
  'Tells buyers whose money has run low, and operators; notes those with whom it is over. How many there were.';

create or replace function roads.tell_low(
  p_buyer_id bigint,
  p_money_left numeric,
  p_line numeric,
  p_is_credit boolean,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
declare
  v_days constant numeric := billing.forecast_days(p_buyer_id, p_money_left, p_now);
  v_currency constant text := (select b.currency from leadgen.buyers b where b.id = p_buyer_id);
  v_facts constant jsonb := jsonb_strip_nulls(jsonb_build_object(
    'left', p_money_left::text, 'line', round(p_line, 2)::text, 'currency', v_currency, 'days_left', v_days));
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (
    p_now, case when p_is_credit then 'credit_low' else 'balance_low' end,
    format('buyer %s at %s', p_buyer_id, kernel.write_instant(p_now)), p_buyer_id,
    format('buyer %s has %s %s%s left, less than %s%s', p_buyer_id, p_money_left, v_currency,
      case when p_is_credit then ' of its credit limit' else '' end, round(p_line, 2),
      '; at the pace of the last 7 days that lasts ' || v_days || ' days'),
    v_facts)
  on conflict on constraint events_subject_unique do nothing;
  perform outbox.queue_notice(
    p_buyer_id, case when p_is_credit then 'credit.low' else 'balance.low' end, v_facts, e.id)
  from unnest(outbox.list_notice_endpoints(p_buyer_id, 'balance.low')) e (id);
end;
$$;
comment on function roads.tell_low(bigint, numeric, numeric, boolean, timestamptz) is
  'An event for operators, and a notice to the buyer by e-mail and webhook: what is left, and for how many days.';
