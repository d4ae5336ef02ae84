create or replace function leadgen.seat_newcomers(p_rehearsal leadgen.rehearsal, p_offer leadgen.offers, p_changes jsonb)
returns leadgen.rehearsal
language plpgsql
stable
as $$
-- A newcomer's enrollment has a number above all there are, as a new row would.
declare
  c_first_id constant bigint := 9000000000000000;
  v_rehearsal leadgen.rehearsal := p_rehearsal;
  v_price constant numeric := coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
  v_fields jsonb;
  v_number bigint;
  v_path text;
  v_buyer leadgen.buyers;
  v_candidate leadgen.candidate;
  v_seat leadgen.seat;
  v_area record;
begin
  for v_fields, v_number in
    select w.value, w.ordinality from jsonb_array_elements(p_changes -> 'with') with ordinality as w order by w.ordinality
  loop
    v_path := format('changes.with[%s]', v_number - 1);
    select b.* into v_buyer from leadgen.buyers b where b.id = (v_fields ->> 'buyer_id')::bigint;
    if not found or exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer.id and bo.buyer_id = v_buyer.id) then
      perform leadgen.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id', 'a buyer that there is and that is not enrolled in the offer');
    end if;
    if exists (select from unnest(v_rehearsal.added) a where a.buyer_id = v_buyer.id) then
      perform leadgen.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id', 'a buyer that is not in changes.with already');
    end if;
    select s.value, s.ordinality - 1 as place into v_area
    from jsonb_array_elements_text(v_fields -> 'service_areas') with ordinality s
    where leadgen.read_area(s.value, v_rehearsal.country_code) is null
    limit 1;
    if found then
      perform leadgen.refuse_value(format('%s.service_areas[%s]', v_path, v_area.place), to_json(v_area.value)::text,
        'a postal code of ' || v_rehearsal.country_code || ', a prefix ending in *, * for the whole market, or a city');
    end if;
    v_candidate := jsonb_populate_record(null::leadgen.candidate, jsonb_build_object(
      'buyer_offer_id', c_first_id + v_number, 'buyer_id', v_buyer.id, 'enrollment_is_active', true,
      'buyer_is_active', v_buyer.is_active, 'has_channel', v_buyer.webhook_url is not null or v_buyer.email_notifications or v_buyer.sms_notifications,
      'has_lead', false, 'has_contact', false, 'in_schedule', true, 'timezone', v_rehearsal.timezone,
      'used_hour', 0, 'used_day', 0, 'used_week', 0, 'used_month', 0, 'spent_day', 0, 'spent_month', 0,
      'balance', v_buyer.balance, 'priority', 1, 'weight', 1, 'finish_tag', 0, 'virtual_time', 0, 'base_price', v_price));
    v_seat := leadgen.make_seat(v_candidate.buyer_offer_id, v_buyer.id, v_rehearsal.timezone);
    v_seat.changes := jsonb_build_object('base_price', v_price) || coalesce(leadgen.translate_enrollment(v_fields, v_price, v_path), '{}');
    v_seat.tests := leadgen.compile_tests(nullif(v_fields -> 'filters', 'null'));
    v_rehearsal.seats := v_rehearsal.seats || v_seat;
    v_rehearsal.added := v_rehearsal.added || v_candidate;
    v_rehearsal.added_areas := v_rehearsal.added_areas || (
      select string_agg(leadgen.read_area(a.scope, v_rehearsal.country_code), E'\n')
      from (
        select s.value as scope from jsonb_array_elements_text(v_fields -> 'service_areas') s
        union all
        select s.scope_value from leadgen.buyer_service_areas s
        where not v_fields ? 'service_areas' and s.buyer_id = v_buyer.id and s.market_id = v_rehearsal.market_id and s.is_active
      ) a);
  end loop;
  return v_rehearsal;
end;
$$;
comment on function leadgen.seat_newcomers(leadgen.rehearsal, leadgen.offers, jsonb) is
  'Adds the buyers of "with" to a rehearsal, with the areas given, else those the buyer has in the market.';
