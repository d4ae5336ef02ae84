create or replace function leadgen.leave_history(p_seats leadgen.seat[], p_candidates leadgen.candidate[])
returns leadgen.seat[]
language plpgsql
immutable
as $$
begin
  return array(
    select case when c.buyer_offer_id is null then s else jsonb_populate_record(s, jsonb_build_object(
      'last_turn', c.last_turn, 'finish_tag', c.finish_tag, 'virtual_time', c.virtual_time)) end
    from unnest(p_seats) s
    left join unnest(p_candidates) c on c.buyer_offer_id = s.buyer_offer_id
    order by s.buyer_offer_id
  );
end;
$$;
comment on function leadgen.leave_history(leadgen.seat[], leadgen.candidate[]) is
  'Seats with the turns that history had before the first lead that comes out differently; from there on the rehearsal keeps its own.';
