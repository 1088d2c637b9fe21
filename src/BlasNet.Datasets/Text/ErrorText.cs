namespace BlasNet.Datasets;

/// <summary>What was found, as an error message shows it.</summary>
internal static class ErrorText
{
    private const int MaximumLength = 20;

    /// <summary>In quotation marks, short, and without control characters.</summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        string start = new(text[..Math.Min(text.Length, MaximumLength)]);

        return $"'{string.Concat(start.Select(c => char.IsControl(c) ? '?' : c))}{(text.Length > MaximumLength ? "…" : "")}'";
    }
}
