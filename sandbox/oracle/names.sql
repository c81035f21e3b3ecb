-- The names questions.md is written in.
create macro age_group(age) as case
    when age between 18 and 24 then '18-24'
    when age between 25 and 35 then '25-35'
    when age between 36 and 50 then '36-50'
    when age > 50 then '50+'
end;

create view post as select * from pin join geo using (ind) join "user" using (ind);

-- A person whose posts all lack followers has none: no median counts them.
create view person as
    select user_name, age, date_joined, max(follower_count) as follower_count from post group by all;
