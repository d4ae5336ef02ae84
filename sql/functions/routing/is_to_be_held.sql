create or replace function leadgen.is_to_be_held(p_settings leadgen.routing_settings, p_verdict leadgen.verdict)
returns boolean
language sql
immutable parallel safe
as $$
  select 'hold' = case when p_verdict.exclusive_buyer_id is null then p_settings.on_no_buyer else p_settings.when_unavailable end;
$$;
comment on function leadgen.is_to_be_held(leadgen.routing_settings, leadgen.verdict) is
  'Whether a lead that nobody could take is offered again: on_no_buyer says so, or when_unavailable while its exclusive buyer binds.';
