using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

[Collection(GemmSettings.Name)]
public sealed unsafe class ComputeThreadsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_part_runs_once_whether_workers_are_awake_or_asleep(int parts)
    {
        int* runs = stackalloc int[8];

        for (int round = 1; round <= 300; round++)
        {
            ComputeThreads.Run(parts, &CountPart, runs);
            Assert.Equal(Enumerable.Repeat(round, parts), new Span<int>(runs, parts).ToArray());

            // Now and then for longer than a worker looks for work, now and then for about as long.
            if (round % 50 == 0)
                Thread.Sleep(2);
            else if (round % 7 == 0)
                Thread.SpinWait(round * 20);
        }
    }

    [Fact]
    public void Callers_that_find_the_pool_taken_compute_their_parts_themselves()
    {
        Parallel.For(0, 8, _ =>
        {
            int* runs = stackalloc int[3];

            for (int round = 1; round <= 200; round++)
            {
                ComputeThreads.Run(3, &CountPart, runs);
                Assert.Equal([round, round, round], new Span<int>(runs, 3).ToArray());
            }
        });
    }

    [Fact]
    public void A_part_that_is_divided_again_runs_its_own_parts_and_every_part_runs_once()
    {
        int* runs = stackalloc int[5];
        for (int round = 0; round < 20; round++)
        {
            new Span<int>(runs, 5).Clear();
            ComputeThreads.Run(2, &DivideAgain, runs);

            Assert.Equal([1, 1, 1, 1, 1], new Span<int>(runs, 5).ToArray());
        }
    }

    // The caller's part is divided while the other thread has its own, which ends after the caller's inner parts.
    private static void DivideAgain(void* state, int part)
    {
        int* runs = (int*)state;
        if (part == 0)
        {
            SpinWait.SpinUntil(() => Volatile.Read(ref runs[4]) > 0, TimeSpan.FromSeconds(30));
            ComputeThreads.Run(2, &CountPart, runs + 2);
        }
        else
        {
            Interlocked.Increment(ref runs[4]);
            SpinWait.SpinUntil(() => Volatile.Read(ref runs[3]) > 0, TimeSpan.FromSeconds(30));
        }

        Interlocked.Increment(ref runs[part]);
    }

    private static void CountPart(void* state, int part) => ((int*)state)[part]++;
}
