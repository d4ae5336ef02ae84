create or replace function leadgen.replay_answer(p_lead_id bigint, p_hash bytea, p_key_is_derived boolean)
returns jsonb
language plpgsql
stable
as $$
declare
  v_answer jsonb;
  v_hash bytea;
begin
  select l.answer, l.request_hash into v_answer, v_hash from leadgen.leads l where l.id = p_lead_id;
  if not p_key_is_derived and v_hash <> p_hash then
    perform leadgen.refuse('LG422', 'The idempotency key was used for another lead', 'idempotency_key',
      'a key whose first lead had another body', 'the same body, or a new key');
  end if;
  return v_answer || '{"replayed": true}';
end;
$$;
comment on function leadgen.replay_answer(bigint, bytea, boolean) is
  'The answer a lead''s sender got first, marked replayed; LG422 when the same key comes with another body.';
