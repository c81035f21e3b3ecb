-- Persons, with a post or without.
select count(distinct (user_name, age, date_joined)) as persons from "user"
