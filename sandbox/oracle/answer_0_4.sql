-- Rows of the source table whose tag list is the placeholder.
select coalesce(sum(rows_without_tags), 0)::bigint as rows_without_tags from rows_without_tags
