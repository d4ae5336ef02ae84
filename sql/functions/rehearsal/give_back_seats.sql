create or replace function leadgen.give_back_seats(p_seats leadgen.seat[], p_sale leadgen.lead_assignments)
returns leadgen.seat[]
language plpgsql
immutable
as $$
begin
  return array(
    select case when s.buyer_offer_id in (0, p_sale.buyer_offer_id) then leadgen.give_back_seat(s, p_sale, 1) else s end
    from unnest(p_seats) s
  );
end;
$$;
comment on function leadgen.give_back_seats(leadgen.seat[], leadgen.lead_assignments) is
  'The seats after history gave back a sale that the rehearsal had not made: its place had been taken out already.';
