-- Road: the catalogue was changed.
--
-- What must hold as soon as the change does is a guard of its table
-- (docs/decisions/2026-11-29-what-follows-an-edit.md). The rest follows here, from the rows that catalog.note_change
-- left: held leads are offered again.

create or replace function roads.follow_change()
returns integer
language plpgsql
volatile
as $$
-- One offer a call. Its changes are taken out under its lock: one that commits later is read later. An offer that
-- somebody holds keeps only its own changes waiting.
declare
  v_now constant timestamptz := leadgen.clock();
  v_steps integer;
  v_offer_id bigint;
begin
  if not catalog.has_changes() then
    return 0;
  end if;
  v_steps := (select count(*) from catalog.deal_out_changes());
  v_offer_id := market.try_lock_offer(catalog.list_changed_offers());
  if v_offer_id is not null then
    v_steps := v_steps + 1;
    perform catalog.forget_changes(v_offer_id);
    if not market.wake_held_leads(v_offer_id, v_now) then
      perform catalog.remember_offer(v_offer_id, v_now);
    end if;
  end if;
  return v_steps;
end;
$$;
comment on function roads.follow_change() is 'The work of leadgen.follow_change.';
