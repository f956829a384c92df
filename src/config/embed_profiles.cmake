# Writes OUT: one {"name", "text"} row for each profile of FILES. The text is given as character
# codes, so any byte survives.
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1\"\"" text "${hex}")
  string(APPEND rows "{\"${name}\", \"${text}\"},\n")
endforeach()
file(WRITE ${OUT} "${rows}")
