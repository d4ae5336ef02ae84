create or replace function leadgen.find_start_tag(p_finish_tag double precision, p_weight numeric, p_stored_time double precision)
returns double precision
language sql
immutable parallel safe
as $$
  select greatest(p_finish_tag, p_stored_time - 1 / p_weight::double precision);
$$;
comment on function leadgen.find_start_tag(double precision, numeric, double precision) is
  'Strategy weighted: when a candidate''s next lead starts, given the offer''s virtual time after its latest lead. Who was away is at most one lead behind, so it comes back to its share and not to a burst.';
