create or replace function leadgen.name_sales(p_outcome jsonb, p_seats leadgen.seat[])
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('buyer_id', b.id, 'buyer', b.name, 'price', p_outcome -> 'prices' -> (w.ordinality::integer - 1))
      order by w.ordinality), '[]')
    from jsonb_array_elements_text(p_outcome -> 'seats') with ordinality as w
    join unnest(p_seats) s on s.buyer_offer_id = w.value::bigint
    join leadgen.buyers b on b.id = s.buyer_id
  );
end;
$$;
comment on function leadgen.name_sales(jsonb, leadgen.seat[]) is 'The sales of an outcome with the buyers'' names.';
