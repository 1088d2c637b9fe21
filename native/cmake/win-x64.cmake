# Cross-compiles for Windows with MinGW-w64, and runs the tests in Wine where that is installed; on Windows itself the compiler of
# the environment is used.
if(NOT CMAKE_HOST_WIN32)
  set(CMAKE_SYSTEM_NAME Windows)
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc)
  find_program(wine NAMES wine wine64)
  if(wine)
    set(CMAKE_CROSSCOMPILING_EMULATOR "${wine}")
  endif()
  set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
endif()
