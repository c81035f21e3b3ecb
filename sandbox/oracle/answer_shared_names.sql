-- Persons whose name another person has, too.
with persons as (select distinct user_name, age, date_joined from "user"),
bearers as (select user_name, count(*) as persons from persons group by user_name)
select coalesce(sum(persons), 0)::bigint as persons from bearers where persons > 1
