create or replace function leadgen.warn_of_balance()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The line lies a quarter above the minimum, so that the warning comes while leads still flow.
declare
  c_margin constant numeric := 1.25;
  v_now constant timestamptz := leadgen.clock();
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  select
    v_now, 'balance_low', format('enrollment %s at %s', bo.id, v_now), o.market_id, bo.offer_id, bo.buyer_id, bo.id,
    format('enrollment %s: the balance %s nears the minimum of %s, below which it gets no lead', bo.id, new.balance, bo.min_balance_required),
    jsonb_build_object('balance', new.balance, 'minimum', bo.min_balance_required)
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  where bo.buyer_id = new.id and bo.is_active
    and new.balance < bo.min_balance_required * c_margin and old.balance >= bo.min_balance_required * c_margin
  on conflict on constraint events_subject_unique do nothing;
  return null;
end;
$$;
comment on function leadgen.warn_of_balance() is
  'Trigger: a warning event when a buyer''s balance falls near the minimum that an enrollment requires.';

create or replace trigger warn_of_balance after update of balance on leadgen.buyers
  for each row when (new.balance < old.balance) execute function leadgen.warn_of_balance();
