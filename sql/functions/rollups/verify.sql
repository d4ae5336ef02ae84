-- Verify: what is kept is what the rows say.

create or replace function rollups.list_broken_days()
returns table (rule text, detail text)
language plpgsql
volatile
as $$
-- Marked days are left out: views do not read them. Both sides of a difference are shown.
declare
  v_zone constant text := coalesce(current_setting('leadgen.report_zone', true), '');
  v_kept leadgen.report_zones;
begin
  for v_kept in select z.* from leadgen.report_zones z order by z.market_id, z.zone loop
    perform set_config('leadgen.report_zone', v_kept.zone, true);
    return query
    with marked as materialized (
      select k.offer_id, k.day from report.marked_days k where k.market_id = v_kept.market_id
    ),
    counted as materialized (
      select 'report_lead_days' as name, to_jsonb(d) as counted
      from unnest(array[false, true]) as c (by_campaign)
      cross join lateral rollups.count_leads(
        v_kept.market_id, v_kept.zone, '-infinity', v_kept.rolled_to, null, c.by_campaign) d
      where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
      union all
      select 'report_sale_days', to_jsonb(d)
      from rollups.count_sales(v_kept.market_id, v_kept.zone, '-infinity', v_kept.rolled_to, null) d
      where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.sold_day)
      union all
      select 'report_reason_days', to_jsonb(d)
      from rollups.count_reasons(v_kept.market_id, v_kept.zone, '-infinity', v_kept.rolled_to, null) d
      where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
    ),
    kept as materialized (
      select 'report_lead_days' as name, to_jsonb(d) as counted
      from leadgen.report_lead_days d
      where d.market_id = v_kept.market_id and d.zone = v_kept.zone and d.came_day < v_kept.rolled_to
        and not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
      union all
      select 'report_sale_days', to_jsonb(d)
      from leadgen.report_sale_days d
      where d.market_id = v_kept.market_id and d.zone = v_kept.zone and d.sold_day < v_kept.rolled_to
        and not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.sold_day)
      union all
      select 'report_reason_days', to_jsonb(d)
      from leadgen.report_reason_days d
      where d.market_id = v_kept.market_id and d.zone = v_kept.zone and d.came_day < v_kept.rolled_to
        and not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
    )
    (select x.name, format('kept: %s', x.counted)
    from (select * from kept except all select * from counted) x
    limit 100)
    union all
    (select x.name, format('counted: %s', x.counted)
    from (select * from counted except all select * from kept) x
    limit 100);
  end loop;
  perform set_config('leadgen.report_zone', v_zone, true);
end;
$$;
comment on function rollups.list_broken_days() is
  'Days that are kept for reports and differ from what their leads and sales say: what is kept, and what is counted.';
