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
    public void There_is_at_least_one_thread() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ComputeThreads.Count = 0);

    private static void CountPart(void* state, int part) => ((int*)state)[part]++;
}
