-- Lots from which more was taken than they held.
select keep3r, job, lot, sum(amount) as amount from ledger group by keep3r, job, lot having sum(amount) < 0;
