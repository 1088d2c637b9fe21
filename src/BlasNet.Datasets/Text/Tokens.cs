using System.Buffers;

namespace BlasNet.Datasets;

/// <summary>Enumerates what white space separates in a line.</summary>
/// <remarks>White space is ASCII's: the no-break space of "3 1/2" is a character of a word in the treebanks that have it.</remarks>
internal ref struct Tokens(ReadOnlySpan<char> line)
{
    private static readonly SearchValues<char> WhiteSpace = SearchValues.Create(" \t\r\v\f");

    private ReadOnlySpan<char> _rest = line;

    public ReadOnlySpan<char> Current { get; private set; }

    /// <summary>Where the token begins, from 1.</summary>
    public int Column { get; private set; }

    public readonly Tokens GetEnumerator() => this;

    public bool MoveNext()
    {
        int start = _rest.IndexOfAnyExcept(WhiteSpace);

        if (start < 0)
            return false;

        int behind = Column == 0 ? 1 : Column + Current.Length;
        Column = behind + start;
        Current = _rest[start..];
        int length = Current.IndexOfAny(WhiteSpace);

        if (length >= 0)
            Current = Current[..length];

        _rest = _rest[(start + Current.Length)..];
        return true;
    }
}
