using System.Runtime.Intrinsics;

namespace BlasNet.Batching;

/// <summary>For graphs of few signatures: for each value, how many values of each signature lie on a path that leads to it, at most.</summary>
/// <remarks>
/// The number for a value's own signature is its level. The values of one signature and level need at least one launch after those of the level below.
/// If all of them are ready, launching them now costs nothing; if not, the others will need a launch of their own.
/// One vector of sixteen 16-bit numbers for each value.
/// Source: Chen, Xie, Zhou, "ED-Batch", ICML 2023, arXiv:2302.03851, section 3.
/// </remarks>
internal sealed class LaunchBound
{
    /// <summary>The numbers of a vector.</summary>
    public const int MaxSignatures = 16;

    private static readonly Vector256<ushort>[] Unit =
        [.. Enumerable.Range(0, MaxSignatures).Select(signature => Vector256<ushort>.Zero.WithElement(signature, (ushort)1))];

    private Vector256<ushort>[] _levels = [];   // by value; they saturate

    // By signature: for each level, the values that are not ready yet; the number of levels; the lowest level with values that have not run; the ready
    // values of that level.
    private readonly int[][] _waiting = [.. Enumerable.Range(0, MaxSignatures).Select(_ => new int[16])];
    private readonly int[] _depth = new int[MaxSignatures], _current = new int[MaxSignatures], _readyHere = new int[MaxSignatures];

    /// <summary>Starts over.</summary>
    /// <param name="values">Number of values to come.</param>
    public void Begin(int values)
    {
        if (_levels.Length < values)
            _levels = new Vector256<ushort>[Math.Max(values, 2 * _levels.Length)];

        for (int signature = 0; signature < MaxSignatures; signature++)
        {
            Array.Clear(_waiting[signature], 0, _depth[signature]);
            (_current[signature], _readyHere[signature], _depth[signature]) = (0, 0, 0);
        }
    }

    /// <summary>What is on the paths to a value that reads another one, beside what it reads already.</summary>
    public Vector256<ushort> After(Vector256<ushort> levels, int source) => Vector256.Max(levels, _levels[source]);

    /// <summary>Adds a value, given what is on the paths to it.</summary>
    /// <returns>Its level, from 0.</returns>
    public int Add(int value, int signature, Vector256<ushort> before)
    {
        _levels[value] = Vector256.AddSaturate(before, Unit[signature]);
        int level = Math.Min((int)before.GetElement(signature), ushort.MaxValue - 1);
        if (level >= _depth[signature])
            AddLevel(signature, level);

        _waiting[signature][level]++;
        return level;
    }

    private void AddLevel(int signature, int level)
    {
        _depth[signature] = level + 1;
        if (level >= _waiting[signature].Length)
            Array.Resize(ref _waiting[signature], 2 * level);
    }

    /// <summary>The most values of a signature on one path.</summary>
    public int LevelsOf(int signature) => _depth[signature];

    /// <summary>Notes that a value is ready to run.</summary>
    public void MakeReady(int signature, int level)
    {
        _waiting[signature][level]--;
        if (level == _current[signature])
            _readyHere[signature]++;
    }

    /// <summary>Of a signature's values that do not wait for others of the signature, the share that is ready.</summary>
    public double ShareReady(int signature)
    {
        int waiting = _current[signature] < _depth[signature] ? _waiting[signature][_current[signature]] : 0;
        return waiting == 0 ? 1 : (double)_readyHere[signature] / (_readyHere[signature] + waiting);
    }

    /// <summary>Notes that all ready values of a signature have run.</summary>
    public void Advance(int signature)
    {
        int[] waiting = _waiting[signature];
        _readyHere[signature] = 0;
        while (_current[signature] < _depth[signature] && waiting[_current[signature]] == 0)
            _current[signature]++;
    }
}
