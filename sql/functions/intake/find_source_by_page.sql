create or replace function leadgen.find_source_by_page(p_url text)
returns bigint
language plpgsql
stable strict
as $$
begin
  return (
    select s.id
    from (
      select
        leadgen.normalize_domain(rtrim(parts[1], '.')) as hostname,
        coalesce(nullif(parts[2], ''), '/') as path
      from regexp_match(p_url, '^https?://(?:[^/?#@]*@)?([^/?#:]+)(?::[0-9]+)?([^?#]*)', 'i') parts
    ) page
    join leadgen.sources s on s.hostname = page.hostname
    where rtrim(coalesce(s.path_prefix, ''), '/') in ('', page.path)
      or starts_with(page.path, rtrim(s.path_prefix, '/') || '/')
    order by length(coalesce(s.path_prefix, '')) desc, s.is_active desc, s.id
    limit 1
  );
end;
$$;
comment on function leadgen.find_source_by_page(text) is
  'The source whose hostname and longest path prefix, on segment boundaries, cover a page: /plumb does not cover /plumbing.';
