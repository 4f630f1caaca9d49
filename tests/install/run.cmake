# Installs the engine into a fresh prefix, then configures, builds and runs the project beside this file, with the code
# that docs/engine.md shows.
#
#   cmake -D BUILD=build/dev -P tests/install/run.cmake
cmake_path(ABSOLUTE_PATH BUILD)
set(work ${BUILD}/install_test)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The first block of docs/engine.md in a language.
function(documented language result)
  file(READ ${CMAKE_CURRENT_LIST_DIR}/../../docs/engine.md text)
  set(fence "```${language}\n")
  string(FIND "${text}" "${fence}" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "docs/engine.md has no block of ${language}")
  endif()
  string(LENGTH "${fence}" length)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${text}" ${begin} -1 text)
  string(FIND "${text}" "```" length)
  string(SUBSTRING "${text}" 0 ${length} text)
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

documented(c block)
file(WRITE ${work}/documented/documented_c.inc "${block}")
documented(cpp block)
string(FIND "${block}" "\n\n" includes_end)    # an empty line follows the includes
math(EXPR includes_end "${includes_end} + 1")
string(SUBSTRING "${block}" 0 ${includes_end} includes)
string(SUBSTRING "${block}" ${includes_end} -1 block)
file(WRITE ${work}/documented/documented_includes.h "${includes}")
file(WRITE ${work}/documented/documented_cpp.inc "${block}")

run(${CMAKE_COMMAND} --install ${BUILD} --component engine --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -G Ninja -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/build
    -D DOCUMENTED=${work}/documented
    -D CMAKE_PREFIX_PATH=${work}/prefix -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF)
run(${CMAKE_COMMAND} --build ${work}/build)
foreach(program embedder_cpp embedder_c documented_cpp documented_c)
  run(${work}/build/${program})
endforeach()
