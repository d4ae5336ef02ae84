create or replace function leadgen.is_email(p_email text)
returns boolean
language sql
immutable parallel safe
as $$
  select length(p_email) <= 200
    and p_email ~ '^[^\s@"(),:;<>\[\]\\[:cntrl:]]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$'
    and p_email !~ '(^\.|\.\.|\.@)';
$$;
comment on function leadgen.is_email(text) is 'Whether a normalised address is well-formed: one @, a local part without quotes, a domain with a dot.';
