namespace BlasNet.Tests;

/// <summary>What code allocates on the managed heap.</summary>
internal static class Allocations
{
    private const int Attempts = 5;

    /// <summary>Fails unless the calling thread can run some code without allocating a byte.</summary>
    /// <remarks>A collection that another thread starts counts the rest of this thread's allocation buffer, up to 8 KB, as allocated. So one run without is
    /// enough: code that allocates does it every time.</remarks>
    public static void AssertNone(Action code)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            code();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
