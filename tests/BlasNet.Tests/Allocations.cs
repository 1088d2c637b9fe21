namespace BlasNet.Tests;

/// <summary>What code allocates on the managed heap.</summary>
internal static class Allocations
{
    private const int Attempts = 5;

    /// <summary>Fails unless the calling thread can run some code without allocating a byte.</summary>
    /// <remarks>A collection that another thread starts counts the rest of this thread's allocation buffer, up to 8 KB, as allocated. So one run without is
    /// enough: code that allocates does it every time.</remarks>
    public static void AssertNone(Action code) => Assert.Equal(0, Least(code, GC.GetAllocatedBytesForCurrentThread));

    /// <summary>Fails unless some code can run while all threads of the process together allocate no more than the runtime does of its own.</summary>
    /// <remarks>What grows once, when threads first meet in some way, is in some runs only; what each step allocated would be in all.</remarks>
    public static void AssertNoneByAnyThread(Action code) => Assert.InRange(Least(code, () => GC.GetTotalAllocatedBytes(precise: true)), 0, 16_384);

    private static long Least(Action code, Func<long> allocated)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            long before = allocated();
            code();
            least = Math.Min(least, allocated() - before);
        }

        return least;
    }
}
