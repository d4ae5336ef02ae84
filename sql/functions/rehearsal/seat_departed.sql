create or replace function leadgen.seat_departed(p_rehearsal leadgen.rehearsal, p_from timestamptz, p_to timestamptz)
returns leadgen.rehearsal
language plpgsql
stable
as $$
-- An enrollment that never took a lead may have been deleted; under other rules it would have taken some. Seats stay sorted.
declare
  v_rehearsal leadgen.rehearsal := p_rehearsal;
begin
  v_rehearsal.seats := array(
    select s
    from (
      select leadgen.make_seat(c.buyer_offer_id, min(c.buyer_id), min(c.timezone)) as s
      from leadgen.leads l
      join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
      cross join lateral unnest(d.candidates) c
      where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
        and c.buyer_offer_id not in (select t.buyer_offer_id from unnest(p_rehearsal.seats) t)
      group by c.buyer_offer_id
      union all
      select t from unnest(p_rehearsal.seats) t
    ) seated
    order by (seated.s).buyer_offer_id);
  return v_rehearsal;
end;
$$;
comment on function leadgen.seat_departed(leadgen.rehearsal, timestamptz, timestamptz) is
  'A rehearsal with seats for the enrollments of its period that are not there any more.';
