create or replace function leadgen.find_route(p_request leadgen.lead_request)
returns leadgen.route
language plpgsql
stable
as $$
declare
  v_source_id constant bigint := leadgen.find_source(p_request);
  v_route leadgen.route;
begin
  if v_source_id is null then
    v_route.failed_step := 'source';
    v_route.failed_reason := 'no source claims it: no API key, no known source_key, and no landing page, campaign or default source that fits';
    return v_route;
  end if;
  return leadgen.load_route(v_source_id, null);
end;
$$;
comment on function leadgen.find_route(leadgen.lead_request) is
  'Source, offer, market and policies of a submission; failed_step and failed_reason when one is missing or inactive.';
