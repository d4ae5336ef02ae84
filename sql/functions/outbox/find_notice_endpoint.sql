create or replace function leadgen.find_notice_endpoint(p_buyer_id bigint)
returns bigint
language plpgsql
volatile
as $$
-- A buyer who takes no leads by e-mail is told of its own endpoints by e-mail all the same.
declare
  v_endpoint_id bigint;
begin
  insert into leadgen.endpoints (buyer_id, channel, target, created_at)
  select b.id, 'email', b.email, leadgen.clock()
  from leadgen.buyers b
  where b.id = p_buyer_id and b.notice_emails
    and not exists (select from leadgen.endpoints e where (e.buyer_id, e.channel, e.target) = (b.id, 'email', b.email))
  on conflict do nothing;
  select e.id into v_endpoint_id
  from leadgen.buyers b
  join leadgen.endpoints e on e.buyer_id = b.id and e.channel = 'email' and e.target = b.email
  where b.id = p_buyer_id and b.notice_emails and e.disabled_at is null;
  return v_endpoint_id;
end;
$$;
comment on function leadgen.find_notice_endpoint(bigint) is
  'The endpoint by which a buyer is told what is no lead: its e-mail address, made an endpoint if it is none; null: it wants no notices, or the endpoint is disabled.';
