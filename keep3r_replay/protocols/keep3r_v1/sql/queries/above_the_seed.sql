-- What did the helpers in force pay more than the gas was worth in ETH, by their own quote? (In ETH, by helper.)
select helper_version, count(*) as payments, sum(eth_worth) as eth_worth,
    sum(eth(gas * feed)) as eth_of_gas, sum(eth_worth - eth(gas * feed)) as above
from works where class in ('work_exact', 'work_deep', 'receipt_measured')
group by helper_version order by above desc, helper_version;
