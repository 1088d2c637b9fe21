using System.Numerics;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>How much of a parameter's gradient is touched.</summary>
internal enum TouchedExtent : byte
{
    None,
    Some,
    All,
}

/// <summary>Which columns of a parameter's gradient may differ from zero: none, some, or all.</summary>
/// <remarks>One bit for each column, so that the ranges come in ascending order without sorting.</remarks>
internal sealed class TouchedColumns(int columns)
{
    private ulong[] _words = [];   // made when the first single column is touched: most parameters never need it
    private bool _any;

    public bool IsAll { get; private set; }

    public bool IsEmpty => !IsAll && !_any;

    public TouchedExtent Extent => IsAll ? TouchedExtent.All : _any ? TouchedExtent.Some : TouchedExtent.None;

    /// <summary>How many words <see cref="Words"/> has where single columns are touched.</summary>
    public int WordCount => (columns + 63) / 64;

    /// <summary>The single columns touched, a bit for each; empty where there never were any.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    public void AddAll() => IsAll = true;

    /// <summary>Adds single columns, as <see cref="Words"/> has them.</summary>
    public void AddWords(ReadOnlySpan<ulong> words)
    {
        if (_words.Length == 0)
            _words = new ulong[WordCount];

        _any = true;
        for (int i = 0; i < words.Length; i++)
            _words[i] |= words[i];
    }

    /// <summary>Adds columns by number. Ignores numbers out of range; the operator reports them.</summary>
    public void Add<T>(ReadOnlySpan<T> indices) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_words.Length == 0)
            _words = new ulong[WordCount];

        _any = true;
        foreach (T index in indices)
        {
            if (index >= T.Zero && index < T.CreateTruncating(columns))
                Add(int.CreateTruncating(index));
        }
    }

    public void Add(TouchedColumns other)
    {
        IsAll |= other.IsAll;
        if (other._any)
            AddWords(other._words);
    }

    /// <summary>Appends the touched columns as ranges of a flat buffer in which the first column begins at <paramref name="offset"/>.</summary>
    public void AppendTo(List<Segment> segments, int offset, int rows)
    {
        if (IsAll)
        {
            Segment.Append(segments, new Segment(offset, rows * columns));
            return;
        }

        if (!_any)
            return;

        for (int i = 0; i < _words.Length; i++)
        {
            for (ulong word = _words[i]; word != 0; word &= word - 1)
                Segment.Append(segments, new Segment(offset + (64 * i + BitOperations.TrailingZeroCount(word)) * rows, rows));
        }
    }

    public void Clear()
    {
        if (_any)
            Array.Clear(_words);

        IsAll = _any = false;
    }

    private void Add(int column) => _words[column >> 6] |= 1UL << column;
}
