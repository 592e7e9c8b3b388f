-- Payments by helper, day by day, and the gas that they were for.
select helper_version, cast(works.at as date) as day, count(*) as payments, sum(payment) as paid,
    min(gas) as least_gas, max(gas) as most_gas
from works where class in ('work_exact', 'work_deep', 'receipt_measured')
group by helper_version, day order by day, helper_version;
