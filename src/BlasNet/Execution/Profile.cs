using System.Diagnostics;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>Time and launches by operator.</summary>
internal sealed class Profile
{
    private readonly Dictionary<Operator, (long Ticks, int Launches)> _byOperator = [];

    public void Add(Operator op, long ticks)
    {
        (long before, int launches) = _byOperator.GetValueOrDefault(op);
        _byOperator[op] = (before + ticks, launches + 1);
    }

    /// <summary>Operators by time spent, the longest first.</summary>
    public IEnumerable<(string Operator, TimeSpan Time, int Launches)> Entries => _byOperator
        .OrderByDescending(entry => entry.Value.Ticks)
        .Select(entry => (entry.Key.Name, Stopwatch.GetElapsedTime(0, entry.Value.Ticks), entry.Value.Launches));
}
