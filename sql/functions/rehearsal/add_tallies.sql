create or replace function leadgen.add_tallies(p_history leadgen.tally, p_difference leadgen.tally)
returns leadgen.tally
language plpgsql
immutable
as $$
declare
  v_tally leadgen.tally := p_history;
begin
  v_tally.counts := leadgen.add_counts(p_history.counts, p_difference.counts);
  v_tally.causes := leadgen.add_counts(p_history.causes, p_difference.causes);
  v_tally.codes := leadgen.add_counts(p_history.codes, p_difference.codes);
  v_tally.days := leadgen.add_counts(p_history.days, p_difference.days);
  v_tally.seats := array(
    select jsonb_populate_record(d, jsonb_build_object('sales', coalesce(h.sales, 0) + d.sales, 'revenue', coalesce(h.revenue, 0) + d.revenue))
    from unnest(p_difference.seats) d
    left join unnest(p_history.seats) h on h.buyer_offer_id = d.buyer_offer_id
    order by d.buyer_offer_id);
  return v_tally;
end;
$$;
comment on function leadgen.add_tallies(leadgen.tally, leadgen.tally) is 'History with the differences of a rehearsal added: what the rehearsal came to.';
