create or replace function leadgen.name_day(p_lead leadgen.leads, p_timezone text)
returns text
language plpgsql
stable
as $$
begin
  return to_char(p_lead.created_at at time zone p_timezone, 'YYYY-MM-DD');
end;
$$;
comment on function leadgen.name_day(leadgen.leads, text) is 'The day, in a zone, on which a lead came in.';
