# Runs between the installation into the package's directory and the making of the package: what
# Debian wants otherwise than `cmake --install` leaves it.
find_program(gzip gzip REQUIRED)
set(root ${CPACK_TEMPORARY_DIRECTORY})
file(GLOB_RECURSE pages ${root}/*.1 ${root}/*.5 ${root}/*.7)
if(NOT pages)
  message(FATAL_ERROR "no manual page below ${root}")
endif()
execute_process(COMMAND ${gzip} -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
