-- A post is handed to the source of its campaign only within one account. Where a single source posts by campaign, all
-- that its campaigns lead to is one account, as it was; where several do, an operator says whose each is.
alter table leadgen.sources add column account varchar(100)
  constraint sources_account_shape check (account is null or account ~ '^[^\s[:cntrl:]]+$');

update leadgen.sources s
set account = 'campaigns'
where (select count(*) from leadgen.source_maps p join leadgen.field_maps m on m.id = p.field_map_id
    where m.body -> 'by_campaign' = 'true') = 1
  and (exists (select from leadgen.source_campaigns c where c.source_id = s.id)
    or exists (select from leadgen.source_maps p join leadgen.field_maps m on m.id = p.field_map_id
      where p.source_id = s.id and m.body -> 'by_campaign' = 'true'));

comment on column leadgen.sources.account is
  'Whose source it is, in a word of the operator''s own. A post is handed to the source of its campaign only within '
  'one account; null: the source is an account by itself.';
