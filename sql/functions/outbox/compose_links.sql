create or replace function leadgen.compose_links(p_sale leadgen.lead_assignments, p_buyer_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
begin
  if not exists (select from leadgen.link_secrets) then
    return '{}'; -- a lead without links is better than no lead
  elsif p_sale.id is null then
    return jsonb_build_object('unsubscribe', leadgen.make_link('unsubscribe', p_buyer_id));
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'accept', case
      when p_sale.acceptance <> 'on_delivery' and p_sale.accepted_at is null and p_sale.answer_by > p_now then
        leadgen.make_link('accept', p_sale.id)
    end,
    'return', case when p_sale.return_by > p_now then leadgen.make_link('return', p_sale.id) end));
end;
$$;
comment on function leadgen.compose_links(leadgen.lead_assignments, bigint, timestamptz) is
  'Tokens of the links that go into an e-mail: to accept and to return a sale while that can be, or, where there is no sale, to hear no more.';
