-- Reasons for a return that the record decides: nobody has to look.

create or replace function market.judge_reason(
  p_sale leadgen.lead_assignments,
  p_reason text,
  out verdict text,
  out why text
)
language plpgsql
stable
as $$
begin
  case p_reason
    when 'duplicate' then
      why := market.find_earlier_purchase(p_sale);
      verdict := case when why is not null then 'approved' end;
    when 'out_of_area' then
      why := market.find_bought_place(p_sale);
      verdict := case when why is not null then 'refused' end;
    when 'invalid_phone' then
      select f.verdict, f.why into verdict, why from market.judge_phone(p_sale) f;
    when 'wrong_line_type' then
      select f.verdict, f.why into verdict, why from market.judge_line_type(p_sale) f;
    else
      null; -- only a person can tell
  end case;
end;
$$;
comment on function market.judge_reason(leadgen.lead_assignments, text) is
  'What the record says of a reason for a return: approved or refused, and why; null: it does not say, so an operator '
  'decides, and why may say what it does not say.';

create or replace function market.was_refused(p_sale leadgen.lead_assignments, p_reason text)
returns boolean
language plpgsql
stable
as $$
-- Else a buyer that asks again and again fills tables and operators' mailboxes.
begin
  return exists (
      select from leadgen.sale_returns r
      where r.assignment_id = p_sale.id and r.reason_code = p_reason and r.status = 'refused')
    and not market.is_approved_at_once(p_sale)
    and (market.judge_reason(p_sale, p_reason)).verdict is not distinct from 'refused';
end;
$$;
comment on function market.was_refused(leadgen.lead_assignments, text) is
  'Whether a return of a sale for this reason was refused before, and the record would refuse it again.';

create or replace function market.find_earlier_purchase(p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
-- Of the whole market place, whatever the offer: a buyer asks its own list of customers. What never reached it is none.
declare
  v_lead leadgen.leads;
  v_earlier record;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
  select a.lead_id, a.created_at, c.field into v_earlier
  from (
    select l.id, 'phone' as field from leadgen.leads l where l.phone = nullif(v_lead.phone, '')
    union all
    select l.id, 'e-mail address' from leadgen.leads l where l.email = nullif(v_lead.email, '')
  ) c
  join leadgen.lead_assignments a on a.lead_id = c.id
  where c.id <> v_lead.id and a.buyer_id = p_sale.buyer_id and a.created_at < p_sale.created_at
    and a.outcome not in ('failed', 'erased', 'lapsed')
  order by a.created_at desc, c.field desc
  limit 1;
  return case when found then
    format('it bought lead %s with the same %s at %s', v_earlier.lead_id, v_earlier.field,
      kernel.write_instant(v_earlier.created_at)) end;
end;
$$;
comment on function market.find_earlier_purchase(leadgen.lead_assignments) is
  'The lead of the same phone or e-mail address that a sale''s buyer had bought before, in words; null: none.';

create or replace function market.find_bought_place(p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
-- As the sale's decision saw it: areas may have changed since.
declare
  v_seen kernel.snapshot;
  v_place integer;
  v_postal_code constant text := (
    select l.postal_code from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id);
begin
  select (market.recall_snapshot(d, market.recall_policy(d))).* into v_seen
  from leadgen.lead_decisions d
  where d.id = p_sale.decision_id and d.market_id = p_sale.market_id;
  v_place := array_position(v_seen.enrollments, p_sale.buyer_offer_id);
  return case when v_seen.flags[v_place] & kernel.flag('in_service_area') > 0 and v_postal_code <> '' then
    format('postal code %s was in the area that it had bought', v_postal_code) end;
end;
$$;
comment on function market.find_bought_place(leadgen.lead_assignments) is
  'That a sale''s lead was in its buyer''s area, in words; null: it was not, or the lead was erased.';

create or replace function market.judge_phone(p_sale leadgen.lead_assignments, out verdict text, out why text)
returns record
language plpgsql
stable
as $$
-- A number that was valid when the lead came, and is valid still, may be out of service: a person looks. That of a
-- sealed lead is not to be read here: it is as it was when the lead came.
declare
  v_lead leadgen.leads;
  v_country text;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
  if v_lead.phone = '' then
    why := 'the lead has no phone number, or was erased';
    return;
  end if;
  v_country := coalesce((v_lead.signals).phone_country, v_lead.country_code);
  if (not v_lead.signals is null and (v_lead.signals).phone_country is null)
    or (v_lead.sealed is null and (ref.read_phone(v_lead.phone, v_country)).e164 is null) then
    verdict := 'approved';
    why := format('its phone number is no valid number of %s', v_country);
  else
    why := format('its phone number is a valid number of %s; nobody here can tell whether it is in service', v_country);
  end if;
end;
$$;
comment on function market.judge_phone(leadgen.lead_assignments) is
  'Whether a sale''s lead has a phone number that there can be: approved when not; null: an operator decides.';

create or replace function market.judge_line_type(p_sale leadgen.lead_assignments, out verdict text, out why text)
returns record
language plpgsql
stable
as $$
-- By the types that the policy of the sale named; without them any at which a person is called will do, and a person
-- decides about these.
declare
  c_callable constant text[] := '{fixed_line,mobile,voip,personal_number,uan}';
  v_lead leadgen.leads;
  v_country text;
  v_sold text[];
  v_found text[];
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_sale.lead_id and l.market_id = p_sale.market_id;
  select (market.recall_policy(d)).return_line_types into v_sold
  from leadgen.lead_decisions d
  where d.id = p_sale.decision_id and d.market_id = p_sale.market_id;
  v_country := coalesce((v_lead.signals).phone_country, v_lead.country_code);
  v_found := case
    when v_lead.sealed is null then ref.find_line_types(v_lead.phone, v_country)
    else (v_lead.signals).line_types end;
  if v_found is null or v_found = '{}' then
    why := case when v_lead.phone = '' then 'the lead has no phone number, or was erased'
      when v_found is null then format('the line types of numbers of %s are not known', v_country)
      else format('its phone number fits no line type of %s that is known', v_country) end;
    return;
  end if;
  why := format('its phone number is %s, %s', array_to_string(v_found, ' or '), case
    when v_sold is null then 'and the policy names no line types'
    else 'and ' || array_to_string(v_sold, ', ') || ' was sold' end);
  verdict := case
    when not v_found && coalesce(v_sold, c_callable) then 'approved'
    when v_found <@ v_sold then 'refused'
  end;
end;
$$;
comment on function market.judge_line_type(leadgen.lead_assignments) is
  'Whether the phone number of a sale''s lead is of a type that was sold: approved when it cannot be, refused when it '
  'is; null: it may be either, or it is not known, so an operator decides.';
