-- How is each job's pay explained: by the formula, by its own choice, not at all?
-- columns: job, class, works, paid_kp3r
select job, class, count(*) as works, kp3r(sum(payment)) as paid_kp3r
from works where explanation <> 'token_payment' group by job, class order by job, works desc, class;
