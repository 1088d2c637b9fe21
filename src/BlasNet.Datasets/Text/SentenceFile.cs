namespace BlasNet.Datasets;

/// <summary>Reads whatever file of sentences a user has: CoNLL-U, or plain text with one sentence a line; plain or gzipped, told apart by content.</summary>
public static class SentenceFile
{
    /// <summary>Reads line by line while the result is enumerated, so the file may be larger than memory.</summary>
    /// <param name="path">The file. CoNLL-U is what has a tab in its first line that is neither empty nor a comment.</param>
    /// <returns>The words of one sentence after another, at least one each.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="DataFormatException">While enumerating: the file cannot be read or breaks its format (see <see cref="Conllu"/>,
    /// <see cref="PlainText"/>).</exception>
    public static IEnumerable<string[]> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);

        return Choose(path);

        static IEnumerable<string[]> Choose(string path)
        {
            using var data = new RewindableStream(DataFile.Open(path));
            bool isConllu = Conllu.IsConllu(path, data);
            data.Rewind();
            LineReader Open() => new(path, data);

            IEnumerable<string[]> sentences = isConllu
                ? Conllu.Read(Open, requireTags: false).Select(sentence => Array.ConvertAll(sentence, word => word.Form))
                : PlainText.Read(Open);

            foreach (string[] sentence in sentences)
                yield return sentence;
        }
    }
}
