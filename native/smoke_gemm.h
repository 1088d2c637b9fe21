/* C = alpha*op(A)*op(B) + beta*C against a naive loop, for the element type T and the function cblas_GEMM.
 * Included once per type; both macros are undefined again at the end. */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

typedef void (*JOIN(GEMM, _function))(int order, int trans_a, int trans_b, int m, int n, int k,
                                      T alpha, const T *a, int lda, const T *b, int ldb, T beta, T *c, int ldc);

/* A matrix of small integers; the padding at the end of its rows too, or UNTOUCHED where it must survive. */
static T *JOIN(GEMM, _matrix)(int rows, int columns, int stride, int guarded)
{
    T *matrix = malloc(sizeof(T) * rows * stride);
    if (!matrix) fail(QUOTE(GEMM), "out of memory");

    for (int i = 0; i < rows * stride; i++)
        matrix[i] = guarded && i % stride >= columns ? (T)UNTOUCHED : (T)small_integer();
    return matrix;
}

/* Returns 1 when any element of C, or of the padding between its rows, is wrong. */
static int JOIN(GEMM, _case)(JOIN(GEMM, _function) gemm, int m, int n, int k, int trans_a, int trans_b, T alpha, T beta)
{
    int rows_a = trans_a ? k : m, columns_a = trans_a ? m : k, lda = columns_a + PADDING;
    int rows_b = trans_b ? n : k, columns_b = trans_b ? k : n, ldb = columns_b + PADDING;
    int ldc = n + PADDING, wrong = 0;

    T *a = JOIN(GEMM, _matrix)(rows_a, columns_a, lda, 0);
    T *b = JOIN(GEMM, _matrix)(rows_b, columns_b, ldb, 0);
    T *c = JOIN(GEMM, _matrix)(m, n, ldc, 1);
    T *expected = malloc(sizeof(T) * m * ldc);
    if (!expected) fail(QUOTE(GEMM), "out of memory");
    memcpy(expected, c, sizeof(T) * m * ldc);

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            T sum = 0;
            for (int p = 0; p < k; p++)
                sum += (trans_a ? a[p * lda + i] : a[i * lda + p]) * (trans_b ? b[j * ldb + p] : b[p * ldb + j]);
            expected[i * ldc + j] = alpha * sum + beta * expected[i * ldc + j];
        }

    gemm(ROW_MAJOR, trans_a ? TRANS : NO_TRANS, trans_b ? TRANS : NO_TRANS, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);

    for (int i = 0; i < m * ldc; i++) wrong += c[i] != expected[i];
    if (wrong)
        fprintf(stderr, "smoke: " QUOTE(GEMM) " m=%d n=%d k=%d transA=%d transB=%d alpha=%g beta=%g: %d elements wrong\n",
                m, n, k, trans_a, trans_b, (double)alpha, (double)beta, wrong);

    free(a), free(b), free(c), free(expected);
    return wrong != 0;
}

/* Every combination of sizes (one, odd, full registers, past a cache block's edge), transposes and two pairs of alpha, beta. */
static void JOIN(check_, GEMM)(void *library)
{
    static const int sizes[] = { 1, 2, 7, 16, 33, 130 };
    const int count = sizeof sizes / sizeof *sizes;
    int cases = 0, failures = 0;

    JOIN(GEMM, _function) gemm;
    void *address = require(library, "cblas_" QUOTE(GEMM));
    memcpy(&gemm, &address, sizeof gemm); /* as in text() */

    for (int i = 0; i < count * count * count * 4; i++) {
        int m = sizes[i / 4 % count], n = sizes[i / 4 / count % count], k = sizes[i / 4 / count / count];
        failures += JOIN(GEMM, _case)(gemm, m, n, k, i & 1, i >> 1 & 1, 1, 0);
        failures += JOIN(GEMM, _case)(gemm, m, n, k, i & 1, i >> 1 & 1, 2, -1);
        cases += 2;
    }

    printf(QUOTE(GEMM) ": %d products, %d wrong\n", cases, failures);
    if (failures) exit(1);
}

#undef T
#undef GEMM
#undef JOIN_
#undef JOIN
#undef QUOTE_
#undef QUOTE
