-- Rows whose tag list is the placeholder, in the source table as it is.
select count(*) as rows_without_tags from pinterest_data where tag_list = 'N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e'
