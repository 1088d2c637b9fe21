using System.Globalization;

namespace BlasNet.Datasets;

/// <summary>Reads texts in columns that tabs separate, on each line as many; plain or gzipped. Nothing is quoted: a text has no tab and no end of a
/// line.</summary>
public static class TabLines
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content. Empty lines are skipped.</param>
    /// <param name="minimum">Columns that a line has at least.</param>
    /// <param name="maximum">Columns that a line has at most.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no lines, is not UTF-8, or a line has too few columns or too many,
    /// or others than the first one.</exception>
    public static IEnumerable<TabLine> Read(string path, int minimum, int maximum)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(() => LineReader.Open(path), minimum, maximum);
    }

    private static IEnumerable<TabLine> Read(Func<LineReader> open, int minimum, int maximum)
    {
        using LineReader lines = open();
        int expected = 0;
        string rule = minimum == maximum
            ? string.Create(CultureInfo.InvariantCulture, $"{minimum}") : string.Create(CultureInfo.InvariantCulture, $"{minimum} to {maximum}");
        while (lines.MoveNext())
        {
            if (lines.Line.IsEmpty)
                continue;

            string[] columns = lines.Text.Split('\t');
            if (columns.Length < minimum || columns.Length > maximum)
                throw lines.Error($"{rule} columns, separated by tabs, are expected; there are {columns.Length}");

            if (expected > 0 && columns.Length != expected)
                throw lines.Error($"has {columns.Length} columns, and the lines before it {expected}");

            expected = columns.Length;
            yield return new TabLine(lines.Number, columns);
        }

        if (expected == 0)
            throw lines.FileError($"has no lines; lines of {rule} columns, separated by tabs, are expected");
    }
}
