-- Nothing is executable or readable by PUBLIC; each role gets what its file says, and no more.
revoke all on schema leadgen, report from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
revoke all on all functions in schema leadgen from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
revoke all on all functions in schema report from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
revoke all on all tables in schema leadgen from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
revoke all on all tables in schema report from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
revoke all on all sequences in schema leadgen from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting;
alter default privileges for role leadgen_owner revoke execute on functions from public;
