-- Judge: each candidate passes, or loses for one named reason.
--
-- judge_candidates, find_lasting_reason, describe_reasons and rank_reason are compiled by each deploy from
-- leadgen.candidate_checks (catalog.compile_kernel): what stands here only gives them their names, rights and comments.

create or replace function kernel.flag(p_name text)
returns integer
language sql
immutable parallel safe
as $$
  select 1 << array_position(
    '{enrollment_is_active,buyer_is_active,is_reachable,in_service_area,in_schedule,has_lead,has_contact,is_prepaid,'
    'is_invoiced,is_held,is_suppressed}', p_name) - 1;
$$;
comment on function kernel.flag(text) is
  'The bit of kernel.snapshot.flags that says so of a candidate: enrollment_is_active, buyer_is_active, is_reachable '
  '(an endpoint is in use), in_service_area, in_schedule, has_lead (it had this lead already), has_contact (it bought'
  ' this contact before), is_prepaid and is_invoiced (its sales are taken from its balance, or from its credit), '
  'is_held (somebody keeps an edit of the buyer open, so nothing can be booked for it), is_suppressed (a suppression '
  'list of the buyer has the contact).';

create or replace function kernel.judge_candidates(p_snapshot kernel.snapshot, p_exclusive_buyer_id bigint)
returns text[]
language plpgsql
immutable
as $$
-- To read the compiled body, in psql: \sf kernel.judge_candidates
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.judge_candidates(kernel.snapshot, bigint) is
  'Step judge: for each candidate the first check it fails, null when it passes. With an exclusive buyer the others '
  'lose to it. Compiled from leadgen.candidate_checks.';

create or replace function kernel.find_lasting_reason(p_snapshot kernel.snapshot, p_exclusive_buyer_id bigint)
returns text
language plpgsql
immutable
as $$
-- To read the compiled body, in psql: \sf kernel.find_lasting_reason
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.find_lasting_reason(kernel.snapshot, bigint) is
  'The first check that an exclusive buyer fails and that does not pass while the lead is held; not_enrolled where it '
  'is no candidate. Null: waiting for it may help. Compiled from leadgen.candidate_checks.';

create or replace function kernel.describe_reasons(p_snapshot kernel.snapshot, p_reasons text[])
returns text[]
language plpgsql
immutable
as $$
-- To read the compiled body, in psql: \sf kernel.describe_reasons
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.describe_reasons(kernel.snapshot, text[]) is
  'Why each candidate lost, with the numbers it was judged by: "cap_day: 20 of 20, resets 2026-11-22 00:00 '
  'America/Chicago"; null: it passed. Compiled from leadgen.candidate_checks.';

create or replace function kernel.rank_reason(p_reason text)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
-- To read the compiled body, in psql: \sf kernel.rank_reason
begin
  raise 'compiled by catalog.compile_kernel';
end;
$$;
comment on function kernel.rank_reason(text) is
  'How far a candidate came that lost for a reason: the position of its check; 0: no check. Compiled from '
  'leadgen.candidate_checks.';

create or replace function kernel.describe_unsold(p_reasons text[])
returns text
language plpgsql
immutable
as $$
begin
  return (
    select coalesce(
      'no buyer could take it: ' || string_agg(format('%s %s', reason, n), ', ' order by n desc, reason),
      'no buyer is enrolled in the offer')
    from (select coalesce(r, 'taken_meanwhile') as reason, count(*) as n from unnest(p_reasons) r group by 1) counted
  );
end;
$$;
comment on function kernel.describe_unsold(text[]) is
  'Why nobody got a lead: the reasons with how many candidates each took out.';

create or replace function kernel.find_cause(
  p_snapshot kernel.snapshot,
  p_reasons text[],
  out cause text,
  out price numeric,
  out place integer
)
language plpgsql
immutable
as $$
-- The checks have an order; who failed the latest of them came nearest, at equal checks who would have paid most.
-- Whoever passed, and was not chosen, came nearest of all.
declare
  v_reason text;
  v_rank integer;
  v_best integer := -1;
begin
  for v_place in 1 .. coalesce(cardinality(p_reasons), 0) loop
    if v_rank is null or v_reason is distinct from p_reasons[v_place] then
      v_reason := p_reasons[v_place];
      v_rank := case when v_reason is null then 1000000 else kernel.rank_reason(v_reason) end;
    end if;
    if v_rank > v_best or (v_rank = v_best and coalesce(p_snapshot.prices[v_place] > coalesce(price, -1), false)) then
      v_best := v_rank;
      cause := coalesce(v_reason, 'taken_meanwhile');
      price := p_snapshot.prices[v_place];
      place := v_place;
    end if;
  end loop;
  cause := coalesce(cause, 'nobody_enrolled');
end;
$$;
comment on function kernel.find_cause(kernel.snapshot, text[]) is
  'Why a lead went unsold, in one word: the reason of the candidate that came nearest to taking it, the price that '
  'was lost with it and its place among the candidates.';

create or replace function kernel.list_lost_prices(
  p_snapshot kernel.snapshot,
  p_reasons text[],
  p_cause text,
  p_places integer
)
returns numeric[]
language plpgsql
immutable
as $$
-- They are the candidates whom the same check turned away: an earlier one would have turned them away before.
begin
  return (
    select coalesce(array_agg(c.price), '{}')
    from (
      select t.price
      from unnest(p_snapshot.prices, p_reasons) t (price, reason)
      where coalesce(t.reason, 'taken_meanwhile') = p_cause and t.price is not null
      order by t.price desc
      limit p_places
    ) c
  );
end;
$$;
comment on function kernel.list_lost_prices(kernel.snapshot, text[], text, integer) is
  'What an unsold lead would have brought if the check that is its cause (kernel.find_cause) had let everybody pass: '
  'the best prices of those whom it turned away, at most one a place.';

create or replace function kernel.describe_calling(p_calling kernel.calling)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_calling.opens_at is null then format('by the rules of %s', p_calling.rules)
    else format('by the rules of %s, opens %s', p_calling.rules, kernel.show_time(p_calling.opens_at, p_calling.zone))
  end;
end;
$$;
comment on function kernel.describe_calling(kernel.calling) is
  'By whose rules a person may not be called, and when next: "by the rules of US, US-FL, opens 2026-11-22T13:00:00Z '
  '(08:00 America/New_York)".';
