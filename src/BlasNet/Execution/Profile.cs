using System.Diagnostics;
using BlasNet.Execution;
using BlasNet.Kernels;

namespace BlasNet;

/// <summary>The kernels of one operator.</summary>
/// <param name="Operator">Its name, as plans print it; chains of element-wise operators that are computed in one sweep have a name of their
/// own.</param>
/// <param name="Time">Of all launches. That of a scan is what it takes besides the kernels that it runs.</param>
/// <param name="Launches">How many.</param>
public sealed record KernelTime(string Operator, TimeSpan Time, long Launches);

/// <summary>Where the time of steps or evaluations goes: phase by phase and, where it is asked for, operator by operator.</summary>
/// <remarks>
/// Set as the profile of a trainer or an evaluator it takes in every step or run from then on; one object may be set at several, and read
/// at any time. Phases are those of the calling thread, the first of several workers; kernels, launches and products are those of all.
/// </remarks>
/// <example><code>
/// trainer.Profile = new Profile();
/// trainer.Epoch(examples);
/// Console.WriteLine(trainer.Profile);
/// </code></example>
public sealed partial class Profile
{
    private readonly Lock _gate = new();
    private readonly PhaseTimes _times = new();
    private readonly Stack<PhaseTimes> _unused = [];   // of runs that have ended, so that a step allocates nothing
    private long _runs, _elapsed, _gemmCalls, _gemvCalls, _peakBytes;
    private int _largestPass;

    /// <param name="timesKernels">Whether to time every launch, which takes about 0.1 µs each; if not, phases and counts are there
    /// alone.</param>
    public Profile(bool timesKernels = true) => TimesKernels = timesKernels;

    /// <summary>Whether every launch is timed.</summary>
    public bool TimesKernels { get; }

    /// <summary>Steps or runs taken in; those that ended with an error are not.</summary>
    public long Runs => Read(() => _runs);

    /// <summary>Time of these, from their beginning to their end.</summary>
    public TimeSpan Elapsed => Time(() => _elapsed);

    /// <summary>Building the examples' graphs: the loss function, or the function that is evaluated.</summary>
    public TimeSpan Build => Time(() => _times.Build);

    /// <summary>Merging nodes into stacks.</summary>
    public TimeSpan Batch => Time(() => _times.Batch);

    /// <summary>Appending the gradient.</summary>
    public TimeSpan Differentiate => Time(() => _times.Differentiate);

    /// <summary>Leaving out what no output needs, fusing, finding a plan seen before, assigning memory.</summary>
    public TimeSpan Plan => Time(() => _times.Simplify + _times.Plan);

    /// <summary>Running kernels.</summary>
    public TimeSpan Execute => Time(() => _times.Execute);

    /// <summary>Adding up the workers' gradients and updating the parameters.</summary>
    public TimeSpan Update => Time(() => _times.Update);

    /// <summary>Exchanging with other ranks, and waiting for them.</summary>
    public TimeSpan Communicate => Time(() => _times.Communicate);

    /// <summary>Passes whose plan was found.</summary>
    public long PlansFound => Read(() => _times.PlansFound);

    /// <summary>Launches of kernels.</summary>
    public long Launches => Read(() => _times.Launches);

    /// <summary>Bytes that gathers have copied.</summary>
    public long CopiedBytes => Read(() => _times.CopiedBytes);

    /// <summary>Matrix products with stacks of two or more rows that this process has computed meanwhile.</summary>
    public long GemmCalls => Read(() => _gemmCalls);

    /// <summary>Matrix products with a single row that this process has computed meanwhile.</summary>
    public long GemvCalls => Read(() => _gemvCalls);

    /// <summary>The most bytes of values and gradients that a pass needed at once.</summary>
    public long PeakBytes => Read(() => _peakBytes);

    /// <summary>Examples of the largest pass.</summary>
    public int LargestPass => (int)Read(() => _largestPass);

    /// <summary>Begins a step or a run.</summary>
    /// <param name="times">Of the calling thread.</param>
    internal Moment Begin(PhaseTimes times)
    {
        PhaseTimes? before;
        lock (_gate)
            _unused.TryPop(out before);

        before ??= new PhaseTimes();
        before.Take(times);
        return new Moment(times, before, Stopwatch.GetTimestamp(), Gemm.GemmCalls, Gemm.GemvCalls);
    }

    /// <summary>Takes in a step or a run that has ended well.</summary>
    internal void End(in Moment begin)
    {
        lock (_gate)
        {
            _runs++;
            _elapsed += Stopwatch.GetTimestamp() - begin.Time;
            _times.Add(begin.Times, begin.Before);
            _gemmCalls += Gemm.GemmCalls - begin.GemmCalls;
            _gemvCalls += Gemm.GemvCalls - begin.GemvCalls;
            _unused.Push(begin.Before);
        }
    }

    /// <summary>Takes in the launches of another thread than the calling one.</summary>
    internal void AddWorker(PhaseTimes later, PhaseTimes earlier)
    {
        lock (_gate)
        {
            _times.PlansFound += later.PlansFound - earlier.PlansFound;
            _times.Launches += later.Launches - earlier.Launches;
            _times.CopiedBytes += later.CopiedBytes - earlier.CopiedBytes;
        }
    }

    /// <summary>Takes in a pass.</summary>
    internal void AddPass(int examples, long peakBytes)
    {
        lock (_gate)
            (_largestPass, _peakBytes) = (Math.Max(_largestPass, examples), Math.Max(_peakBytes, peakBytes));
    }

    private long Read(Func<long> value)
    {
        lock (_gate)
            return value();
    }

    private TimeSpan Time(Func<long> ticks) => Stopwatch.GetElapsedTime(0, Read(ticks));

    /// <summary>What was there when a step or a run began.</summary>
    internal readonly record struct Moment(PhaseTimes Times, PhaseTimes Before, long Time, long GemmCalls, long GemvCalls);
}
