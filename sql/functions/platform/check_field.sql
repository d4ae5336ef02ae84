create or replace function leadgen.check_field(
  p_field text,
  p_path text,
  p_fields text[] default null,
  p_root text default 'attributes'
)
returns void
language plpgsql
immutable
as $$
declare
  v_fields constant text[] := coalesce(p_fields, leadgen.list_fields());
  v_below constant text := p_root || '.' || coalesce(nullif(substr(p_field, strpos(p_field, '.') + 1), p_field), 'x');
begin
  if p_field <> all (v_fields) and not (starts_with(p_field, p_root || '.') and length(p_field) > length(p_root) + 1) then
    perform leadgen.refuse_choice(p_path, 'an unknown field', p_field, v_fields || v_below);
  end if;
end;
$$;
comment on function leadgen.check_field(text, text, text[], text) is
  'Raises LG423 when a name is none of the fields and not root.x; of a lead, unless told otherwise: its core fields and attributes.x.';
