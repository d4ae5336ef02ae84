create or replace function leadgen.make_seat(p_buyer_offer_id bigint, p_buyer_id bigint, p_timezone text)
returns leadgen.seat
language plpgsql
immutable
as $$
begin
  return jsonb_populate_record(null::leadgen.seat, jsonb_build_object(
    'buyer_offer_id', p_buyer_offer_id, 'buyer_id', p_buyer_id, 'timezone', p_timezone, 'is_gone', false,
    'hour_count', 0, 'day_count', 0, 'day_spent', 0, 'week_count', 0, 'month_count', 0, 'month_spent', 0,
    'finish_tag', 0, 'virtual_time', 0, 'sales', 0, 'revenue', 0));
end;
$$;
comment on function leadgen.make_seat(bigint, bigint, text) is 'A seat with nothing changed and no difference to history.';
