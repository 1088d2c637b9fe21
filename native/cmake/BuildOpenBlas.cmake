# Builds OpenBLAS with its own makefiles from a release archive or an unpacked source directory.
# Only the C interface to BLAS is built: no Fortran, no LAPACK, so that the library needs nothing but the C library.
get_filename_component(given "${BLASNET_OPENBLAS_SOURCE}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/..")

if(BLASNET_OPENBLAS_SOURCE STREQUAL "" OR NOT EXISTS "${given}")
  message(FATAL_ERROR "BLASNET_OPENBLAS_SOURCE is '${BLASNET_OPENBLAS_SOURCE}'; it must be an OpenBLAS source archive or directory.")
endif()

find_program(makeProgram NAMES gmake make mingw32-make NO_CACHE)
if(NOT makeProgram)
  message(FATAL_ERROR "Building OpenBLAS from source needs make; none found.")
endif()

# The build folder is named after the source: another archive is another folder, the same one continues where it stopped.
if(IS_DIRECTORY "${given}")
  string(SHA256 sourceHash "${given}")
  string(SUBSTRING "${sourceHash}" 0 12 sourceHash)
  set(unpacked "${CMAKE_CURRENT_BINARY_DIR}/openblas-${sourceHash}")
  file(COPY "${given}/" DESTINATION "${unpacked}" PATTERN ".git" EXCLUDE) # keeps time stamps, so make rebuilds what changed
else()
  file(SHA256 "${given}" sourceHash)
  string(SUBSTRING "${sourceHash}" 0 12 sourceHash)
  set(unpacked "${CMAKE_CURRENT_BINARY_DIR}/openblas-${sourceHash}")
  if(NOT EXISTS "${unpacked}.unpacked")
    message(STATUS "Unpacking ${given}")
    file(REMOVE_RECURSE "${unpacked}")
    file(ARCHIVE_EXTRACT INPUT "${given}" DESTINATION "${unpacked}")
    file(TOUCH "${unpacked}.unpacked")
  endif()
endif()

# A release archive has one top folder.
file(GLOB_RECURSE rules "${unpacked}/Makefile.rule")
list(LENGTH rules ruleCount)
if(NOT ruleCount EQUAL 1)
  message(FATAL_ERROR "${given} is not an OpenBLAS source: it must contain one Makefile.rule, and contains ${ruleCount}.")
endif()
get_filename_component(openBlasRoot "${rules}" DIRECTORY)

list(JOIN BLASNET_C_OPTIONS " " compilerOptions) # of the toolchain file, if it has any
string(STRIP "${CMAKE_C_COMPILER} ${compilerOptions}" compiler)
set(makeVariables
  NOFORTRAN=1 NO_LAPACK=1 NO_LAPACKE=1 ONLY_CBLAS=1 BUILD_SINGLE=1 BUILD_DOUBLE=1
  USE_THREAD=1 NUM_THREADS=64 NO_AFFINITY=1 "CC=${compiler}" "COMMON_OPT=-O2 -w") # -w: its warnings are not ours to mend

# The processors whose kernels are built in. Newer ones of the same family take the nearest: Zen takes HASWELL's.
if(BLASNET_RID MATCHES "x64$")
  list(APPEND makeVariables TARGET=GENERIC DYNAMIC_ARCH=1 "DYNAMIC_LIST=HASWELL SKYLAKEX")
elseif(APPLE)
  list(APPEND makeVariables TARGET=VORTEX)
else()
  list(APPEND makeVariables TARGET=ARMV8)
endif()

if(CMAKE_CROSSCOMPILING)
  list(APPEND makeVariables HOSTCC=cc CROSS=1 "AR=${CMAKE_AR}" "RANLIB=${CMAKE_RANLIB}")
endif()
if(WIN32)
  # Its thread pool for Windows does not compile without the complex types; MinGW's libgcc would be one more library to ship.
  list(APPEND makeVariables OSNAME=WINNT BUILD_COMPLEX=1 BUILD_COMPLEX16=1 LDFLAGS=-static-libgcc)
endif()

cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
string(REGEX REPLACE "\\.0$" "" linkName "${libraryName}")
set(openBlasLibrary "${openBlasRoot}/${linkName}")

# Always asks make, which knows best what is out of date; MAKEFLAGS of an outer make would disturb it.
add_custom_target(openblas
  COMMAND ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS --unset=MAKELEVEL --unset=MFLAGS
    "${makeProgram}" -s -j${cores} -C "${openBlasRoot}" ${makeVariables} libs shared
  BYPRODUCTS "${openBlasLibrary}"
  COMMENT "Building OpenBLAS in ${openBlasRoot} (about two minutes on two cores, ten for win-x64)"
  USES_TERMINAL VERBATIM)
set(openBlasTarget openblas)
