-- One buyer, one currency: what it pays, owes and has left are of one kind.

create or replace function catalog.check_currency()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_other record;
begin
  if new.currency is distinct from old.currency and exists (
    select from leadgen.ledger_entries e where e.buyer_id = new.id) then
    perform kernel.refuse('LG409', format('The currency of buyer %s cannot change: its money is booked in %s', new.id,
      old.currency), 'currency', new.currency::text, old.currency::text, 'Make another buyer for the other currency.');
  end if;
  select m.currency, o.name into v_other
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  where bo.buyer_id = new.id and m.currency <> coalesce(new.currency, '')
  order by bo.id
  limit 1;
  if found and new.billing_mode <> 'none' then
    perform catalog.refuse_currency(new.id, new.currency, v_other.name, v_other.currency);
  end if;
  return new;
end;
$$;
comment on function catalog.check_currency() is
  'Trigger: a buyer whose sales are booked has the currency of all the offers it is enrolled in (LG423), and keeps it '
  'once anything is booked (LG409).';

create or replace function catalog.keep_currency()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The first enrollment gives a buyer its currency, unless somebody did.
declare
  v_offer record;
  v_buyer record;
begin
  select m.currency, o.name into v_offer
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  where o.id = new.offer_id;
  select b.currency, b.billing_mode into v_buyer from leadgen.buyers b where b.id = new.buyer_id;
  if v_buyer.currency is null then
    update leadgen.buyers b set currency = v_offer.currency where b.id = new.buyer_id and b.currency is null;
  elsif v_buyer.currency <> v_offer.currency and v_buyer.billing_mode <> 'none' then
    perform catalog.refuse_currency(new.buyer_id, v_buyer.currency, v_offer.name, v_offer.currency);
  end if;
  return new;
end;
$$;
comment on function catalog.keep_currency() is
  'Trigger: an enrollment is in an offer of its buyer''s currency (LG423), where the buyer''s sales are booked.';

create or replace function catalog.refuse_currency(
  p_buyer_id bigint,
  p_currency text,
  p_offer text,
  p_allowed text
)
returns void
language plpgsql
stable
as $$
begin
  perform kernel.refuse('LG423',
    format('Buyer %s pays in %s; offer %s is in %s', p_buyer_id, coalesce(p_currency, 'no currency'), p_offer,
      p_allowed),
    'currency', coalesce(p_currency, 'null'), p_allowed,
    'A buyer has one currency: make another buyer for this one, or set billing_mode to none.');
end;
$$;
comment on function catalog.refuse_currency(bigint, text, text, text) is
  'LG423: a buyer and an offer have different currencies.';
