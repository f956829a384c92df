# Writes OUT: one {"name", {"text", size}} row for each profile of FILES. The text is given as
# character codes, so any byte survives; the size, so that the compiler need not count.
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1\"\"" text "${hex}")
  string(APPEND rows "{\"${name}\", {\"${text}\", ${size}}},\n")
endforeach()
file(WRITE ${OUT} "${rows}")
