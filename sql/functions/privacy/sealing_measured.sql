-- How far sealing is: for `leadgen sealing status` and doctor.

create or replace function privacy.measure_sealing()
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'seals', (select s.seals from leadgen.settings s),
    'waiting', (select count(*) from leadgen.leads l where l.seal_due)
      + (select count(*) from leadgen.intake_quarantine q
        where q.seal_due or (q.digests is null and q.sealed is not null))
      + (select count(*) from leadgen.lead_fetches f
        where f.seal_due or (f.digests is null and f.sealed is not null)),
    'walks', coalesce((
      select jsonb_object_agg(w.kind, jsonb_build_object('next_id', w.next_id, 'last_id', w.last_id))
      from leadgen.sealing_walks w), '{}'),
    'wrapped_by', coalesce((
      select jsonb_object_agg(k.wrapped_by, k.keys)
      from (select d.wrapped_by, count(*) as keys from leadgen.data_keys d group by d.wrapped_by) k), '{}'),
    'retired', (select count(*) from leadgen.data_keys d where d.retired_at is not null));
end;
$$;
comment on function privacy.measure_sealing() is 'The work of leadgen.measure_sealing.';
