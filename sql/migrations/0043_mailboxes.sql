-- Mail domains at which several addresses are one mailbox. The index of leads by their mailbox is made by the deploy, which
-- compiles these rows into the function that the index is of (catalog.compile_mailboxes).
create table leadgen.mail_providers (
  domain text primary key,
  mailbox_domain text not null,
  ignored_marks text not null default '',
  base_mark text,
  has_subdomains boolean not null default false
);

-- A what-if may change what a duplicate is: it looks for earlier leads anew, by how they came out in it.
alter type rehearsal.plan add attribute finds_duplicates boolean;
alter type rehearsal.play add attribute turned bigint[];
