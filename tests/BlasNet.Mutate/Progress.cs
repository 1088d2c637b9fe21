using System.Diagnostics;

namespace BlasNet.Mutate;

/// <summary>A line every half minute: how much is done, and how long the rest will take.</summary>
/// <param name="what">Of the things counted.</param>
/// <param name="count">How many there are.</param>
internal sealed class Progress(string what, int count)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Stopwatch _time = Stopwatch.StartNew();
    private TimeSpan _next = Interval;
    private int _done;

    /// <summary>One more is done; by any thread.</summary>
    public void Advance()
    {
        lock (_time)
        {
            _done++;
            if (_time.Elapsed < _next)
                return;

            _next = _time.Elapsed + Interval;
            Console.WriteLine($"{_done} of {count} {what}, about {_time.Elapsed.TotalMinutes / _done * (count - _done):0.0} min left.");
        }
    }
}
