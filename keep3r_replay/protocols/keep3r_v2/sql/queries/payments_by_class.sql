-- How is each job's pay explained: by the formula, by its own choice, not at all? Tokens have a row each.
-- columns: job, class, token, works, paid_kp3r, paid_in_token
select job, class, case when payment_in_token is not null then credit end as token, count(*) as works,
    sum(payment_kp3r) as paid_kp3r, wei(sum(payment_in_token)) as paid_in_token
from works group by all order by job, works desc, class, token;
