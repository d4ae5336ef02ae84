-- Whether an answer names buyer and price follows the source's kind where nobody chose. A form sends its visitor on.
-- The old default named them to everybody, so what a page or an embedded form has now was hardly ever chosen.
-- squawk-ignore-file constraint-missing-not-valid, ban-drop-not-null, ban-drop-default
alter table leadgen.sources
  alter column disclose_buyer drop not null,
  alter column disclose_buyer drop default,
  add column success_url varchar(2000),
  add column error_url varchar(2000);
alter table leadgen.sources
  add constraint sources_success_url_shape
    check (success_url is null or success_url ~ '^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][!-~]*)?$'),
  add constraint sources_error_url_shape
    check (error_url is null or error_url ~ '^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?([/?#][!-~]*)?$');
update leadgen.sources set disclose_buyer = null where kind <> 'partner_api' and disclose_buyer;

-- A sale keeps what its buyer is sent beside the lead. A sale of before discloses nothing, as it did.
alter type kernel.routing_settings add attribute disclosed text[];
alter table leadgen.lead_assignments add column disclosed text[];
