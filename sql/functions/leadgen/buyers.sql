-- Facade of buyers: what they do with a sale.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.answer_sale(
  p_key_hash text,
  p_assignment_id bigint,
  p_answer text,
  p_reason text default null,
  p_note text default null,
  p_evidence jsonb default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.answer_sale(p_key_hash, p_assignment_id, p_answer, p_reason, p_note, p_evidence);
end;
$$;
comment on function leadgen.answer_sale(text, bigint, text, text, text, jsonb) is
  'The holder of a buyer''s key accepts or returns one of its sales: {assignment_id, outcome, return: {status, '
  'reason} or null}. LG401 without a key, LG404 for a sale that is not its own; see leadgen.accept_sale and '
  'roads.request_return.';

create or replace function leadgen.report_outcome(p_key_hash text, p_assignment_id bigint, p_report jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.report_own_outcome(p_key_hash, p_assignment_id, p_report);
end;
$$;
comment on function leadgen.report_outcome(text, bigint, jsonb) is
  'The holder of a buyer''s key reports what came of a lead that it bought: {stage: contacted, appointment, quoted, '
  'won or lost, happened_at, value, stars: 1 to 5, comment}; answered as by leadgen.answer_sale, with what was '
  'reported so far. The same report again is the same report. LG400 names a field that cannot be, LG401 without a '
  'key, LG404 for a sale that is not its own, LG409 when it has ended.';

create or replace function leadgen.show_sale(p_key_hash text, p_assignment_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.show_sale(p_key_hash, p_assignment_id);
end;
$$;
comment on function leadgen.show_sale(text, bigint) is
  'A sale to the holder of a buyer''s key: price, outcome, until when it may answer, its return, and the lead; lead '
  'null: the sale has ended, or the lead was erased. LG401 without a key, LG404 for a sale that is not its own.';

create or replace function leadgen.list_return_reasons()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return market.list_return_reasons();
end;
$$;
comment on function leadgen.list_return_reasons() is
  'The reasons for which a buyer may return a sale: [{code, '
  'description}], in the order in which a person is shown them.';

create or replace function leadgen.read_link(p_token text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.read_link(p_token);
end;
$$;
comment on function leadgen.read_link(text) is
  'What a link is for and whether it can still be used: kind (accept, return, report, unsubscribe), '
  'id, state, message and, of a sale, offer, time, price and the reasons for a return. '
  'Changes nothing. LG404 for anything that is no link of ours.';

create or replace function leadgen.answer_by_link(
  p_token text,
  p_reason text default null,
  p_note text default null,
  p_report jsonb default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.answer_by_link(p_token, p_reason, p_note, p_report);
end;
$$;
comment on function leadgen.answer_by_link(text, text, text, jsonb) is
  'Does what a link is for: accepts or returns the sale, reports what came of its lead, or stops e-mails to the '
  'buyer about its delivery addresses. What leadgen.read_link shows then, with outcome and return. LG404 for '
  'anything that is no link of ours; see leadgen.accept_sale and roads.request_return.';

create or replace function leadgen.accept_sale(p_assignment_id bigint)
returns leadgen.assignment_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.accept_sale(p_assignment_id);
end;
$$;
comment on function leadgen.accept_sale(bigint) is
  'The buyer takes a sale. Once accepted it stays so; LG409 when it is too late, the sale has ended or its return is '
  'being decided, LG404 when there is none.';

create or replace function leadgen.return_sale(
  p_assignment_id bigint,
  p_reason text,
  p_note text default null,
  p_evidence jsonb default null
)
returns leadgen.assignment_outcome
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.return_sale(p_assignment_id, p_reason, p_note, p_evidence);
end;
$$;
comment on function leadgen.return_sale(bigint, text, text, jsonb) is
  'The operator takes a sale back, whatever the buyer''s quota: its place is free again and the lead goes on as the '
  'policy says. Once returned it stays so; LG400 for a reason that there is not, LG409 when it is too late or the '
  'sale has ended, LG404 when there is none.';
