using System.Diagnostics;
using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Time and launches by operator. The time of a scan is what it takes besides the kernels that it runs.</summary>
internal sealed class Profile : IKernelTimes
{
    private readonly Dictionary<Operator, (long Ticks, int Launches)> _byOperator = [];
    private long _ticks;   // of all operators together

    public void Run<T>(Operator op, in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long before = _ticks, start = Stopwatch.GetTimestamp();
        op.Run(stack);
        long own = Stopwatch.GetTimestamp() - start - (_ticks - before);
        _ticks += own;
        (long known, int launches) = _byOperator.GetValueOrDefault(op);
        _byOperator[op] = (known + own, launches + 1);
    }

    /// <summary>Operators by time spent, the longest first.</summary>
    public IEnumerable<(string Operator, TimeSpan Time, int Launches)> Entries => _byOperator
        .OrderByDescending(entry => entry.Value.Ticks)
        .Select(entry => (entry.Key.Name, Stopwatch.GetElapsedTime(0, entry.Value.Ticks), entry.Value.Launches));
}
