/* Checks one OpenBLAS library file the way the .NET library uses it: loaded by its path, called through the C interface.
 *
 *     smoke <library> configuration | sgemm | dgemm
 *
 * Matrices hold small integers, so every product is exact in both precisions and in any order of summation:
 * the comparison with a naive loop is equality, without a tolerance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
static void *open_library(const char *path) { return (void *)LoadLibraryA(path); }
static void *find(void *library, const char *name) { return (void *)GetProcAddress((HMODULE)library, name); }
static const char *reason(void) { static char text[32]; snprintf(text, sizeof text, "error %lu", GetLastError()); return text; }
#else
#include <dlfcn.h>
static void *open_library(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static void *find(void *library, const char *name) { return dlsym(library, name); }
static const char *reason(void) { return dlerror(); }
#endif

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
enum { PADDING = 3, UNTOUCHED = 77 };

static void fail(const char *message, const char *detail)
{
    fprintf(stderr, "smoke: %s: %s\n", message, detail);
    exit(1);
}

static void *require(void *library, const char *name)
{
    void *address = find(library, name);
    if (!address) fail("function missing", name);
    return address;
}

static const char *text(void *library, const char *name)
{
    const char *(*get)(void);
    void *address = require(library, name);
    memcpy(&get, &address, sizeof get); /* ISO C has no cast from an object's address to a function's */
    return get();
}

static void check_configuration(void *library)
{
    const char *configuration = text(library, "openblas_get_config");

    printf("configuration: %s\ncore:          %s\n", configuration, text(library, "openblas_get_corename"));
    if (strstr(configuration, "USE64BITINT")) fail("library has 64-bit integers, BlasNet passes 32-bit ones", configuration);
}

static int small_integer(void)
{
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return (int)(state >> 16) % 9 - 4;
}

#define T float
#define GEMM sgemm
#include "smoke_gemm.h"

#define T double
#define GEMM dgemm
#include "smoke_gemm.h"

int main(int argc, char **argv)
{
    if (argc != 3) fail("usage", "smoke <library> configuration | sgemm | dgemm");

    void *library = open_library(argv[1]);
    if (!library) fail(argv[1], reason());

    if (!strcmp(argv[2], "configuration")) check_configuration(library);
    else if (!strcmp(argv[2], "sgemm")) check_sgemm(library);
    else if (!strcmp(argv[2], "dgemm")) check_dgemm(library);
    else fail("unknown check", argv[2]);
    return 0;
}
