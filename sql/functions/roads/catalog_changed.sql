-- Road: the catalogue was changed.
--
-- What must hold as soon as the change does is a guard of its table
-- (docs/decisions/2026-11-29-what-follows-an-edit.md). The rest follows here, from the rows that catalog.note_change
-- left: held leads are offered again, low balances are announced.

create or replace function roads.follow_change(p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- One offer a call. Its changes are taken out under its lock: one that commits later is read later. An offer that
-- somebody holds keeps only its own changes waiting.
declare
  v_change leadgen.catalog_changes;
  v_has_found boolean;
  v_offer_id bigint;
begin
  if not catalog.has_changes() then
    return false;
  end if;
  for v_change in select c.* from catalog.deal_out_changes() c order by c.id loop
    if v_change.table_name = 'buyers' then
      perform market.warn_of_balance(v_change.row_id,
        (v_change.before ->> 'balance')::numeric, (v_change.after ->> 'balance')::numeric, v_change.changed_at);
    end if;
  end loop;
  v_has_found := found;
  v_offer_id := market.try_lock_offer(catalog.list_changed_offers());
  if v_offer_id is not null then
    perform catalog.forget_changes(v_offer_id);
    if not market.wake_held_leads(v_offer_id, p_now) then
      perform catalog.remember_offer(v_offer_id, p_now);
    end if;
  end if;
  return v_has_found or v_offer_id is not null;
end;
$$;
comment on function roads.follow_change(timestamptz) is
  'Does what follows from changes of the catalogue, for one offer; false when none waits.';
