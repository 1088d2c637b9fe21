namespace BlasNet.Datasets;

/// <summary>Gives equal words of a file one string, so that a corpus in memory costs a reference a word.</summary>
internal sealed class StringPool
{
    /// <summary>From here on words are no longer remembered: a file of ever new words must not fill the memory.</summary>
    private const int MaximumCount = 1 << 20;

    private readonly HashSet<string> _strings = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public StringPool() => _lookup = _strings.GetAlternateLookup<ReadOnlySpan<char>>();

    public string Get(ReadOnlySpan<char> text)
    {
        if (_lookup.TryGetValue(text, out string? known))
            return known;

        string added = text.ToString();

        if (_strings.Count < MaximumCount)
            _strings.Add(added);

        return added;
    }
}
