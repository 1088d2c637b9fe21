using System.Diagnostics;
using System.Globalization;
using System.Text;
using BlasNet.Graphs;

namespace BlasNet;

/// <content>The time of kernels, and all of it as text.</content>
public sealed partial class Profile : IKernelTimes
{
    /// <summary>On each thread, the time of the kernels that the one under way has run itself.</summary>
    [ThreadStatic]
    private static long _inner;

    private readonly Dictionary<string, (long Ticks, long Launches)> _kernels = [];

    /// <summary>Kernels by operator, the one that took most time first; empty where launches are not timed.</summary>
    public IReadOnlyList<KernelTime> Kernels
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    .. _kernels
                        .OrderByDescending(kernel => kernel.Value.Ticks)
                        .Select(kernel => new KernelTime(
                            kernel.Key, Stopwatch.GetElapsedTime(0, kernel.Value.Ticks), kernel.Value.Launches)),
                ];
            }
        }
    }

    void IKernelTimes.Run<T>(Operator op, in Operands<T> stack)
    {
        long outer = _inner, start = Stopwatch.GetTimestamp();
        _inner = 0;
        op.Run(stack);
        long all = Stopwatch.GetTimestamp() - start, own = all - _inner;
        _inner = outer + all;
        lock (_gate)
        {
            (long ticks, long launches) = _kernels.GetValueOrDefault(op.Name);
            _kernels[op.Name] = (ticks + own, launches + 1);
        }
    }

    /// <summary>A table: the phases with their share of the time, counts for each run, and the kernels.</summary>
    public override string ToString()
    {
        long runs = Math.Max(1, Runs);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Runs} runs of {Milliseconds(Elapsed)} ms: ");
        text.Append(CultureInfo.InvariantCulture, $"{Launches / (double)runs:0.#} launches, {GemmCalls / (double)runs:0.#} GEMM and ");
        text.Append(CultureInfo.InvariantCulture, $"{GemvCalls / (double)runs:0.#} GEMV calls, {CopiedBytes / runs} bytes copied, ");
        text.Append(CultureInfo.InvariantCulture, $"{PlansFound} plans found");
        (string Name, TimeSpan Time)[] phases =
        [
            ("build", Build), ("batch", Batch), ("differentiate", Differentiate), ("plan", Plan), ("execute", Execute), ("update", Update),
            ("communicate", Communicate),
        ];
        foreach ((string name, TimeSpan time) in phases)
            AppendLine(name, time, Elapsed, "");

        IReadOnlyList<KernelTime> kernels = Kernels;
        TimeSpan ofAll = TimeSpan.FromTicks(kernels.Sum(kernel => kernel.Time.Ticks));
        text.Append(kernels.Count > 0 ? "\nkernels" : "");
        foreach (KernelTime kernel in kernels)
        {
            string launches = (kernel.Launches / (double)runs).ToString("0.#", CultureInfo.InvariantCulture);
            AppendLine(kernel.Operator, kernel.Time, ofAll, $"  {launches} launches");
        }

        return text.ToString();

        string Milliseconds(TimeSpan time) => (time.TotalMilliseconds / runs).ToString("0.###", CultureInfo.InvariantCulture);

        void AppendLine(string name, TimeSpan time, TimeSpan all, string rest)
        {
            double share = all > TimeSpan.Zero ? time / all : 0;
            text.Append(CultureInfo.InvariantCulture, $"\n{Milliseconds(time),10} ms {100 * share,5:0.0} %  {name}{rest}");
        }
    }
}
