-- Findings of the audit: where model and chain disagree.
-- What is only noted does not count.
-- not of what-ifs
select * from res.findings where severity <> 'notice' and in_range(block_number);
