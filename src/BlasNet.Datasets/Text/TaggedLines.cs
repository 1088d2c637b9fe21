namespace BlasNet.Datasets;

/// <summary>Reads tagged text, one sentence a line, as <c>The|DT cat|NN sat|VBD</c>. Plain or gzipped.</summary>
/// <remarks>The last separator of a token is the one that counts: <c>||SYM</c> is the word <c>|</c>.</remarks>
public static class TaggedLines
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file, UTF-8; gzip is recognised by its content. Empty lines are skipped.</param>
    /// <param name="separator">Between word and tag.</param>
    /// <returns>One sentence after another, at least one word each.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, or <paramref name="separator"/> is white space.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read, has no words, is not UTF-8, or has a token without a
    /// separator, a word or a tag.</exception>
    public static IEnumerable<TaggedWord[]> Read(string path, char separator = '|')
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return char.IsWhiteSpace(separator)
            ? throw new ArgumentException("White space separates words; their tags need another separator.", nameof(separator))
            : Read(() => LineReader.Open(path), separator);
    }

    internal static IEnumerable<TaggedWord[]> Read(Func<LineReader> open, char separator = '|')
    {
        using LineReader lines = open();
        var pool = new StringPool();
        List<TaggedWord> sentence = [];
        bool isEmpty = true;

        while (lines.MoveNext())
        {
            ParseLine(lines, separator, pool, sentence);

            if (sentence.Count == 0)
                continue;

            isEmpty = false;
            yield return [.. sentence];
        }

        if (isEmpty)
            throw lines.FileError($"has no words; lines of word{separator}TAG are expected");
    }

    private static void ParseLine(LineReader lines, char separator, StringPool pool, List<TaggedWord> sentence)
    {
        sentence.Clear();
        var tokens = new Tokens(lines.Characters);

        while (tokens.MoveNext())
        {
            ReadOnlySpan<char> token = tokens.Current;
            int at = token.LastIndexOf(separator);

            if (at <= 0 || at == token.Length - 1)
            {
                throw lines.Error($"{(at < 0 ? $"'{separator}'" : at == 0 ? "word" : "tag")} missing in {ErrorText.Quote(token)} " +
                    $"at column {tokens.Column}; word{separator}TAG is expected");
            }

            sentence.Add(new TaggedWord(pool.Get(token[..at]), pool.Get(token[(at + 1)..])));
        }
    }
}
