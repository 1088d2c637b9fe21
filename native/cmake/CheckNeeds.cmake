# cmake -DLIBRARY=file -DOBJDUMP=program -P CheckNeeds.cmake
# Fails when the library needs another than the C library's parts, for it would not load on a machine that lacks that one.
if(LIBRARY MATCHES "\\.dylib$")
  execute_process(COMMAND otool -L "${LIBRARY}" OUTPUT_VARIABLE dump COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "\n\t[^ ]+" needs "${dump}")
  set(own "^\n\t(/usr/lib/libSystem|@rpath/libopenblas|.*/libopenblas)")
elseif(LIBRARY MATCHES "\\.dll$")
  execute_process(COMMAND "${OBJDUMP}" -p "${LIBRARY}" OUTPUT_VARIABLE dump COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "DLL Name: [^\r\n]+" needs "${dump}")
  set(own "(KERNEL32|msvcrt|api-ms-win-crt-.*|ucrtbase)\\.(dll|DLL)$")
else()
  execute_process(COMMAND "${OBJDUMP}" -p "${LIBRARY}" OUTPUT_VARIABLE dump COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "NEEDED +[^\n]+" needs "${dump}")
  set(own " (libc|libm|libpthread|libdl|ld-linux.*)\\.so\\.[0-9]+$")
endif()

if(NOT needs)
  message(FATAL_ERROR "${LIBRARY}: found no needed library at all, not even the C library; the check does not understand this file.")
endif()

list(FILTER needs EXCLUDE REGEX "${own}")
if(needs)
  message(FATAL_ERROR "${LIBRARY} needs more than the C library: ${needs}. Package one built from source: --openblas=source.")
endif()
