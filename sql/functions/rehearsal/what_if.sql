create or replace function leadgen.what_if(
  p_offer_id bigint,
  p_from timestamptz,
  p_to timestamptz,
  p_changes jsonb default '{}'
)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
-- history + differences. Nothing is written.
declare
  v_rehearsal leadgen.rehearsal := leadgen.read_changes(p_offer_id, p_changes);
  v_history leadgen.tally;
  v_difference leadgen.tally;
  v_rehearsed leadgen.tally;
  v_moved jsonb;
begin
  if p_from < p_to is not true or not isfinite(p_from) or not isfinite(p_to) then
    perform leadgen.refuse_value('p_from, p_to', concat_ws(' to ', p_from, p_to), 'a period that begins before it ends');
  end if;
  v_rehearsal := leadgen.seat_departed(v_rehearsal, p_from, p_to);
  v_history := leadgen.summarize_history(v_rehearsal, p_from, p_to);
  v_difference := leadgen.play_rehearsal(v_rehearsal, p_from, p_to);
  v_rehearsed := leadgen.add_tallies(v_history, v_difference);
  v_moved := leadgen.add_counts('{"other_buyer": 0, "other_price": 0, "gained": 0, "lost": 0}', v_difference.moved - 'not_sold');
  return jsonb_build_object(
    'offer_id', p_offer_id,
    'offer', (select o.name from leadgen.offers o where o.id = p_offer_id),
    'currency', v_rehearsal.currency,
    'from', p_from,
    'to', p_to,
    'changes', p_changes,
    'leads', v_difference.leads,
    'is_identical', v_difference.moved = '{}'
      and not exists (select from jsonb_each(v_difference.counts || v_difference.causes || v_difference.codes) c where c.value <> '0'),
    'actual', leadgen.report_tally(v_history),
    'simulated', leadgen.report_tally(v_rehearsed),
    'moved', v_moved || jsonb_build_object('same', v_difference.leads - (select coalesce(sum(m.value::numeric), 0) from jsonb_each_text(v_difference.moved) m)),
    'buyers', leadgen.report_buyers(v_history, v_rehearsed, p_from, p_to),
    'days', leadgen.report_days(v_history, v_rehearsed),
    'examples', leadgen.report_examples(v_difference)
  );
end;
$$;
comment on function leadgen.what_if(bigint, timestamptz, timestamptz, jsonb) is
  'An offer''s leads of a period under changes (validation, routing, pricing: keys laid over the policies; default_price_per_lead; enrollments: {id: {column: value}}; without: [buyer_id]; with: [{buyer_id, …}]) against what happened. Writes nothing. LG423 names what is wrong with the changes.';
