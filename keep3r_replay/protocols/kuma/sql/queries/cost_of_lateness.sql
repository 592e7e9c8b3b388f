-- What lateness cost over the whole history: purchases to rerun, clean cases, and excess in wei of KIBT.
with bought as (
    select * from res.late_expiries where status in ('late, bought', 'never expired, bought late')
)
select count(*) as purchases, count(*) filter (clean_strict) as clean_strict,
    count(*) filter (clean_grace) as clean_grace,
    wei(sum(excess_strict) filter (clean_strict)) as strict_clean,
    wei(sum(excess_grace) filter (clean_grace)) as grace_clean,
    wei(sum(excess_strict)) as strict_all, wei(sum(excess_grace)) as grace_all
from bought;
