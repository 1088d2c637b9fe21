namespace BlasNet.Datasets;

/// <summary>Reads texts, one a line, as they are; plain or gzipped. Empty lines are texts, too, so that a line's number is its text's.</summary>
public static class TextLines
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, or is not UTF-8.</exception>
    public static IEnumerable<string> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(() => LineReader.Open(path));
    }

    /// <summary>Reads a stream, which it closes, in the same way.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="data">Read from where it stands.</param>
    /// <inheritdoc cref="Read(string)" path="/exception[2]"/>
    public static IEnumerable<string> Read(string name, Stream data)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(data);
        return Read(() => new LineReader(name, DataFile.Unzip(name, data)));
    }

    private static IEnumerable<string> Read(Func<LineReader> open)
    {
        using LineReader lines = open();
        while (lines.MoveNext())
            yield return lines.Text;
    }
}
