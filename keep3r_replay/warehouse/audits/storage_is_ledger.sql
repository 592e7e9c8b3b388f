-- Readings of the credits in storage that are not the sum of the ledger by then.
select r.block_number, r.arguments as job, r.value as stored, coalesce(sum(l.amount), 0) as booked
from raw.readings r left join res.ledger l on l.job = r.arguments and l.block_number <= r.block_number
where r.view = '_jobLiquidityCredits' and r.value is not null
group by r.block_number, r.arguments, r.value having r.value::DECIMAL(38, 0) <> coalesce(sum(l.amount), 0);
