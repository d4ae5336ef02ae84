-- Road: a buyer reports what came of a lead.

create or replace function roads.report_outcome(p_assignment_id bigint, p_report jsonb, p_via text)
returns void
language plpgsql
volatile
as $$
-- Only the sale is held: nothing is sold, paid or sent because of a report.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => false);
  v_report leadgen.outcome_reports := market.read_outcome_report(v_sale, p_report, p_via, v_now);
begin
  if market.is_reported(v_report, coalesce(p_report -> 'happened_at', 'null') <> 'null') then
    return;
  end if;
  perform market.check_reportable(v_sale);
  v_report.comment := roads.keep_note(v_report.comment, v_sale);
  perform market.announce_outcome(v_sale, v_report, market.keep_outcome_report(v_report));
end;
$$;
comment on function roads.report_outcome(bigint, jsonb, text) is
  'Keeps what a buyer reports of a sale; the same report again is the same report. LG400 for what cannot be, LG409 '
  'when the sale has ended, LG404 when there is none.';

create or replace function roads.report_own_outcome(p_key_hash text, p_assignment_id bigint, p_report jsonb)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_sale constant leadgen.lead_assignments := market.find_own_sale(
    identity.authenticate_buyer(p_key_hash, 'answer'), p_assignment_id);
begin
  perform roads.report_outcome(v_sale.id, p_report, 'api');
  return market.describe_answer(v_sale.id);
end;
$$;
comment on function roads.report_own_outcome(text, bigint, jsonb) is 'The work of leadgen.report_outcome.';
