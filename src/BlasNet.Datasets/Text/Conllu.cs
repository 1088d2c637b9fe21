namespace BlasNet.Datasets;

/// <summary>Reads CoNLL-U, the format of the Universal Dependencies treebanks. Plain or gzipped.</summary>
/// <remarks>A word is a line of ten columns separated by tabs: ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC. An empty line ends a
/// sentence; the last needs none. Comments, multiword tokens (<c>1-2</c>) and empty nodes (<c>1.1</c>) are checked and skipped.
/// Source: universaldependencies.org/format.html.</remarks>
public static class Conllu
{
    /// <summary>Reads sentence by sentence while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content.</param>
    /// <returns>One sentence after another, at least one word each.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no sentences, is not UTF-8, has a line of another
    /// number of columns or with an empty one, IDs that do not count 1, 2, 3…, a comment within a sentence, or a HEAD that is neither
    /// <c>_</c> nor 0 nor the ID of another word of the sentence.</exception>
    public static IEnumerable<ConlluWord[]> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return Read(() => LineReader.Open(path), requireTags: false);
    }

    /// <summary>Reads sentence by sentence while the result is enumerated.</summary>
    /// <param name="name">Stands for the data in errors.</param>
    /// <param name="data">UTF-8; read to its end.</param>
    /// <inheritdoc cref="Read(string)"/>
    public static IEnumerable<ConlluWord[]> Read(string name, Stream data)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(data);

        return Read(() => new LineReader(name, data), requireTags: false);
    }

    internal static IEnumerable<ConlluWord[]> Read(Func<LineReader> open, bool requireTags)
    {
        using LineReader lines = open();
        var parser = new ConlluParser(lines, requireTags);
        bool isEmpty = true;

        while (parser.Read() is { } sentence)
        {
            isEmpty = false;
            yield return sentence;
        }

        if (isEmpty)
            throw lines.FileError("has no sentences; CoNLL-U is expected");
    }

    /// <summary>Whether the first line that is neither empty nor a comment has a tab.</summary>
    /// <param name="name">Stands for the data in errors.</param>
    /// <param name="data">From the start; is not disposed.</param>
    internal static bool IsConllu(string name, Stream data)
    {
        var lines = new LineReader(name, data);

        while (lines.MoveNext())
        {
            ReadOnlySpan<byte> line = lines.Line;

            if (line.Trim(" \t\v\f"u8).IsEmpty)
                continue;

            if (line.Contains((byte)'\t'))
                return true;

            // A comment of CoNLL-U; but "#|SYM" is a word.
            int space = line.IndexOf((byte)' ');
            bool isComment = line is [(byte)'#', ..] && !(space < 0 ? line : line[..space]).Contains((byte)'|');

            if (!isComment)
                return false;
        }

        return false;
    }
}
