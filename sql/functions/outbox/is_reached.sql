create or replace function leadgen.is_reached(p_enrollment leadgen.buyer_offers)
returns boolean
language sql
stable
as $$
  select exists (
    select from leadgen.list_channels(p_enrollment.buyer_id) c
    join leadgen.endpoints e on e.buyer_id = p_enrollment.buyer_id and e.channel = c.channel and e.target = c.target
    where c.buyer_offer_id = p_enrollment.id and e.disabled_at is null);
$$;
comment on function leadgen.is_reached(leadgen.buyer_offers) is 'Whether any endpoint of an enrollment is in use.';
