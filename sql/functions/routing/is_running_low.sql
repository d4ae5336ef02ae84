create or replace function leadgen.is_running_low(p_candidate leadgen.candidate)
returns boolean
language sql
immutable parallel safe
as $$
  select ((p_candidate.used_hour + 1) * 2 >= p_candidate.cap_hour) is true
    or ((p_candidate.used_day + 1) * 2 >= p_candidate.cap_day) is true
    or ((p_candidate.used_week + 1) * 2 >= p_candidate.cap_week) is true
    or ((p_candidate.used_month + 1) * 2 >= p_candidate.cap_month) is true
    or ((p_candidate.spent_day + p_candidate.price) * 2 >= p_candidate.budget_day) is true
    or ((p_candidate.spent_month + p_candidate.price) * 2 >= p_candidate.budget_month) is true;
$$;
comment on function leadgen.is_running_low(leadgen.candidate) is
  'Whether one more sale uses half of a cap or budget: from there on it is worth looking whether to warn.';
