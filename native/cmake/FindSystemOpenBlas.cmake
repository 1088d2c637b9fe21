# Finds the OpenBLAS that is installed. Only the shared library is needed: no header, no import library.
# OpenBLAS_ROOT (variable or environment) names another prefix to look in first.
set(openBlasTarget "")

if(WIN32)
  find_file(openBlasLibrary NAMES libopenblas.dll openblas.dll HINTS ENV OpenBLAS_ROOT PATHS ENV PATH PATH_SUFFIXES bin NO_CACHE)
else()
  # A distribution's runtime package has libopenblas.so.0 and leaves libopenblas.so to the development package.
  list(PREPEND CMAKE_FIND_LIBRARY_SUFFIXES ".so.0")
  find_library(openBlasLibrary NAMES openblas openblasp HINTS ENV OpenBLAS_ROOT PATHS /opt/homebrew/opt/openblas PATH_SUFFIXES lib lib64 NO_CACHE)
endif()

if(NOT openBlasLibrary)
  message(FATAL_ERROR "No OpenBLAS for ${BLASNET_RID} on this system. Install it (Debian, Ubuntu: apt-get install libopenblas0-pthread; "
    "Fedora: dnf install openblas; macOS: brew install openblas), name its prefix in OpenBLAS_ROOT, "
    "or build it: -DBLASNET_OPENBLAS=source -DBLASNET_OPENBLAS_SOURCE=<archive or directory>.")
endif()

message(STATUS "OpenBLAS of the system: ${openBlasLibrary}")
