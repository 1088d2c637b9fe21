namespace BlasNet.Datasets;

/// <summary>Reads plain text, one sentence a line, its words separated by white space. Plain or gzipped.</summary>
public static class PlainText
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content. Empty lines are skipped.</param>
    /// <returns>The words of one sentence after another, at least one each.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no words, or is not UTF-8.</exception>
    public static IEnumerable<string[]> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return Read(() => LineReader.Open(path));
    }

    internal static IEnumerable<string[]> Read(Func<LineReader> open)
    {
        using LineReader lines = open();
        var pool = new StringPool();
        List<string> words = [];
        bool isEmpty = true;

        while (lines.MoveNext())
        {
            words.Clear();

            foreach (ReadOnlySpan<char> word in new Tokens(lines.Characters))
                words.Add(pool.Get(word));

            if (words.Count == 0)
                continue;

            isEmpty = false;
            yield return [.. words];
        }

        if (isEmpty)
            throw lines.FileError("has no words; one sentence a line is expected");
    }
}
