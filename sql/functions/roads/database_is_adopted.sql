-- Road: a copy becomes the real database, or a database is said to be a copy.

create or replace function roads.show_adoption()
returns jsonb
language plpgsql
volatile
as $$
begin
  return (
    select jsonb_build_object(
      'is_copy', catalog.is_copy(),
      'adopted_at', a.adopted_at,
      'adopted_by', a.adopted_by,
      'deliveries', w.deliveries,
      'endpoints', w.endpoints,
      'oldest_at', w.oldest_at,
      'resends', w.resends,
      'held_leads', (select count(*) from leadgen.leads l where l.hold_until is not null))
    from outbox.measure_waiting() w
    left join leadgen.adoption a on a.id
  );
end;
$$;
comment on function roads.show_adoption() is 'The work of leadgen.show_adoption.';

create or replace function roads.adopt_database(p_parks boolean)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_waits constant jsonb := roads.show_adoption();
  v_done jsonb := '{"parked": 0, "resends_cancelled": 0}';
begin
  if not (v_waits ->> 'is_copy')::boolean then
    return null;
  end if;
  if p_parks then
    v_done := jsonb_build_object(
      'parked', outbox.park_waiting(), 'resends_cancelled', outbox.cancel_resends());
  end if;
  perform market.keep_pending_sales(leadgen.clock());
  perform catalog.record_adoption();
  perform catalog.note_action('database_adopted', 'database ' || current_database(), null,
    format('database %s is adopted; deliveries that waited: %s, parked: %s', current_database(),
      v_waits ->> 'deliveries', v_done ->> 'parked'),
    v_waits - 'is_copy' || v_done);
  perform outbox.ring_workers();
  return v_done;
end;
$$;
comment on function roads.adopt_database(boolean) is 'The work of leadgen.adopt_database.';

create or replace function roads.disown_database()
returns boolean
language plpgsql
volatile
as $$
declare
  v_was constant jsonb := roads.show_adoption();
begin
  if (v_was ->> 'is_copy')::boolean then
    return false;
  end if;
  perform catalog.forget_adoption();
  perform catalog.note_action('database_disowned', 'database ' || current_database(), null,
    format('database %s is a copy from now on: workers send nothing from it', current_database()), v_was - 'is_copy');
  return true;
end;
$$;
comment on function roads.disown_database() is 'The work of leadgen.disown_database.';
