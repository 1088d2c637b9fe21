# Compiles for the C library musl (Alpine) on a machine with another one, and runs the tests with musl's own loader; on Alpine itself there is
# nothing to do. The wrapper musl-gcc knows no headers of the kernel: they are taken from the system's, after musl's.
if(NOT EXISTS /etc/alpine-release)
  set(CMAKE_C_COMPILER musl-gcc)
  set(BLASNET_C_OPTIONS -idirafter /usr/include -idirafter /usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu)
endif()
