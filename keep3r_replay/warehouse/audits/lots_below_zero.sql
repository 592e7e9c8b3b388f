-- Lots from which more was taken than they held.
select job, lot, sum(amount) as amount from ledger group by job, lot having sum(amount) < 0;
