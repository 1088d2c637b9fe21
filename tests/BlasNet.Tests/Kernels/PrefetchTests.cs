using BlasNet.Kernels;

namespace BlasNet.Tests.Kernels;

[Collection(GemmSettings.Name)]
public sealed unsafe class PrefetchTests
{
    [Fact]
    public void A_job_is_done_once_or_not_at_all_while_loops_are_divided()
    {
        using var threads = new ThreadCount(3);
        int done = 0, told = 0;
        var job = new Prefetch(() => done++);
        int* runs = stackalloc int[3];
        for (int round = 1; round <= 500; round++)
        {
            job.Start();
            ComputeThreads.Run(3, &CountPart, runs);
            Thread.SpinWait(round);
            told += job.Finish() ? 1 : 0;
            Assert.Equal(told, done);
            Assert.Equal([round, round, round], new Span<int>(runs, 3).ToArray());
        }
    }

    [Fact]
    public void A_job_is_done_on_another_thread_that_meanwhile_takes_no_part_of_a_loop()
    {
        using var threads = new ThreadCount(2);
        int thread = 0;
        using var begun = new ManualResetEventSlim();
        Prefetch job = null!;
        job = new Prefetch(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            begun.Set();
            job.AwaitOwner();
        });
        StartOnFreeThread(job);
        begun.Wait(TestContext.Current.CancellationToken);

        int* runs = stackalloc int[2];
        ComputeThreads.Run(2, &CountPart, runs);   // would wait for ever, if the busy thread had to do one

        Assert.Equal([1, 1], new Span<int>(runs, 2).ToArray());
        Assert.True(job.Finish());
        Assert.NotEqual(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void With_one_thread_nobody_does_it()
    {
        using var threads = new ThreadCount(1);
        var job = new Prefetch(() => Assert.Fail("There is no other thread."));

        Assert.False(job.Start());
        Assert.False(job.Finish());
    }

    [Fact]
    public void What_is_asked_for_too_early_ends_it_and_is_told()
    {
        using var threads = new ThreadCount(2);
        bool refused = false;
        var job = new Prefetch(() => refused = Record.Exception(Prefetch.RequireNone) is InvalidOperationException);
        Prefetch.RequireNone();
        StartOnFreeThread(job);

        Assert.True(job.Finish(takeBack: false));
        Assert.True(refused);
        Assert.True(job.IsTooEarly);
    }

    // A thread that has just ended other work takes no offer for a moment.
    private static void StartOnFreeThread(Prefetch job)
    {
        while (!job.Start())
            Thread.Yield();
    }

    private static void CountPart(void* state, int part) => ((int*)state)[part]++;
}
