create or replace function leadgen.allow_erasure()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Who announces an erasure changes nothing else by it, and nothing of a lead that is not erased.
declare
  v_lead_id bigint;
  v_rest jsonb := to_jsonb(new);
begin
  if tg_table_name = 'delivery_attempts' then
    select d.lead_id into v_lead_id from leadgen.deliveries d where d.id = new.delivery_id;
    v_rest := v_rest || jsonb_build_object('reply', old.reply, 'error', old.error);
    v_lead_id := case when new.reply is null and new.error is null then v_lead_id end;
  else
    v_lead_id := case when new.candidates = leadgen.strike_out_numbers(old.candidates) then new.lead_id end;
    v_rest := v_rest || jsonb_build_object('candidates', old.candidates);
  end if;
  if v_rest <> to_jsonb(old)
    or not exists (select from leadgen.leads l where l.id = v_lead_id and l.erased_at is not null) then
    perform leadgen.refuse('LG409', format('%s is append-only: update refused', tg_table_name), p_found => 'update', p_allowed => 'insert',
      p_hint => 'leadgen.erase_lead strikes out what an erased lead left behind; nothing else changes.');
  end if;
  return new;
end;
$$;
comment on function leadgen.allow_erasure() is
  'Trigger: of a record that never changes only personal data of an erased lead may be struck out.';

create or replace trigger keep_all_but_erased before update on leadgen.delivery_attempts
  for each row execute function leadgen.allow_erasure();
create or replace trigger keep_all_but_erased before update on leadgen.lead_decisions
  for each row execute function leadgen.allow_erasure();
