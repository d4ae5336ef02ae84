create or replace function leadgen.rotate_webhook_secret(p_buyer_id bigint, p_overlap interval default '24 hours')
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- There is one place for an old secret. Rotating again while it is in use would cut off a receiver that still verifies with
-- it (and so would a second click); a secret that leaked is replaced at once, with an overlap of 0.
declare
  c_longest constant interval := '30 days';
  v_now constant timestamptz := leadgen.clock();
  v_buyer leadgen.buyers;
begin
  if p_overlap between interval '0' and c_longest is not true then
    perform leadgen.refuse('LG400', 'An overlap is no time to 30 days', 'p_overlap', coalesce(p_overlap::text, 'none'), '0 to 30 days');
  end if;
  select b.* into v_buyer from leadgen.buyers b where b.id = p_buyer_id for no key update;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such buyer', 'buyer_id', p_buyer_id::text, 'the id of a buyer');
  elsif v_buyer.previous_secret_until > v_now and p_overlap > interval '0' then
    perform leadgen.refuse('LG409', format('Buyer %s still has an old secret beside the current one', p_buyer_id), 'p_overlap',
      format('an old secret until %s', to_char(v_buyer.previous_secret_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
      'a rotation after that, or an overlap of 0', 'With an overlap of 0 both old secrets end at once.');
  end if;
  update leadgen.buyers b
  set
    webhook_secret = leadgen.make_webhook_secret(),
    previous_webhook_secret = case when p_overlap > interval '0' then b.webhook_secret end,
    previous_secret_until = case when p_overlap > interval '0' then v_now + p_overlap end
  where b.id = p_buyer_id
  returning b.* into v_buyer;
  perform leadgen.note_action('secret_rotated', format('buyer %s', p_buyer_id), p_buyer_id,
    format('buyer %s: a new webhook secret, the old one signs beside it for %s', p_buyer_id, p_overlap), '{}');
  return v_buyer.webhook_secret;
end;
$$;
comment on function leadgen.rotate_webhook_secret(bigint, interval) is
  'Gives a buyer a new webhook secret and returns it; webhooks carry a signature by the old one, too, until the overlap ends.';
