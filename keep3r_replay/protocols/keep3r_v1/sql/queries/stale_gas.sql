-- Who lived on gas that an older validation had measured, or on amounts that no fresh gas allows?
select job, keeper, count(*) as works, sum(payment) as paid, max(gas) as most_gas,
    sum(payment - limit_at_bound) as above_plausible
from works where class in ('work_stale', 'work_excess') group by job, keeper order by above_plausible desc, job, keeper;
