-- Readings of the credits in storage that are not the sum of the ledger by then.
-- not of what-ifs
select r.block_number, r.contract as keep3r, r.job, r.stored, coalesce(sum(l.amount), 0) as booked
from (select distinct block_number, contract, arguments as job, value::DECIMAL(38, 0) as stored from raw.readings
        where view = '_jobLiquidityCredits' and value is not null and in_range(block_number)) r
    left join res.ledger l on l.keep3r = r.contract and l.job = r.job and l.block_number <= r.block_number
group by r.block_number, r.contract, r.job, r.stored having r.stored <> coalesce(sum(l.amount), 0);
